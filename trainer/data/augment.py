"""Batched augmentation on the training device; landmarks move with the picture."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.config import AugmentConfig
from trainer.faces.points import FLIP_68


@dataclass(frozen=True, slots=True)
class Pasted:
    """What CutMix did: within `box` (s, s) sample i shows sample `order[i]`.

    `labels` (B,) are those before; the batch keeps the landmarks of the pictures below.
    """

    box: Tensor
    order: Tensor
    labels: Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """`x` (B, 1, s, s) in [0, 1]; `landmarks` (B, 68, 2) in pixels of x; `targets` (B, K)."""

    x: Tensor
    landmarks: Tensor
    targets: Tensor
    pasted: Pasted | None = None


def augment(
    crops: Tensor,
    landmarks: Tensor,
    targets: Tensor,
    config: AugmentConfig,
    *,
    view: int,
    side: int,
    generator: torch.Generator,
) -> Batch:
    """Random views of crops (B, S, S) uint8: the central `view` px, drawn at `side` px.

    Geometry: where it is cut, flip, rotation, scale, shift, in one bilinear resampling with
    replicated edges. Then light: brightness, contrast, gamma, blur, noise; then erasing. All
    draws come from `generator` (CPU), or on a GPU from one that it seeds.
    """
    x = crops.float().div(255)[:, None]
    maps = _draw_maps(len(x), config, x.shape[-1] / view, generator)
    x, landmarks = warp(x, landmarks, maps, view, side)
    x = _light(x, config, generator)
    x = _erase(x, config.erase, generator)
    return Batch(x, landmarks, targets)


def mixup(batch: Batch, alpha: float, generator: torch.Generator) -> Batch:
    """Blend the batch with a permutation of itself (Zhang et al. 2018); λ ~ Beta(α, α) ≥ ½.

    The landmarks stay those of the stronger picture.
    """
    if alpha <= 0:
        return batch
    share = _beta(alpha, generator)
    share = max(share, 1 - share)
    order = torch.randperm(len(batch.x), generator=generator).to(batch.x.device)
    return Batch(
        share * batch.x + (1 - share) * batch.x[order],
        batch.landmarks,
        share * batch.targets + (1 - share) * batch.targets[order],
    )


def cutmix(batch: Batch, alpha: float, generator: torch.Generator) -> Batch:
    """Paste a box of a permutation of the batch into it (Yun et al., ICCV 2019, eq. 1 and 2).

    λ ~ Beta(α, α); the box has √(1 − λ) of the sides, its centre anywhere, and is cut at the
    edges. Targets are mixed by the area that is left. α = 0 leaves the batch as it is.
    """
    if alpha <= 0:
        return batch
    side = batch.x.shape[-1]
    half = side * math.sqrt(1 - _beta(alpha, generator)) / 2
    centre = torch.rand(2, generator=generator) * side
    place = torch.arange(side) + 0.5
    rows, columns = ((place - at).abs() < half for at in centre)
    box = (rows[:, None] & columns).to(batch.x.device)
    order = torch.randperm(len(batch.x), generator=generator).to(batch.x.device)
    share = float(box.float().mean())
    return Batch(
        torch.where(box, batch.x[order], batch.x),
        batch.landmarks,
        (1 - share) * batch.targets + share * batch.targets[order],
        Pasted(box, order, batch.targets.argmax(dim=1)),
    )


def _beta(alpha: float, generator: torch.Generator) -> float:
    """A draw of Beta(α, α) from two of Gamma, so that the given generator decides."""
    draws = torch._standard_gamma(torch.full((2,), alpha), generator=generator)
    return float(draws[0] / draws.sum().clamp_min(1e-12))


def warp(x: Tensor, landmarks: Tensor, maps: Tensor, view: int, side: int) -> tuple[Tensor, Tensor]:
    """Resample (B, 1, S, S) through `maps` (B, 2, 3) and move the landmarks the same way.

    `maps` take output to input coordinates, both centred on the picture with the view's half
    side as unit; a negative first entry mirrors, and then left and right points swap.
    """
    ratio = view / x.shape[-1]
    theta = maps.clone()
    theta[:, :, :2] *= ratio  # affine_grid's unit is the whole picture's half side
    theta[:, :, 2] *= ratio
    grid = F.affine_grid(theta.to(x), [len(x), 1, side, side], align_corners=False)
    out = F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)

    mirrored = torch.linalg.det(maps[:, :, :2]) < 0
    swapped = torch.where(mirrored[:, None, None].to(x.device), landmarks[:, FLIP_68], landmarks)
    full = x.shape[-1]
    unit = ((swapped + 0.5) / full * 2 - 1) / ratio
    inverse = torch.linalg.inv(maps[:, :, :2]).to(x)
    moved = (unit - maps[:, None, :, 2].to(x)) @ inverse.transpose(1, 2)
    return out, (moved + 1) / 2 * side - 0.5


def _draw_maps(
    count: int, config: AugmentConfig, whole: float, generator: torch.Generator
) -> Tensor:
    """(count, 2, 3) for `warp`; `whole` is the crop's side in sides of the view."""

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    turn = math.radians(config.rotation)
    angle = uniform(-turn, turn)
    zoom = torch.exp(uniform(-1, 1) * torch.log(torch.tensor(1 + config.scale)))
    stretch = torch.exp(uniform(-1, 1) * torch.log(torch.tensor(1 + config.stretch)))
    flip = 1 - 2 * (torch.rand(count, generator=generator) < config.flip).float()
    cos, sin = torch.cos(angle), torch.sin(angle)
    rows = torch.stack(
        [
            torch.stack([flip * cos / (zoom * stretch), -flip * sin / zoom], 1),
            torch.stack([sin / (zoom * stretch), cos / zoom], 1),
        ],
        1,
    )
    shift = torch.stack([uniform(-config.shift, config.shift) for _ in range(2)], 1) * 2
    sides = torch.ones(count, 2)
    if config.area < 1:  # torchvision's RandomResizedCrop: of the whole crop, sides up to 3 : 4
        area = uniform(config.area, 1)
        ratio = torch.exp(uniform(-1, 1) * torch.log(torch.tensor(4 / 3)))
        sides = torch.stack([area * ratio, area / ratio], 1).sqrt().clamp_max(1) * whole
        rows = sides[:, :, None] * rows
    room = (whole - sides).clamp_min(0)
    if config.crop == "random" or config.area < 1:
        shift = shift + torch.stack([uniform(-1, 1), uniform(-1, 1)], 1) * room
    elif config.crop == "five":
        places = torch.tensor([[0, 0], [-1, -1], [-1, 1], [1, -1], [1, 1]])
        shift = shift + places[torch.randint(5, (count,), generator=generator)] * room
    return torch.cat([rows, shift[:, :, None]], 2)


