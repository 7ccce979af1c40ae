"""Loss terms, and the objective that composes them."""

from trainer.losses.center import SparseCenterLoss
from trainer.losses.cross_entropy import soft_cross_entropy
from trainer.losses.loss_registry import Step, register_term
from trainer.losses.pal import privileged_attribution_loss

__all__ = [
    "SparseCenterLoss",
    "Step",
    "privileged_attribution_loss",
    "register_term",
    "soft_cross_entropy",
]
