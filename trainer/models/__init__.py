"""Networks by name, and model files."""

from trainer.models import networks
from trainer.models.registry import FerModel, create, names, register_network

__all__ = ["FerModel", "create", "names", "networks", "register_network"]
