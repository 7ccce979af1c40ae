"""Maps of where the action units of an expression show on a face. Torch, batched, any device.

Belharbi et al., FG 2024, with three corrections: the map of a mirrored face is the mirrored map
(their AU10 and AU20 are not), sizes scale with the distance of the eyes instead of being pixels
of a 256 px picture, and the ellipses rotate with the head.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from trainer.errors import UsageError
from trainer.labels import EXPRESSIONS, canonical

Codebook = Literal["facs", "paper"]
GENERIC = "generic"
PIXEL = 0.23 / 20  # of the source's 256 px pictures, in distances between the eyes
EDGE_WIDTH = 6 * PIXEL  # of the ellipses' soft edges

FACS: dict[str, tuple[int, ...]] = {
    "angry": (4, 5, 7, 10, 17, 23, 24, 25, 26),
    "disgust": (9, 10, 16, 17, 25, 26),
    "fear": (1, 2, 4, 5, 20, 25, 26, 27),
    "happy": (6, 12, 25),
    "sad": (1, 4, 6, 15, 17),
    "surprise": (1, 2, 5, 26, 27),
    "neutral": (),
}
# for disgust the published code has AU 5, the upper lid raiser, in place of AU 10, the upper lip's
CODEBOOKS: dict[str, dict[str, tuple[int, ...]]] = {
    "facs": FACS,
    "paper": {**FACS, "disgust": (9, 5, 16, 17, 25, 26)},
}


@dataclass(frozen=True, slots=True)
class Ellipse:
    """Centred on the mean of iBUG points (0-based), moved `down`; lengths in the source's pixels.

    Half-axes are `wide` and `high`; where they are 0, the ellipse fills the points' box, grown by
    `grow` in height. If given, the points `level` define the vertical position instead.
    """

    points: tuple[int, ...]
    wide: float = 0.0
    high: float = 0.0
    down: float = 0.0
    grow: float = 0.0
    level: tuple[int, ...] = ()


def _pair(
    right: tuple[int, ...],
    left: tuple[int, ...],
    wide: float = 0.0,
    high: float = 0.0,
    down: float = 0.0,
    grow: float = 0.0,
) -> tuple[Ellipse, Ellipse]:
    return Ellipse(right, wide, high, down, grow), Ellipse(left, wide, high, down, grow)


_BROW = (256 / 8, 256 / 10)
_EYES = (tuple(range(36, 42)), tuple(range(42, 48)))
_MOUTH = (Ellipse((48, 54, 51, 57)),)
UNITS: dict[int, tuple[Ellipse, ...]] = {
    1: _pair((20,), (23,), *_BROW),
    2: _pair((18,), (25,), *_BROW),
    4: (Ellipse((19, 24), *_BROW),),
    5: _pair(*_EYES),
    6: _pair((41,), (46,), 256 / 10, 256 / 10, down=256 / 6),
    7: _pair(*_EYES, grow=10),
    9: (Ellipse((31,), 20, 20, level=(29,)), Ellipse((35,), 20, 20, level=(29,))),
    10: (Ellipse((48,), 20, 20, level=(50,)), Ellipse((54,), 20, 20, level=(52,))),
    12: _pair((48,), (54,), 20, 20),
    15: _pair((48,), (54,), 20, 20),
    16: _pair((59,), (55,), 20, 20),
    17: _pair((59, 8), (55, 8), 20, 20),
    20: _pair((48, 6), (54, 10), 20, 20),
    23: _MOUTH,
    24: _MOUTH,
    25: (Ellipse((51,), 25, 10), Ellipse((57,), 25, 10)),
    26: _MOUTH,
    27: _MOUTH,
}


def expressions_of(classes: Sequence[str]) -> Tensor:
    """(K,) the index in `EXPRESSIONS` of each class of a data set or model.

    Other classes, such as contempt, count as neutral: they have no action units here.
    """
    names = [canonical(name) or "neutral" for name in classes]
    return torch.tensor([EXPRESSIONS.index(name) for name in names])


def au_valid(expression: str | int | Tensor) -> Tensor:
    """Whether an expression has action units: all but neutral do. () or (B,) bool."""
    valid = torch.tensor([bool(FACS[name]) for name in EXPRESSIONS])
    if isinstance(expression, Tensor):
        return valid.to(expression.device)[expression]
    return torch.tensor(True) if expression == GENERIC else valid[_index(expression)]


def au_heatmap(
    points: Tensor, size: int, expression: str | int | Tensor, codebook: Codebook = "facs"
) -> Tensor:
    """Maps (B, size, size) in [0, 1] of points (B, 68, 2) in pixels (x, y) of the map.

    `expression` is one of `EXPRESSIONS`, its index there, indices (B,), or "generic" for the
    action units of all. Samples that are not `au_valid`, or without landmarks (NaN), are all zero.
    Raises UsageError for an unknown expression or codebook.
    """
    if codebook not in CODEBOOKS:
        raise UsageError(f"there is no codebook {codebook!r}", f"Known: {', '.join(CODEBOOKS)}.")
    active = _active(expression, len(points), CODEBOOKS[codebook]).to(points.device)
    has_landmarks = torch.isfinite(points).all(dim=2).all(dim=1)
    points = points.nan_to_num()
    pixel = torch.arange(size, device=points.device, dtype=points.dtype)
    grid = torch.stack(torch.meshgrid(pixel, pixel, indexing="xy"), dim=-1)
    to_face = _face_coordinates(points)
    face_points = to_face(points)
    face_grid = to_face(grid.reshape(1, -1, 2)).reshape(-1, size, size, 2)
    heatmap = torch.zeros(len(points), size, size, device=points.device, dtype=points.dtype)
    for column, ellipses in enumerate(UNITS.values()):
        is_active = active[:, column, None, None]
        if is_active.any():
            for ellipse in ellipses:
                heatmap = torch.maximum(heatmap, is_active * _draw(ellipse, face_points, face_grid))
    low, high = heatmap.amin((1, 2), keepdim=True), heatmap.amax((1, 2), keepdim=True)
    scaled = (heatmap - low) / (high - low).clamp_min(1e-6)
    return torch.where(has_landmarks[:, None, None], scaled, 0.0)


def _active(
    expression: str | int | Tensor, count: int, codebook: dict[str, tuple[int, ...]]
) -> Tensor:
    """(count, units): whether a sample's expression has the action unit."""
    rows = torch.tensor([[unit in codebook[name] for unit in UNITS] for name in EXPRESSIONS])
    if isinstance(expression, Tensor):
        return rows[expression.cpu()]
    row = rows.any(dim=0) if expression == GENERIC else rows[_index(expression)]
    return row.expand(count, -1)


