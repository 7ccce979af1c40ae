"""Measures of maps (B, H, W): agreement, location, sharpness and stability."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor


def pearson(maps: Tensor, others: Tensor) -> Tensor:
    """r (B,) over space; 0 where one of them is flat."""
    a, b = (m.flatten(1) - m.flatten(1).mean(dim=1, keepdim=True) for m in (maps, others))
    return F.cosine_similarity(a, b, dim=1, eps=1e-12)


def spearman(maps: Tensor, others: Tensor) -> Tensor:
    """Pearson's r (B,) of the pixels' ranks; equal values share their mean rank."""
    return pearson(_ranks(maps), _ranks(others))


def _ranks(maps: Tensor) -> Tensor:
    """(B, H·W) float64, from 0; on the CPU, since Apple's GPUs have no float64."""
    flat = maps.flatten(1).cpu().double()
    rows = []
    for row in flat:
        _, index, counts = row.unique(return_inverse=True, return_counts=True)
        first = counts.cumsum(0) - counts
        rows.append((first + (counts - 1) / 2).double()[index])
    return torch.stack(rows)


def positive_cosine(maps: Tensor, others: Tensor) -> Tensor:
    """Cosine similarity (B,) of the maps' positive part with `others`."""
    return F.cosine_similarity(maps.clamp_min(0).flatten(1), others.flatten(1), dim=1, eps=1e-12)


def pointing_game(maps: Tensor, region: Tensor) -> Tensor:
    """1 where the map's maximum lies in `region` (B, H, W) bool, else 0 (Zhang et al. 2018)."""
    top = maps.flatten(1).argmax(dim=1, keepdim=True)
    return region.flatten(1).gather(1, top)[:, 0].to(maps)


def relevance_mass(maps: Tensor, region: Tensor) -> Tensor:
    """The share (B,) of the positive attribution that lies in `region` (Arras et al. 2022)."""
    positive = maps.clamp_min(0).flatten(1)
    return (positive * region.flatten(1)).sum(dim=1) / positive.sum(dim=1).clamp_min(1e-12)


def gini(maps: Tensor) -> Tensor:
    """Gini index (B,) of |map|: 0 for a uniform map, near 1 for a single pixel (Chalasani 2020)."""
    values = maps.abs().flatten(1).sort(dim=1).values
    count = values.shape[1]
    rank = torch.arange(1, count + 1, device=values.device, dtype=values.dtype)
    total = values.sum(dim=1)
    weighted = (values * (count - rank + 0.5)).sum(dim=1)
    index: Tensor = 1 - 2 * weighted / (count * total.clamp_min(1e-20))
    return torch.where(total > 0, index, 0.0)


def frame_stability(clip: Tensor) -> Tensor:
    """Mean Pearson r (B,) of maps (T, B, H, W) between successive frames."""
    return torch.stack([pearson(before, after) for before, after in pairwise(clip)]).mean(0)


def sobel_edges(x: Tensor) -> Tensor:
    """(B, H, W) Sobel gradient magnitude of the mean colour of x (B, C, H, W)."""
    kernel = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]], device=x.device, dtype=x.dtype)
    grey = F.pad(x.mean(dim=1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    gradient = F.conv2d(grey, torch.stack([kernel, kernel.T])[:, None])
    magnitude: Tensor = gradient.norm(dim=1)
    return magnitude


def bootstrap_interval(values: Tensor, draws: int = 1000) -> dict[str, float | int]:
    """Mean with the 2.5 and 97.5 % quantiles of its bootstrap (Efron); NaN values are left out."""
    values = values[~values.isnan()].cpu().double()
    if not len(values):
        return {"mean": float("nan"), "low": float("nan"), "high": float("nan"), "n": 0}
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(len(values), (draws, len(values)), generator=generator)
    means = values[rows].mean(dim=1)
    low, high = torch.quantile(means, torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return {"mean": float(values.mean()), "low": low, "high": high, "n": len(values)}
