"""Loss terms, and the objective that composes them."""

from trainer.objectives.center import SparseCenterLoss
from trainer.objectives.cross_entropy import soft_cross_entropy
from trainer.objectives.pal import privileged_attribution_loss
from trainer.objectives.terms import Step, register_term

__all__ = [
    "SparseCenterLoss",
    "Step",
    "privileged_attribution_loss",
    "register_term",
    "soft_cross_entropy",
]
