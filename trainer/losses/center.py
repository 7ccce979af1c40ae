"""Center loss (Wen et al. 2016) and sparse center loss (Farzaneh and Qi 2021, DACL)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from trainer.config.loss_settings import CenterConfig
from trainer.losses.loss_registry import Loss, LossContext, Step, register_loss


class SparseCenterLoss(nn.Module):
    """L = 1/(2B) Σ_i Σ_j a_ij (f_ij − c_{y_i j})² with a center per class in `.centers` (K, d).

    Gradients reach features and attention by autograd; the centers move by the paper's own rule
    in `update_centers`, which no weight of the loss and no gradient scaling changes. Attention
    None is all ones: the center loss. The centers are a buffer, so checkpoints have them.
    """

    centers: Tensor

    def __init__(self, num_classes: int, dim: int, alpha: float = 0.5) -> None:
        super().__init__()
        self.alpha = alpha
        # variance 2/K, as the reference's Kaiming initialisation gives
        self.register_buffer("centers", torch.randn(num_classes, dim) * (2 / num_classes) ** 0.5)

    def forward(self, features: Tensor, attention: Tensor | None, labels: Tensor) -> Tensor:
        """Scalar of features (B, d), attention (B, d) in (0, 1) and labels (B,)."""
        # not in bf16, where the differences vanish
        dtype = torch.promote_types(features.dtype, self.centers.dtype)
        features = features.to(dtype)
        squares = (features - self.centers[labels]) ** 2
        if attention is not None:
            squares = attention.to(dtype) * squares
        return squares.sum() / (2 * len(features))

    def update_centers(self, features: Tensor, attention: Tensor | None, labels: Tensor) -> None:
        """c_k ← c_k + α Σ_{y_i = k} a_i (f_i − c_k) / (1 + n_k), over the batch."""
        self.move(*self.pulls(features, attention, labels))

    @torch.no_grad()
    def pulls(
        self, features: Tensor, attention: Tensor | None, labels: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Σ_{y_i = k} a_i (f_i − c_k) (K, d) and n_k (K,); those of parts of a batch add up."""
        difference = features.to(self.centers.dtype) - self.centers[labels]
        if attention is not None:
            difference = attention.to(self.centers.dtype) * difference
        pull = torch.zeros_like(self.centers).index_add_(0, labels, difference)
        return pull, torch.bincount(labels, minlength=len(self.centers)).to(pull)

    @torch.no_grad()
    def move(self, pull: Tensor, count: Tensor) -> None:
        """Move the centers by the whole batch's `pulls`."""
        self.centers += self.alpha * pull / (1 + count)[:, None]


@register_loss("center")
class CenterLoss(Loss):
    """Center loss of the embedding, weighted by the model's attention where it has one."""

    Config = CenterConfig

    def __init__(self, config: CenterConfig, context: LossContext) -> None:
        super().__init__(config, context)
        classes = context.targets.shape[1]
        self.state = self._centers = SparseCenterLoss(
            classes, context.model.embedding_size, config.alpha
        )
        self._pulls: list[tuple[Tensor, Tensor]] = []  # since the last step of the optimiser

    def __call__(self, step: Step) -> Tensor:
        attention = step.model.attend(step.features)
        if attention is not None:
            step.log["attention_mean"] = attention.detach().float().mean()
            step.log["attention_std"] = attention.detach().float().std()
        self._pulls.append(self._centers.pulls(step.embedding, attention, step.labels))
        value: Tensor = self._centers(step.embedding, attention, step.labels)
        return value

    def after_step(self, total: Callable[[Tensor], Tensor]) -> None:
        zero = torch.zeros_like(self._centers.centers)
        parts = [(zero, zero[:, 0]), *self._pulls]  # a process may have had no sample
        pull, count = (torch.stack(values).sum(0) for values in zip(*parts, strict=True))
        self._centers.move(total(pull), total(count))
        self._pulls.clear()
