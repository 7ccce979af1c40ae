"""Which part of the map is seen, and at which scale."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF

Positions = NDArray[np.float32]  # (M, 2)

_MARGIN = 0.06  # of the window, around a fitted map
_MIN_ZOOM, _MAX_ZOOM = 0.5, 2000.0  # times the fitted scale


@dataclass(frozen=True, slots=True)
class Viewport:
    """`width` × `height` px; (x, y) is the map's point in its centre, `scale` px of a unit.

    `fit_scale` is the one at which everything is seen.
    """

    width: int
    height: int
    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    fit_scale: float = 1.0

    @property
    def zoom(self) -> float:
        """1 where everything fits."""
        return self.scale / self.fit_scale

    def to_px(self, positions: Positions) -> Positions:
        offset = np.array(
            [self.width / 2 - self.scale * self.x, self.height / 2 - self.scale * self.y],
            np.float64,
        )
        return (positions * self.scale + offset).astype(np.float32)

    def to_map(self, x: float, y: float) -> tuple[float, float]:
        """The map's point at a pixel."""
        return (
            self.x + (x - self.width / 2) / self.scale,
            self.y + (y - self.height / 2) / self.scale,
        )

    def zoomed(self, factor: float, x: float, y: float) -> "Viewport":
        """Zoomed about a pixel, which keeps its point of the map."""
        zoom = min(max(self.zoom * factor, _MIN_ZOOM), _MAX_ZOOM)
        scale = zoom * self.fit_scale
        map_x, map_y = self.to_map(x, y)
        return replace(
            self,
            scale=scale,
            x=map_x - (x - self.width / 2) / scale,
            y=map_y - (y - self.height / 2) / scale,
        )

    def panned(self, dx: float, dy: float) -> "Viewport":
        """Moved so that its content moves by (dx, dy) px."""
        return replace(self, x=self.x - dx / self.scale, y=self.y - dy / self.scale)

    def centred(self, x: float, y: float) -> "Viewport":
        return replace(self, x=x, y=y)

    def contains(self, px: Positions) -> NDArray[np.bool_]:
        """(M,) which of these pixels are seen."""
        x, y = px[:, 0], px[:, 1]
        return (x >= 0) & (y >= 0) & (x < self.width) & (y < self.height)


def fitted(positions: Positions, width: int, height: int) -> Viewport:
    """Everything is seen, with a margin."""
    if not len(positions):
        return Viewport(width, height)
    low, high = positions.min(axis=0).astype(float), positions.max(axis=0).astype(float)
    extent = np.maximum(high - low, 1e-6)
    scale = (1 - 2 * _MARGIN) * float(min(width / extent[0], height / extent[1]))
    x, y = (low + high) / 2
    return Viewport(width, height, float(x), float(y), scale, scale)


def nearest(px: Positions, at: QPointF) -> tuple[int, float]:
    """The index of the pixel (M, 2) nearest to `at`, and its distance."""
    distances = np.hypot(px[:, 0] - at.x(), px[:, 1] - at.y())
    index = int(distances.argmin())
    return index, float(distances[index])


def ahead(px: Positions, at: QPointF, dx: int, dy: int) -> NDArray[np.int64]:
    """Indices of the pixels (M, 2) within 45° of the direction (dx, dy) from `at`."""
    x, y = px[:, 0] - at.x(), px[:, 1] - at.y()
    along, across = x * dx + y * dy, np.abs(x * dy) + np.abs(y * dx)
    return np.flatnonzero((along > 0) & (across <= along))


def inside_polygon(positions: Positions, polygon: Positions) -> NDArray[np.bool_]:
    """(M,) which positions are inside a polygon (P, 2): to the right is an odd number of edges."""
    inside = np.zeros(len(positions), bool)
    if len(polygon) < 3:
        return inside
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    near = np.flatnonzero(((positions >= low) & (positions <= high)).all(axis=1))
    x, y = positions[near, 0].astype(float), positions[near, 1].astype(float)
    odd = np.zeros(len(near), bool)
    ends = polygon.astype(float)
    for (x1, y1), (x2, y2) in zip(ends, np.roll(ends, -1, axis=0), strict=True):
        crosses = (y1 > y) != (y2 > y)
        if crosses.any():
            odd ^= crosses & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    inside[near] = odd
    return inside
