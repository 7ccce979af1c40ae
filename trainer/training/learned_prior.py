"""The class shares that a network learns to expect from its training samples and its objective."""

import torch
from torch import Tensor

from trainer.config.objective_config import ObjectiveConfig
from trainer.losses.cross_entropy import WEIGHT_POWERS, class_weights
from trainer.losses.loss_registry import find_loss
from trainer.prior import training_shares


def learned_prior(
    config: ObjectiveConfig, targets: Tensor, classes: tuple[str, ...]
) -> dict[str, float]:
    """Class → p_train of the model card, for targets (N, K) of all training samples.

    The mean target: votes count by their share of it, and mixup does not change it. With class
    weights w the cross-entropy is minimal at p ∝ w · share, so those shares are weighted. A loss
    that `balances_prior` divides them by share^`balance`: without weights they are all the same, or
    nearer to that where `balance` is less than 1. A class without samples has no share. Empty where
    targets are not finite: the first step will say so.
    """
    if not bool(targets.isfinite().all()):
        return {}
    shares = targets.double().mean(dim=0)
    weights = class_weights(targets.double(), WEIGHT_POWERS[config.class_weights])
    for name, loss in config.losses.items():
        if find_loss(name).balances_prior:
            weights = weights * torch.where(shares > 0, shares, 1) ** -loss.balance
    return training_shares(classes, shares.tolist(), weights.tolist())
