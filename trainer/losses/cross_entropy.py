"""Cross-entropy against probabilities: labels, smoothed labels, votes and mixup alike."""

import torch
import torch.nn.functional as F
from torch import Tensor

# objective.class_weights → how much the shares of the classes count against them
WEIGHT_POWERS = {"none": 0.0, "root": 0.5, "balanced": 1.0}


def soft_cross_entropy(
    logits: Tensor, targets: Tensor, label_smoothing: float = 0.0, weights: Tensor | None = None
) -> Tensor:
    """Mean over the batch of −Σ_k w_k t_k log softmax(o)_k, targets (B, K) smoothed towards 1/K."""
    return F.cross_entropy(logits.float(), targets, weights, label_smoothing=label_smoothing)


def class_weights(targets: Tensor, power: float) -> Tensor:
    """(K,) class shares of targets (N, K) to the power −`power`, with mean 1 over the samples.

    0 for a class that never occurs.
    """
    shares = targets.sum(dim=0) / targets.sum()
    weights = torch.where(shares > 0, shares.clamp_min(1e-9) ** -power, 0)
    return weights / (weights * shares).sum()
