"""Consistency of a face with its mirror image: of the predictions, and of the class maps (EAC)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.config.loss_settings import EacConfig, MirrorConfig
from trainer.errors import UsageError
from trainer.losses.loss_registry import Loss, LossContext, Step, full_precision, register_loss


@register_loss("mirror")
class MirrorConsistency(Loss):
    """½ [KL(p ‖ q) + KL(q ‖ p)] of the predictions p for the inputs and q for their mirror images.

    The consistency loss of R-Drop (Liang et al., NeurIPS 2021, eq. 2), with the mirror image in
    place of a second draw of dropout. A second forward pass: a step takes twice as long.
    """

    Config = MirrorConfig

    def __call__(self, step: Step) -> Tensor:
        p = F.log_softmax(step.logits.float(), dim=1)
        q = F.log_softmax(step.run(step.inputs.flip(-1)).logits.float(), dim=1)
        return (0.5 * (p.exp() - q.exp()) * (p - q)).sum(dim=1).mean()


def class_activation_maps(features: Tensor, weight: Tensor) -> Tensor:
    """M_k = Σ_c w_kc F_c (B, K, h, w) of features (B, C, h, w) and a linear layer's weight (K, C).

    The maps of all classes (Zhou et al., CVPR 2016), without the layer's bias.
    """
    return torch.einsum("bchw,kc->bkhw", features, weight)


@register_loss("eac")
class AttentionConsistency(Loss):
    """Mean squared difference between the class maps of the inputs and those of their mirror
    images, flipped back, over all classes (Zhang et al., ECCV 2022).

    The cross-entropy is that of the first view alone: a face with a wrong label is remembered by
    a part of the features, which the erased and flipped view need not have. The classifier's
    weights are constants here, as in the authors' code. There the second view of noisy data is
    erased anew; here, as for their clean data, it is the mirror image of the erased first one. A
    second forward pass: a step takes twice as long.

    Raises UsageError for a network without class maps, or one that is symmetric, whose maps agree
    anyway.
    """

    Config = EacConfig

    def __init__(self, config: EacConfig, context: LossContext) -> None:
        super().__init__(config, context)
        head = context.model.linear_head
        if head is None:
            raise UsageError(
                "objective.eac: this network has no class maps, because its classes are not a "
                "linear layer over the mean of its last features",
                "compact, resnet18 and resnet50 have them.",
            )
        if context.model.symmetric:
            raise UsageError(
                "objective.eac: a symmetric network draws mirrored maps for mirror images anyway",
                "Set model.options.symmetric=false.",
            )
        self._head = head

    def __call__(self, step: Step) -> Tensor:
        (layer,) = self.layers
        mirrored = step.run(step.inputs.flip(-1)).layers[layer]
        with full_precision(step.inputs):
            weight = self._head.weight.detach()
            maps = class_activation_maps(step.outputs[layer].float(), weight)
            flipped_back = class_activation_maps(mirrored.float(), weight).flip(-1)
            return F.mse_loss(maps, flipped_back)
