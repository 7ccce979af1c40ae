"""Networks by name, and model files."""

from trainer.models import compact, dacl, resnet, transfer, vgg
from trainer.models.registry import FerModel, create, names, register

__all__ = [
    "FerModel",
    "compact",
    "create",
    "dacl",
    "names",
    "register",
    "resnet",
    "transfer",
    "vgg",
]