def _index(expression: str | int) -> int:
    name = canonical(expression) if isinstance(expression, str) else None
    if isinstance(expression, int) and 0 <= expression < len(EXPRESSIONS):
        return expression
    if name is None:
        known = ", ".join((*EXPRESSIONS, GENERIC))
        raise UsageError(f"there is no expression {expression!r}", f"Known: {known}.")
    return EXPRESSIONS.index(name)


def _face_coordinates(points: Tensor) -> Callable[[Tensor], Tensor]:
    """The map of (B or 1, P, 2) coordinates of the picture to those of the face.

    The origin lies between the eyes, x runs along them and y down the face; the unit is the
    distance between the eyes' centres.
    """
    right, left = points[:, 36:42].mean(dim=1), points[:, 42:48].mean(dim=1)
    along = left - right
    distance = along.norm(dim=1, keepdim=True).clamp_min(1e-6)
    x = along / distance
    axes = torch.stack([x, torch.stack([-x[:, 1], x[:, 0]], dim=1)], dim=2)  # columns
    origin = (left + right) / 2
    return lambda xy: (xy - origin[:, None]) @ axes / distance[:, None]


def _draw(ellipse: Ellipse, points: Tensor, grid: Tensor) -> Tensor:
    """(B, size, size): 1 inside, 0 outside, with a soft edge. All in coordinates of the face."""
    corners = points[:, ellipse.points]
    if ellipse.wide:
        centre = corners.mean(dim=1)
        half_axes = torch.tensor([ellipse.wide, ellipse.high], device=points.device) * PIXEL
        half_axes = half_axes.to(points.dtype).expand_as(centre)
    else:
        low, high = corners.amin(dim=1), corners.amax(dim=1)
        centre, half_axes = (low + high) / 2, (high - low) / 2
        growth = torch.tensor([0.0, ellipse.grow * PIXEL], device=points.device)
        half_axes = (half_axes + growth).to(points)
        half_axes = half_axes.clamp_min(PIXEL)  # a closed mouth has no height
    if ellipse.level:
        centre = torch.stack([centre[:, 0], points[:, ellipse.level, 1].mean(dim=1)], dim=1)
    down = torch.tensor([0.0, ellipse.down * PIXEL], device=points.device).to(points)
    radius = ((grid - (centre + down)[:, None, None]) / half_axes[:, None, None]).norm(dim=-1)
    filled: Tensor = 0.5 + (1 - radius) * half_axes.mean(dim=1)[:, None, None] / EDGE_WIDTH
    return filled.clamp(0, 1)
