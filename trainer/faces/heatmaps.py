"""Landmark heatmaps: the points of a face as maps. Torch, batched, on any device."""

from typing import Literal

import torch
from torch import Tensor

Reduce = Literal["max", "sum"]
SIGMA = 0.027  # as a share of the side: 3 px at 112


def landmark_heatmap(
    points: Tensor, size: int, sigma: float | None = None, reduce: Reduce = "max"
) -> Tensor:
    """Heatmaps (B, size, size) of points (B, P, 2) in pixels (x, y) of the map.

    h(i, j) = max_k exp(−((i − y_k)² + (j − x_k)²) / 2σ²), or the sum over k, which equals one blur
    of the points; σ in pixels, 0.027 · size by default. Bonnard et al. 2022, eq. 1, without the
    prefactor, which the loss's standardisation removes, and with a single minus sign.
    """
    spread = 2 * (sigma or SIGMA * size) ** 2
    pixel = torch.arange(size, device=points.device, dtype=points.dtype)
    columns = torch.exp(-((pixel - points[..., 0, None]) ** 2) / spread)  # (B, P, size)
    rows = torch.exp(-((pixel - points[..., 1, None]) ** 2) / spread)
    if reduce == "sum":
        return torch.einsum("bpi,bpj->bij", rows, columns)
    # one point at a time: all maps at once would take P times the memory
    heatmap = torch.zeros(len(points), size, size, device=points.device, dtype=points.dtype)
    for k in range(points.shape[1]):
        heatmap = torch.maximum(heatmap, rows[:, k, :, None] * columns[:, k, None, :])
    return heatmap
