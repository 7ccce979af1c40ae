"""Mirror consistency: the same prediction for a face and its mirror image."""

import torch.nn.functional as F
from torch import Tensor

from trainer.config.loss_settings import MirrorConfig
from trainer.losses.loss_registry import Loss, Step, register_loss


@register_loss("mirror")
class MirrorConsistency(Loss):
    """½ [KL(p ‖ q) + KL(q ‖ p)] of the predictions p for the inputs and q for their mirror images.

    The consistency loss of R-Drop (Liang et al., NeurIPS 2021, eq. 2), with the mirror image in
    place of a second draw of dropout. A second forward pass: a step takes twice as long.
    """

    Config = MirrorConfig

    def __call__(self, step: Step) -> Tensor:
        p = F.log_softmax(step.logits.float(), dim=1)
        q = F.log_softmax(step.run(step.inputs.flip(-1)).float(), dim=1)
        return (0.5 * (p.exp() - q.exp()) * (p - q)).sum(dim=1).mean()
