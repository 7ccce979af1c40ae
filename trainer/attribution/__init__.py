"""Which part of a face a model's score rests on."""

from trainer.attribution.agreement import landmark_correlation
from trainer.attribution.au_cosine import AuCosines
from trainer.attribution.core import (
    METHODS,
    attribute,
    attribution_map,
    explain,
    explain_all,
    layer_attribution,
    methods_of,
    target_classes,
)

__all__ = [
    "METHODS",
    "AuCosines",
    "attribute",
    "attribution_map",
    "explain",
    "explain_all",
    "landmark_correlation",
    "layer_attribution",
    "methods_of",
    "target_classes",
]
