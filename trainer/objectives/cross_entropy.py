"""Cross-entropy against probabilities: labels, smoothed labels, votes and mixup alike."""

import torch.nn.functional as F
from torch import Tensor


def soft_cross_entropy(logits: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Mean over the batch of −Σ_k t_k log softmax(o)_k, targets (B, K) smoothed towards 1/K."""
    return F.cross_entropy(logits.float(), targets, label_smoothing=label_smoothing)
