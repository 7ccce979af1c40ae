"""Logit adjustment (Menon et al., ICLR 2021), with τ = 1 the balanced softmax (Ren et al., NeurIPS
2020): for training data with many samples of some classes and few of others.
"""

import torch
from torch import Tensor

from trainer.config.loss_settings import LogitAdjustedConfig
from trainer.losses.loss_registry import Loss, LossContext, Step, register_loss


def log_shares(targets: Tensor) -> Tensor:
    """(K,) log of the class shares of targets (N, K); 0 for a class that never occurs.

    That class is then treated as in a plain cross-entropy: −∞ would leave its logit untrained.
    """
    shares = targets.sum(dim=0) / targets.sum()
    return torch.where(shares > 0, shares, 1).log()


@register_loss("logit_adjusted")
class LogitAdjusted(Loss):
    """Cross-entropy of the logits + τ log π, with the class shares π of the training targets.

    The network's own logits then lack τ log π, and predict as if all classes were equally frequent
    (exactly so with τ = 1). Balanced softmax multiplies exp(logits) by the counts n of the classes,
    which is the same with τ = 1: log n and log π differ by a constant, and softmax ignores it.
    """

    Config = LogitAdjustedConfig
    config: LogitAdjustedConfig
    balances_prior = True

    def __init__(self, config: LogitAdjustedConfig, context: LossContext) -> None:
        super().__init__(config, context)
        self._adjustment = config.tau * log_shares(context.targets)

    def __call__(self, step: Step) -> Tensor:
        self._adjustment = self._adjustment.to(step.logits.device)
        return step.cross_entropy(step.logits.float() + self._adjustment, step.targets)
