"""Does the score rest on what a map shows? Pixels are taken away, or given, in the map's order."""

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.models.registry import FerModel

STEPS = 20
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)  # of the pixels that ROAD removes
BLUR = 9  # px at 44: insertion starts from a picture as soft as this
NOISE = 0.01  # of what fills removed pixels
RELAXATIONS = 60


def deletion(
    model: FerModel, x: Tensor, maps: Tensor, classes: Tensor, steps: int = STEPS
) -> Tensor:
    """Probabilities (B, steps + 1) of `classes` while the highest pixels become grey (0).

    Of inputs x (B, C, H, W) and maps (B, H, W) (Petsiuk et al. 2018): a good map's curve falls at
    once. Points are evenly spaced from no pixel to all.
    """
    return _curve(model, x, torch.zeros_like(x), maps, classes, steps)


def insertion(
    model: FerModel, x: Tensor, maps: Tensor, classes: Tensor, steps: int = STEPS
) -> Tensor:
    """The same while the highest pixels come back to a blurred picture: a good map's curve rises.

    Blurred and not grey, as edges round lone pixels are evidence of their own.
    """
    return _curve(model, _blurred(x), x, maps, classes, steps)


def area(curves: Tensor) -> Tensor:
    """(B, points) → the area under each, (B,), by trapezoids over [0, 1]."""
    return torch.trapezoid(curves, dx=1 / (curves.shape[1] - 1), dim=1)


def road(
    model: FerModel, x: Tensor, maps: Tensor, classes: Tensor, generator: torch.Generator
) -> Tensor:
    """ROAD (Rong et al., ICML 2022), (B,): probability without the lowest − without the highest.

    The mean over SHARES of the pixels. What is removed is filled by noisy linear imputation, so
    that the hole's shape tells nothing of what was in it. Higher is better; a random map has 0.
    """
    order = _order(maps)
    rank = order.argsort(dim=1).reshape(maps.shape)
    count, total = maps[0].numel(), torch.zeros(len(x), device=x.device)
    for share in SHARES:
        gone = round(share * count)
        for sign, removed in ((1, rank >= count - gone), (-1, rank < gone)):
            filled = noisy_linear(x, removed, generator)
            total += sign * _probability(model, filled, classes)
    return total / len(SHARES)


@torch.no_grad()
def noisy_linear(x: Tensor, removed: Tensor, generator: torch.Generator) -> Tensor:
    """x (B, C, H, W) with `removed` (B, H, W) pixels as the weighted mean of their neighbours.

    Weights are 1/6 beside, above and below and 1/12 at the corners; all equations hold at once
    (conjugate gradients). Plus noise of σ = 0.01.
    """
    kernel = torch.tensor([[1.0, 2, 1], [2, 0, 2], [1, 2, 1]], device=x.device) / 12
    hole = removed[:, None].to(x)

    def gather(values: Tensor) -> Tensor:
        flat = values.flatten(0, 1)[:, None]
        return F.conv2d(flat, kernel[None, None], padding=1).reshape(values.shape)

    degree = gather(torch.ones_like(x))  # less than 1 at the edge

    def apply(values: Tensor) -> Tensor:
        return hole * (degree * values - gather(values))

    filled = torch.zeros_like(x)
    rest = hole * gather(x * (1 - hole))
    direction, size = rest, _dot(rest, rest)
    for _ in range(RELAXATIONS):
        image = apply(direction)
        step = size / _dot(direction, image).clamp_min(1e-20)
        filled, rest = filled + step * direction, rest - step * image
        new = _dot(rest, rest)
        direction, size = rest + new / size.clamp_min(1e-20) * direction, new
    noise = torch.randn(x.shape, generator=generator).to(x) * NOISE
    return torch.where(removed[:, None], filled + noise, x)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(dim=(2, 3), keepdim=True)


def _curve(
    model: FerModel, start: Tensor, end: Tensor, maps: Tensor, classes: Tensor, steps: int
) -> Tensor:
    rank = _order(maps).argsort(dim=1).reshape(maps.shape)[:, None]
    count = maps[0].numel()
    points = []
    for step in range(steps + 1):
        points.append(
            _probability(
                model, torch.where(rank < round(step / steps * count), end, start), classes
            )
        )
    return torch.stack(points, dim=1)


def _order(maps: Tensor) -> Tensor:
    """(B, H·W) the pixels from the highest; equal ones in an order that no place is dear to."""
    flat = maps.flatten(1)
    mixed = torch.randperm(flat.shape[1], generator=torch.Generator().manual_seed(0))
    mixed = mixed.to(flat.device)
    return mixed[flat[:, mixed].argsort(dim=1, descending=True, stable=True)]


@torch.no_grad()
def _probability(model: FerModel, x: Tensor, classes: Tensor) -> Tensor:
    logits: Tensor = model(x)
    return logits.float().softmax(dim=1).gather(1, classes[:, None])[:, 0]


def _blurred(x: Tensor) -> Tensor:
    """By a Gaussian of σ = a fifth of BLUR, in proportion to the picture's side."""
    sigma = BLUR / 5 * x.shape[-1] / 44
    reach = max(1, round(2.5 * sigma))
    place = torch.arange(-reach, reach + 1, device=x.device, dtype=x.dtype)
    kernel = torch.exp(-(place**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).expand(x.shape[1], 1, -1)
    soft = F.pad(x, (reach,) * 4, mode="replicate")
    soft = F.conv2d(soft, kernel[:, :, None], groups=x.shape[1])
    return F.conv2d(soft, kernel[..., None], groups=x.shape[1])
