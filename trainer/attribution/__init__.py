"""Which part of a face a model's score rests on."""

from trainer.attribution.core import METHODS, attribute, explain, layer_attribution

__all__ = ["METHODS", "attribute", "explain", "layer_attribution"]
