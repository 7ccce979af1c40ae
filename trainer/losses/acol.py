"""The second cross-entropy of ACoL (Zhang et al., CVPR 2018)."""

from torch import Tensor

from trainer.config.loss_settings import AcolConfig
from trainer.errors import UsageError
from trainer.losses.cross_entropy import soft_cross_entropy
from trainer.losses.loss_registry import Loss, LossContext, Step, register_loss
from trainer.models.networks.class_maps import AdversarialComplementary


@register_loss("acol")
class ComplementaryLoss(Loss):
    """Cross-entropy of the second head, whose features lack the region that the first head uses.

    Raises UsageError for a network without a second head.
    """

    Config = AcolConfig

    def __init__(self, config: AcolConfig, context: LossContext) -> None:
        super().__init__(config, context)
        if not isinstance(context.model, AdversarialComplementary):
            raise UsageError("objective.acol: only the network acol has two heads")
        self._model = context.model

    def __call__(self, step: Step) -> Tensor:
        maps = self._model.complementary_maps(step.features, step.labels)
        return soft_cross_entropy(maps.mean(dim=(2, 3)), step.targets)
