"""Maps of where the action units of an expression show on a face. Torch, batched, any device.

The ellipses of Belharbi et al., FG 2024, as their public code draws them, with these corrections:
the map of a mirrored face is the mirrored map (where their two sides differ, in AU 5, 7, 10, 17
and 20, the picture's left half counts), sizes scale with the distance of the eyes instead of being
pixels of a 256 px picture, and the ellipses rotate with the head. Edges are as soft as a 3 × 3
blur makes them; their code blurs a map of 28 × 28 cells.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from trainer.errors import UsageError
from trainer.faces.points import FLIP_68
from trainer.labels import EXPRESSIONS, canonical

Codebook = Literal["facs", "paper"]
GENERIC = "generic"
PIXEL = 0.23 / 20  # of the source's 256 px pictures, in distances between the eyes
EDGE_WIDTH = 3 * PIXEL  # of the ellipses' soft edges, at least one cell of the map
FLAT = 5.0  # half-axis, in the source's pixels, of a box whose own is less than one

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
    """Centred on the mean x and the mean y of iBUG points (0-based), moved `down`.

    `wide` and `high` are half-axes. Where they are 0, the ellipse is as wide as the points `x` are
    apart, or as high as the points `y` are (`FLAT` where that is nothing); its half height grows
    by `grow` and is at least `least_high`. Lengths are in pixels of the source.
    """

    x: tuple[int, ...]
    y: tuple[int, ...]
    wide: float = 0.0
    high: float = 0.0
    down: float = 0.0
    grow: float = 0.0
    least_high: float = 0.0

    def mirrored(self) -> "Ellipse":
        x, y = (tuple(int(FLIP_68[point]) for point in points) for points in (self.x, self.y))
        return replace(self, x=x, y=y)


def _both(ellipse: Ellipse) -> tuple[Ellipse, Ellipse]:
    """The ellipse in the picture's left half and its partner."""
    return ellipse, ellipse.mirrored()


def _disc(*points: int) -> Ellipse:
    return Ellipse(points, points, 20, 20)


_BROW = (256 / 8, 256 / 10)
_EYE = ((36, 39), (38, 41))
_MOUTH = (Ellipse((48, 54), (51, 57)),)
UNITS: dict[int, tuple[Ellipse, ...]] = {
    1: _both(Ellipse((20,), (20,), *_BROW)),
    2: _both(Ellipse((18,), (18,), *_BROW)),
    4: (Ellipse((19, 24), (19, 24), least_high=10),),
    5: _both(Ellipse(*_EYE)),
    6: _both(Ellipse((41,), (41,), 256 / 10, 256 / 10, down=256 / 6)),
    7: _both(Ellipse(*_EYE, grow=10)),
    9: _both(Ellipse((31,), (29,), 20, 20)),
    10: _both(Ellipse((48,), (50,), 20, 20)),
    12: _both(_disc(48)),
    15: _both(_disc(48)),
    16: _both(_disc(59)),
    17: _both(Ellipse((59, 8), (59, 8))),
    20: _both(_disc(48, 6)),
    23: _MOUTH,
    24: _MOUTH,
    25: (Ellipse((51,), (51,), 25, 10), Ellipse((57,), (57,), 25, 10)),
    26: _MOUTH,
    27: _MOUTH,
}
# each ellipse and the places in UNITS of the units that it belongs to
_COLUMNS: dict[Ellipse, list[int]] = {}
for _column, _ellipses in enumerate(UNITS.values()):
    for _ellipse in _ellipses:
        _COLUMNS.setdefault(_ellipse, []).append(_column)


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
    for ellipse, columns in _COLUMNS.items():
        is_active = active[:, columns].any(dim=1)[:, None, None]
        if is_active.any():
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
    centres, half_axes = [], []
    for axis, indices, fixed in ((0, ellipse.x, ellipse.wide), (1, ellipse.y, ellipse.high)):
        places = points[:, indices, axis]
        centres.append(places.mean(dim=1))
        half = torch.full_like(centres[-1], fixed * PIXEL)
        if not fixed:
            apart = (places.amax(dim=1) - places.amin(dim=1)) / 2
            half = torch.where(apart < PIXEL, FLAT * PIXEL, apart)
        half_axes.append(half)
    half_axes[1] = (half_axes[1] + ellipse.grow * PIXEL).clamp_min(ellipse.least_high * PIXEL)
    centres[1] = centres[1] + ellipse.down * PIXEL
    centre, half = (torch.stack(pair, dim=1)[:, None, None] for pair in (centres, half_axes))
    scaled = (grid - centre) / half
    radius = scaled.norm(dim=-1)
    # to first order: the radius − 1 over the length of its gradient
    outside = (radius - 1) * radius / (scaled / half).norm(dim=-1).clamp_min(1e-6)
    cell = (grid[:, 0, 1] - grid[:, 0, 0]).norm(dim=-1)[:, None, None]
    filled: Tensor = 0.5 - outside / cell.clamp_min(EDGE_WIDTH)
    return torch.where(radius > 0.5, filled, 1.0).clamp(0, 1)
