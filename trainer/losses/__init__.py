"""The losses, one file each: every file here is imported, and registers its loss."""

from importlib import import_module
from pkgutil import iter_modules

from trainer.config.loss_settings import LossConfig
from trainer.losses.center import SparseCenterLoss
from trainer.losses.cross_entropy import soft_cross_entropy
from trainer.losses.loss_registry import (
    Loss,
    LossContext,
    NetworkOutputs,
    Step,
    register_loss,
)
from trainer.losses.pal import privileged_attribution_loss

__all__ = [
    "Loss",
    "LossConfig",
    "LossContext",
    "NetworkOutputs",
    "SparseCenterLoss",
    "Step",
    "privileged_attribution_loss",
    "register_loss",
    "soft_cross_entropy",
]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
