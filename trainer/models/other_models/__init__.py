"""Other people's models: ONNX files with a card beside them, and registered torch modules."""

from trainer.models.other_models.onnx_model import load_onnx
from trainer.models.other_models.registered import load_registered, register

__all__ = ["load_onnx", "load_registered", "register"]
