"""Batched augmentation on the training device; landmarks move with the picture."""

import functools
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.config.sections import AugmentConfig
from trainer.faces.points import FLIP_68


@dataclass(frozen=True, slots=True)
class Pasted:
    """A CutMix: within `box` (s, s) sample i shows sample `order[i]`.

    `labels` (B,) are the labels before it; the batch keeps the landmarks of the lower pictures.
    """

    box: Tensor
    order: Tensor
    labels: Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """`x` (B, 1, s, s) in [0, 1]; `landmarks` (B, 68, 2) in pixels of x; `targets` (B, K).

    `valence_arousal` (B, 2) are NaN where unknown; None without any. A blend has the mean of two
    known ones by the shares of its pictures.
    `rows` (B,) are the samples' places among all training samples.
    """

    x: Tensor
    landmarks: Tensor
    targets: Tensor
    pasted: Pasted | None = None
    valence_arousal: Tensor | None = None
    rows: Tensor | None = None


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
    draws come from `generator`, which should be on the device: nothing here makes a GPU wait for
    the CPU, which would take most of a step.
    """
    x = crops.float().div(255)[:, None]
    maps = _draw_maps(len(x), config, x.shape[-1] / view, generator)
    x, landmarks = warp(x, landmarks, maps, view, side)
    x = _light(x, config, generator)
    erase = _erase_by_noise if config.erase_fill == "noise" else _erase
    x = erase(x, config.erase, generator)
    return Batch(x, landmarks, targets)


def mixup(batch: Batch, alpha: float, generator: torch.Generator) -> Batch:
    """Blend the batch with a permutation of itself (Zhang et al. 2018); λ ~ Beta(α, α) ≥ ½.

    The landmarks stay those of the stronger picture.
    """
    if alpha <= 0:
        return batch
    share = _beta(alpha, generator)
    share = torch.maximum(share, 1 - share)
    order = _permutation(batch.x, generator)
    share = share.to(batch.x.device)
    return Batch(
        share * batch.x + (1 - share) * batch.x[order],
        batch.landmarks,
        share * batch.targets + (1 - share) * batch.targets[order],
        valence_arousal=_blended(batch.valence_arousal, order, share),
    )


def cutmix(batch: Batch, alpha: float, generator: torch.Generator) -> Batch:
    """Paste a box of a permutation of the batch into it (Yun et al., ICCV 2019, eq. 1 and 2).

    λ ~ Beta(α, α); the box has √(1 − λ) of the sides, its centre anywhere, and is cut at the
    edges. Targets are mixed by the area that is left. α = 0 leaves the batch as it is.
    """
    if alpha <= 0:
        return batch
    side = batch.x.shape[-1]
    half = side * torch.sqrt(1 - _beta(alpha, generator)) / 2
    centre = _uniform((2,), generator) * side
    place = torch.arange(side, device=generator.device) + 0.5
    rows, columns = ((place - at).abs() < half for at in centre)
    box = (rows[:, None] & columns).to(batch.x.device)
    order = _permutation(batch.x, generator)
    share = box.float().mean()
    return Batch(
        torch.where(box, batch.x[order], batch.x),
        batch.landmarks,
        (1 - share) * batch.targets + share * batch.targets[order],
        Pasted(box, order, batch.targets.argmax(dim=1)),
        _blended(batch.valence_arousal, order, 1 - share),
    )


def _blended(values: Tensor | None, order: Tensor, share: Tensor) -> Tensor | None:
    return None if values is None else share * values + (1 - share) * values[order]


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator, device=generator.device)


def _permutation(x: Tensor, generator: torch.Generator) -> Tensor:
    order = torch.randperm(len(x), generator=generator, device=generator.device)
    return order.to(x.device)


def _beta(alpha: float, generator: torch.Generator) -> Tensor:
    """A draw () of Beta(α, α) from two of Gamma, so that the given generator decides."""
    alphas = torch.full((2,), alpha, device=generator.device)
    draws = torch._standard_gamma(alphas, generator=generator)
    return draws[0] / draws.sum().clamp_min(1e-12)


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

    maps = maps.to(x)
    (a, b), (c, d) = (row.unbind(1) for row in maps[:, :, :2].unbind(1))
    det = a * d - b * c  # torch.linalg would make a GPU wait
    inverse = torch.stack([d, -b, -c, a], 1).view(-1, 2, 2) / det[:, None, None]
    swapped = torch.where(det[:, None, None] < 0, landmarks[:, _flip_68(x.device)], landmarks)
    full = x.shape[-1]
    unit = ((swapped + 0.5) / full * 2 - 1) / ratio
    moved = (unit - maps[:, None, :, 2]) @ inverse.transpose(1, 2)
    return out, (moved + 1) / 2 * side - 0.5


@functools.cache
def _flip_68(device: torch.device) -> Tensor:
    return torch.from_numpy(FLIP_68).to(device)


def _draw_maps(
    count: int, config: AugmentConfig, whole: float, generator: torch.Generator
) -> Tensor:
    """(count, 2, 3) for `warp`; `whole` is the crop's side in sides of the view."""

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * _uniform((count,), generator)

    turn = math.radians(config.rotation)
    angle = uniform(-turn, turn)
    zoom = torch.exp(uniform(-1, 1) * math.log(1 + config.scale))
    stretch = torch.exp(uniform(-1, 1) * math.log(1 + config.stretch))
    flip = 1 - 2 * (uniform(0, 1) < config.flip).float()
    cos, sin = torch.cos(angle), torch.sin(angle)
    rows = torch.stack(
        [
            torch.stack([flip * cos / (zoom * stretch), -flip * sin / zoom], 1),
            torch.stack([sin / (zoom * stretch), cos / zoom], 1),
        ],
        1,
    )
    shift = torch.stack([uniform(-config.shift, config.shift) for _ in range(2)], 1) * 2
    sides = torch.ones(count, 2, device=shift.device)
    if config.area < 1:  # torchvision's RandomResizedCrop: of the whole crop
        area = uniform(config.area, 1)
        ratio = torch.exp(uniform(-1, 1) * math.log(config.aspect))
        sides = torch.stack([area * ratio, area / ratio], 1).sqrt().clamp_max(1) * whole
        rows = sides[:, :, None] * rows
    room = (whole - sides).clamp_min(0)
    if config.crop == "random" or config.area < 1:
        shift = shift + torch.stack([uniform(-1, 1), uniform(-1, 1)], 1) * room
    elif config.crop == "five":
        place = torch.randint(5, (count,), generator=generator, device=shift.device)
        corner = torch.stack([place // 2, place % 2], 1) * 2 - 1
        shift = shift + torch.where(place[:, None] == 4, 0, corner) * room
    return torch.cat([rows, shift[:, :, None]], 2)


def _light(x: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    per_sample = (len(x), 1, 1, 1)
    if config.brightness or config.contrast:
        lights = (_uniform((2, *per_sample), generator) * 2 - 1).to(x)
        if config.light < 1:
            lights = lights * (_uniform(per_sample, generator) < config.light).to(x)
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        x = mean + (x - mean) * (1 + config.contrast * lights[0])
        x = (x * (1 + config.brightness * lights[1])).clamp(0, 1)
    power = _uniform(per_sample, generator) * 2 - 1
    x = x.clamp_min(1e-4) ** torch.exp(power * math.log(1 + config.gamma)).to(x)
    blurred = (_uniform(per_sample, generator) < config.blur).to(x.device)
    if config.blur > 0:
        x = torch.where(blurred, _blur(_blur(x, 2), 3), x)
    if config.noise > 0:
        strength = _uniform(per_sample, generator) * config.noise
        noise = torch.randn(x.shape, generator=generator, device=generator.device) * strength
        x = x + noise.to(x)
    return x.clamp(0, 1)


def _blur(x: Tensor, axis: int) -> Tensor:
    """(1, 2, 1) / 4 along one axis of (B, 1, h, w), edges repeated."""
    length = x.shape[axis]
    first, last = x.narrow(axis, 0, 1), x.narrow(axis, length - 1, 1)
    before = torch.cat([first, x.narrow(axis, 0, length - 1)], axis)
    after = torch.cat([x.narrow(axis, 1, length - 1), last], axis)
    return (before + 2 * x + after) / 4


def _erase(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Random erasing (Zhong et al. 2020): one box of 10–40 % a side gets the picture's mean."""
    if share <= 0:
        return x
    count, side = len(x), x.shape[-1]
    draws = _uniform((5, count), generator).to(x.device)
    extent = (0.1 + 0.3 * draws[:2]) * side
    start = draws[2:4] * (side - extent)
    steps = torch.arange(side, device=x.device)
    rows = (steps >= start[0, :, None]) & (steps < (start[0] + extent[0])[:, None])
    columns = (steps >= start[1, :, None]) & (steps < (start[1] + extent[1])[:, None])
    box = rows[:, :, None] & columns[:, None, :] & (draws[4] < share)[:, None, None]
    return torch.where(box[:, None], x.mean(dim=(2, 3), keepdim=True), x)


def _erase_by_noise(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """torchvision's RandomErasing with value "random": Gaussian noise, deviation 1, in one box.

    The box has 2 to 33 % of the area and sides of a ratio from 0.3 to 3.3, cut to the picture.
    """
    if share <= 0:
        return x
    count, side = len(x), x.shape[-1]
    draws = _uniform((5, count), generator)
    area = 0.02 + 0.31 * draws[0]
    ratio = torch.exp(math.log(0.3) + math.log(11) * draws[1])  # 3.3 is 11 times 0.3
    extent = (torch.stack([area * ratio, area / ratio]).sqrt() * side).clamp_max(side)
    start = draws[2:4] * (side - extent)
    steps = torch.arange(side, device=generator.device) + 0.5
    inside = (steps >= start[..., None]) & (steps < (start + extent)[..., None])  # (2, B, side)
    box = inside[0][:, :, None] & inside[1][:, None, :] & (draws[4] < share)[:, None, None]
    noise = torch.randn(x.shape, generator=generator, device=generator.device)
    return torch.where(box.to(x.device)[:, None], noise.to(x), x)
