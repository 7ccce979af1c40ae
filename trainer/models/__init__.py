"""Networks by name, and model files."""

from trainer.models.networks import (
    class_maps,
    compact,
    dacl,
    face_resnet,
    resnet,
    tokens,
    transfer,
    vgg,
)
from trainer.models.registry import FerModel, create, names, register

__all__ = [
    "FerModel",
    "class_maps",
    "compact",
    "create",
    "dacl",
    "face_resnet",
    "names",
    "register",
    "resnet",
    "tokens",
    "transfer",
    "vgg",
]
