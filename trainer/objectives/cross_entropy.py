"""Cross-entropy against probabilities: labels, smoothed labels, votes and mixup alike."""

import torch.nn.functional as F
from torch import Tensor


def soft_cross_entropy(
    logits: Tensor, targets: Tensor, label_smoothing: float = 0.0, weights: Tensor | None = None
) -> Tensor:
    """Mean over the batch of −Σ_k w_k t_k log softmax(o)_k, targets (B, K) smoothed towards 1/K."""
    return F.cross_entropy(logits.float(), targets, weights, label_smoothing=label_smoothing)


def balanced_weights(targets: Tensor) -> Tensor:
    """(K,) inverse class shares of targets (N, K), with mean 1 over the samples."""
    shares = targets.sum(dim=0) / targets.sum()
    present = (shares > 0).float()
    return present / shares.clamp_min(1e-9) / present.sum()
