"""Loss terms, and the objective that composes them."""

from trainer.objectives.center import SparseCenterLoss
from trainer.objectives.cross_entropy import soft_cross_entropy
from trainer.objectives.pal import privileged_attribution_loss

__all__ = ["SparseCenterLoss", "privileged_attribution_loss", "soft_cross_entropy"]
