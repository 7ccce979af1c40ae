"""Networks by name, and model files."""

from trainer.models import compact
from trainer.models.registry import FerModel, create, names

__all__ = ["FerModel", "compact", "create", "names"]
