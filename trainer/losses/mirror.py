"""The term `mirror`: a face and its mirror image shall get the same answer."""

import torch.nn.functional as F
from torch import Tensor

from trainer.losses.loss_registry import Step, register_term


@register_term("mirror")
def mirror(step: Step) -> Tensor:
    """½ [KL(p ‖ q) + KL(q ‖ p)] of the answers p to the inputs and q to their mirror images.

    The consistency loss of R-Drop (Liang et al., NeurIPS 2021, eq. 2), with the mirror in place of
    a second draw of dropout. A second pass through the network: a step takes twice as long.
    """
    p = F.log_softmax(step.logits.float(), dim=1)
    q = F.log_softmax(step.run(step.inputs.flip(-1)).float(), dim=1)
    return (0.5 * (p.exp() - q.exp()) * (p - q)).sum(dim=1).mean()
