"""Affinity loss of DAN (Wen et al., Biomimetics 2023): compact classes, centers that spread."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from trainer.config.loss_settings import AffinityConfig
from trainer.losses.loss_registry import Loss, LossContext, Step, full_precision, register_loss
from trainer.models.networks.dan import Dan


class AffinityCenters(nn.Module):
    """L = 1/B Σ_i |x_i − c_{y_i}|² / Σ_j var_k(c_kj), the variance over the K centers with 1/(K−1).

    The variance in the denominator drives the centers apart, as the distance pulls features to
    them. Gradients reach features and `centers` (K, d), which start from a standard normal
    distribution.
    """

    def __init__(self, num_classes: int, dim: int) -> None:
        super().__init__()
        self.centers = nn.Parameter(torch.randn(num_classes, dim))

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Scalar of features (B, d) and labels (B,)."""
        squares = (features - self.centers[labels]) ** 2
        return squares.sum() / len(features) / self.centers.var(dim=0).sum()


@register_loss("affinity")
class AffinityLoss(Loss):
    """Affinity loss of the trunk's features, averaged over space, and of other networks' embedding.

    The centers follow their gradient, of all processes together, by plain steps of `rate`. The
    authors' optimiser trains them with the network: rate 0.1 at first, with momentum 0.9, which
    amounts to a rate of 1.
    """

    Config = AffinityConfig
    config: AffinityConfig

    def __init__(self, config: AffinityConfig, context: LossContext) -> None:
        super().__init__(config, context)
        classes = context.targets.shape[1]
        self.state = self._centers = AffinityCenters(classes, context.model.embedding_size)

    def __call__(self, step: Step) -> Tensor:
        # DAN's embedding is that of its heads, behind the trunk
        is_dan = isinstance(step.model, Dan)
        features = step.features.float().mean(dim=(2, 3)) if is_dan else step.embedding.float()
        with full_precision(features):
            value: Tensor = self._centers(features, step.labels)
        return value

    @torch.no_grad()
    def after_step(self, total: Callable[[Tensor], Tensor]) -> None:
        centers = self._centers.centers
        own = torch.zeros_like(centers) if centers.grad is None else centers.grad
        centers.sub_(self.config.rate * total(own))
        centers.grad = None
