"""Networks by name, and model files."""

from trainer.models import compact, dacl, resnet, transfer, vgg
from trainer.models.registry import FerModel, create, names

__all__ = ["FerModel", "compact", "create", "dacl", "names", "resnet", "transfer", "vgg"]
