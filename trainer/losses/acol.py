"""The second cross-entropy of ACoL (Zhang et al., CVPR 2018)."""

from torch import Tensor

from trainer.errors import UsageError
from trainer.losses.cross_entropy import soft_cross_entropy
from trainer.losses.loss_registry import Step, register_term
from trainer.models.networks.class_maps import AdversarialComplementary


@register_term("acol")
def complementary_loss(step: Step) -> Tensor:
    """Cross-entropy of the second head, from whose features the first's region is erased.

    Raises UsageError for another network.
    """
    if not isinstance(step.model, AdversarialComplementary):
        raise UsageError("objective.terms.acol: only the network acol has two heads")
    labels = step.targets.argmax(dim=1)
    maps = step.model.complementary_maps(step.features, labels)
    return soft_cross_entropy(maps.mean(dim=(2, 3)), step.targets)