def _light(x: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    count = len(x)

    def chosen(share: float) -> Tensor:
        return (torch.rand(count, generator=generator) < share).to(x.device)

    if config.brightness or config.contrast:
        lights = torch.rand(2, count, 1, 1, 1, generator=generator).mul(2).sub(1).to(x)
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        x = mean + (x - mean) * (1 + config.contrast * lights[0])
        x = (x * (1 + config.brightness * lights[1])).clamp(0, 1)
    power = torch.rand(count, 1, 1, 1, generator=generator) * 2 - 1
    gamma = torch.exp(power * torch.log(torch.tensor(1 + config.gamma))).to(x)
    x = x.clamp_min(1e-4) ** gamma
    blurred = chosen(config.blur)
    if blurred.any():
        kernel = torch.tensor([0.25, 0.5, 0.25], device=x.device, dtype=x.dtype)
        soft = F.pad(x[blurred], (1, 1, 1, 1), mode="replicate")
        soft = F.conv2d(soft, kernel.view(1, 1, 1, 3))
        x = x.index_put((blurred.nonzero()[:, 0],), F.conv2d(soft, kernel.view(1, 1, 3, 1)))
    if config.noise > 0:
        strength = torch.rand(count, 1, 1, 1, generator=generator) * config.noise
        x = x + _noise(x, generator) * strength.to(x)
    return x.clamp(0, 1)


def _noise(x: Tensor, generator: torch.Generator) -> Tensor:
    """Drawn where `x` lies: a million numbers a step would keep a GPU waiting."""
    if x.device.type != "cuda":
        return torch.randn(x.shape, generator=generator).to(x)
    seed = int(torch.randint(2**62, (), generator=generator))
    there = torch.Generator(x.device).manual_seed(seed)
    return torch.randn(x.shape, generator=there, device=x.device)


def _erase(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Random erasing (Zhong et al. 2020): one box of 10–40 % a side gets the picture's mean."""
    if share <= 0:
        return x
    count, side = len(x), x.shape[-1]
    draws = torch.rand(5, count, generator=generator).to(x.device)
    extent = (0.1 + 0.3 * draws[:2]) * side
    start = draws[2:4] * (side - extent)
    steps = torch.arange(side, device=x.device)
    rows = (steps >= start[0, :, None]) & (steps < (start[0] + extent[0])[:, None])
    columns = (steps >= start[1, :, None]) & (steps < (start[1] + extent[1])[:, None])
    box = rows[:, :, None] & columns[:, None, :] & (draws[4] < share)[:, None, None]
    return torch.where(box[:, None], x.mean(dim=(2, 3), keepdim=True), x)
