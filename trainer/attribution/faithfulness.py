"""Does the score rest on what a map shows? Pixels are removed, or added, in the map's order."""

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.attribution.imputation import impute_noisy_linear
from trainer.models.registry import FerModel

CURVE_STEPS = 20
ROAD_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)  # of the pixels that ROAD removes
INSERTION_BLUR = 9  # px at 44: the blur that insertion starts from


def deletion_curve(
    model: FerModel, x: Tensor, maps: Tensor, classes: Tensor, steps: int = CURVE_STEPS
) -> Tensor:
    """Probabilities (B, steps + 1) of `classes` while the highest pixels become grey.

    Of inputs x (B, C, H, W) and maps (B, H, W) (Petsiuk et al. 2018): a good map's curve falls
    early. The points are evenly spaced, from no pixel to all.
    """
    return _curve(model, x, model.grey(x).expand_as(x), maps, classes, steps)


def insertion_curve(
    model: FerModel, x: Tensor, maps: Tensor, classes: Tensor, steps: int = CURVE_STEPS
) -> Tensor:
    """The same while the highest pixels are restored in a blurred picture: a good curve rises.

    Blurred and not grey, since the edges around single pixels are evidence of their own.
    """
    return _curve(model, _blur(x), x, maps, classes, steps)


def area_under_curve(curves: Tensor) -> Tensor:
    """(B, points) → the area under each, (B,), by trapezoids over [0, 1]."""
    return torch.trapezoid(curves, dx=1 / (curves.shape[1] - 1), dim=1)


def road(
    model: FerModel, x: Tensor, maps: Tensor, classes: Tensor, generator: torch.Generator
) -> Tensor:
    """ROAD (Rong et al., ICML 2022), (B,): probability without the lowest − without the highest.

    The mean over ROAD_SHARES of the pixels. Removed pixels are filled by noisy linear imputation,
    so that the shape of the hole reveals nothing. Higher is better; a random map scores 0.
    """
    rank = _ranking(maps).argsort(dim=1).reshape(maps.shape)
    pixels, total = maps[0].numel(), torch.zeros(len(x), device=x.device)
    for share in ROAD_SHARES:
        count = round(share * pixels)
        for sign, removed in ((1, rank >= pixels - count), (-1, rank < count)):
            imputed = impute_noisy_linear(x, removed, generator)
            total += sign * _probability(model, imputed, classes)
    return total / len(ROAD_SHARES)


def _curve(
    model: FerModel, start: Tensor, end: Tensor, maps: Tensor, classes: Tensor, steps: int
) -> Tensor:
    rank = _ranking(maps).argsort(dim=1).reshape(maps.shape)[:, None]
    pixels = maps[0].numel()
    points = []
    for step in range(steps + 1):
        mixed = torch.where(rank < round(step / steps * pixels), end, start)
        points.append(_probability(model, mixed, classes))
    return torch.stack(points, dim=1)


def _ranking(maps: Tensor) -> Tensor:
    """(B, H·W) pixel indices from the highest value; ties are in random order."""
    flat = maps.flatten(1)
    shuffled = torch.randperm(flat.shape[1], generator=torch.Generator().manual_seed(0))
    shuffled = shuffled.to(flat.device)
    return shuffled[flat[:, shuffled].argsort(dim=1, descending=True, stable=True)]


@torch.no_grad()
def _probability(model: FerModel, x: Tensor, classes: Tensor) -> Tensor:
    logits: Tensor = model(x)
    return logits.float().softmax(dim=1).gather(1, classes[:, None])[:, 0]


def _blur(x: Tensor) -> Tensor:
    """By a Gaussian of σ = a fifth of INSERTION_BLUR, in proportion to the picture's side."""
    sigma = INSERTION_BLUR / 5 * x.shape[-1] / 44
    radius = max(1, round(2.5 * sigma))
    offset = torch.arange(-radius, radius + 1, device=x.device, dtype=x.dtype)
    kernel = torch.exp(-(offset**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).expand(x.shape[1], 1, -1)
    padded = F.pad(x, (radius,) * 4, mode="replicate")
    rows = F.conv2d(padded, kernel[:, :, None], groups=x.shape[1])
    return F.conv2d(rows, kernel[..., None], groups=x.shape[1])
