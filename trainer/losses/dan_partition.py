"""Partition loss of DAN (Wen et al., Biomimetics 2023): attention heads that differ."""

import torch
from torch import Tensor

from trainer.config.loss_settings import PartitionConfig
from trainer.errors import UsageError
from trainer.losses.loss_registry import Loss, LossContext, Step, full_precision, register_loss
from trainer.models.networks.dan import Dan

EPSILON = 1e-6  # beside the variance, which may be 0


def partition_loss(heads: Tensor) -> Tensor:
    """log(1 + n / σ²) of n heads' features (B, n, C) after fusion; 0 for a single head.

    σ² is the variance over the heads, with 1/(n − 1), averaged over samples and channels before
    the logarithm, as in the authors' code.
    """
    count = heads.shape[1]
    if count < 2:
        return heads.sum() * 0
    return torch.log1p(count / (heads.var(dim=1).mean() + EPSILON))


@register_loss("partition")
class PartitionLoss(Loss):
    """Partition loss of DAN's heads. Raises UsageError for a network without them."""

    Config = PartitionConfig

    def __init__(self, config: PartitionConfig, context: LossContext) -> None:
        super().__init__(config, context)
        if not isinstance(context.model, Dan) or not context.model.heads:
            raise UsageError(
                "objective.partition: this network has no attention heads to keep apart",
                "Set objective.partition.weight=0, or model.name=dan with heads.",
            )
        self.layers = ("fusion",)

    def __call__(self, step: Step) -> Tensor:
        heads = step.outputs["fusion"]
        with full_precision(heads):
            return partition_loss(heads.float())
