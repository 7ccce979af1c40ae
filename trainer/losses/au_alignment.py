"""Alignment of a layer's attention with the action units' map (Belharbi et al., FG 2024)."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.errors import UsageError

Channels = Literal["avg", "half", "random_avg"]
Distance = Literal["cosine", "standardised_cosine", "l1", "l2"]
EPSILON = 1e-6


def layer_attention(features: Tensor, channels: Channels = "avg") -> Tensor:
    """T (B, h, w): the mean over features (B, C, h, w), their first half, or a drawn half."""
    count = features.shape[1]
    if channels == "half":
        features = features[:, : max(1, count // 2)]
    elif channels == "random_avg":
        features = features[:, torch.randperm(count)[: max(1, count // 2)].to(features.device)]
    elif channels != "avg":
        raise UsageError(f"channels {channels!r}: known are avg, half, random_avg")
    wide = features.dtype == torch.float64
    return (features if wide else features.float()).mean(dim=1)


def au_alignment_loss(
    attention: Tensor, heatmap: Tensor, valid: Tensor, distance: Distance = "cosine"
) -> Tensor:
    """Mean over valid (B,) samples of how far attention (B, h, w) is from heatmap (B, H, W).

    cosine: 1 − cos(vec T, vec H), the paper's; standardised_cosine: the same of maps without
    their mean, which is 1 − Pearson's r; l1, l2: mean |T − H| and (T − H)² of T scaled to [0, 1].
    The heatmap is shrunk to the attention's size. 0 where no sample is valid.
    """
    attention, heatmap = attention[valid], heatmap[valid].to(attention.dtype)
    if not len(attention):
        return attention.sum()
    if heatmap.shape[-2:] != attention.shape[-2:]:
        size = attention.shape[-2:]
        heatmap = F.interpolate(heatmap[:, None], size, mode="bilinear", antialias=True)[:, 0]
    t, h = attention.flatten(1), heatmap.flatten(1)
    if distance in ("l1", "l2"):
        low, high = t.amin(dim=1, keepdim=True), t.amax(dim=1, keepdim=True)
        difference = (t - low) / (high - low + EPSILON) - h
        return (difference.abs() if distance == "l1" else difference**2).mean()
    if distance == "standardised_cosine":
        t, h = t - t.mean(dim=1, keepdim=True), h - h.mean(dim=1, keepdim=True)
    elif distance != "cosine":
        known = "cosine, standardised_cosine, l1, l2"
        raise UsageError(f"distance {distance!r}: known are {known}")
    return (1 - F.cosine_similarity(t, h, dim=1, eps=EPSILON)).mean()
