"""Center loss (Wen et al. 2016) and sparse center loss (Farzaneh and Qi 2021, DACL)."""

import torch
from torch import Tensor, nn


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
        dtype = torch.promote_types(features.dtype, self.centers.dtype)  # bf16 would lose it
        features = features.to(dtype)
        squares = (features - self.centers[labels]) ** 2
        if attention is not None:
            squares = attention.to(dtype) * squares
        return squares.sum() / (2 * len(features))

    def update_centers(self, features: Tensor, attention: Tensor | None, labels: Tensor) -> None:
        """c_k ← c_k + α Σ_{y_i = k} a_i (f_i − c_k) / (1 + n_k), over the batch."""
        self.move(*self.pull(features, attention, labels))

    @torch.no_grad()
    def pull(
        self, features: Tensor, attention: Tensor | None, labels: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Σ_{y_i = k} a_i (f_i − c_k) (K, d) and n_k (K,); those of a batch's parts add up."""
        difference = features.to(self.centers.dtype) - self.centers[labels]
        if attention is not None:
            difference = attention.to(self.centers.dtype) * difference
        pull = torch.zeros_like(self.centers).index_add_(0, labels, difference)
        return pull, torch.bincount(labels, minlength=len(self.centers)).to(pull)

    @torch.no_grad()
    def move(self, pull: Tensor, count: Tensor) -> None:
        """Move the centers by what `pull` gave for the whole batch."""
        self.centers += self.alpha * pull / (1 + count)[:, None]
