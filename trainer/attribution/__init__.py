"""Which part of a face a model's score rests on."""

from trainer.attribution.agreement import landmark_correlation
from trainer.attribution.au_cosine import AuCosines
from trainer.attribution.core import (
    AttributionResult,
    attribute,
    attribute_with_logits,
    available_methods,
    class_activation_maps,
    layer_attribution,
    target_classes,
    unavailable_methods,
)
from trainer.attribution_methods import METHODS

__all__ = [
    "METHODS",
    "AttributionResult",
    "AuCosines",
    "attribute",
    "attribute_with_logits",
    "available_methods",
    "class_activation_maps",
    "landmark_correlation",
    "layer_attribution",
    "target_classes",
    "unavailable_methods",
]
