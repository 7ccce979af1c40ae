"""The class shares that a network learns to expect from its training samples and its objective."""

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
    weights w the cross-entropy is minimal at p ∝ w · share, so those shares are weighted. After a
    loss that `balances_prior` all classes have the same.
    """
    if any(find_loss(name).balances_prior for name in config.losses):
        return training_shares(classes, [1.0] * len(classes))
    weights = class_weights(targets.double(), WEIGHT_POWERS[config.class_weights])
    return training_shares(classes, targets.double().sum(dim=0).tolist(), weights.tolist())
