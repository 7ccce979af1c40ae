"""What the model does not see of a face: strokes of a brush, in the face's own coordinates.

A part of the face is a stroke like any other, made in advance. This is an occlusion test (Zeiler
and Fergus 2014) by hand: the drop of a probability without an area is that area's contribution.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.face_mesh import TYPICAL_FACE, Place, to_picture
from ferapp.vision.face_regions import FOREHEAD, MARGIN, PART_HULLS, PARTS, Part

Fill = Literal["blur", "mean", "noise"]
FILLS: tuple[Fill, ...] = ("blur", "mean", "noise")
# in distances between the outer eye corners
FADE = 0.04  # the outer part of a stroke, over which the fill fades out
EYES = float(np.hypot(*(TYPICAL_FACE[45] - TYPICAL_FACE[36])))  # that distance, on a typical face
_SIZE = 48  # px of the template, which has the typical face
_SEGMENTS = 12  # of a path that are drawn at once


@dataclass(frozen=True, slots=True)
class Area:
    """All within `radius` of a path through `points`, or of their convex hull.

    `points` are places on the face; `radius` is in distances between the outer eye corners.
    `part` names the part of the face that it covers; an area that `erases` uncovers what is below.
    """

    points: tuple[Place, ...]
    radius: float
    is_filled: bool = False
    erases: bool = False
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Hidden:
    """Areas that are hidden from the model, later ones on top, and what it gets instead."""

    areas: tuple[Area, ...] = ()
    fill: Fill = "blur"

    def __bool__(self) -> bool:
        return any(not area.erases for area in self.areas)

    @property
    def parts(self) -> frozenset[Part]:
        return frozenset(area.part for area in self.areas if area.part is not None)

    @property
    def is_painted(self) -> bool:
        """Whether more than parts of the face is hidden."""
        return any(area.part is None and not area.erases for area in self.areas)

    @property
    def names(self) -> tuple[str, ...]:
        """What is hidden: parts from top to bottom, then `painted area (12 % of the face)`."""
        names: list[str] = [part for part in PARTS if part in self.parts]
        if self.is_painted:
            painted = tuple(area for area in self.areas if area.part is None)
            names.append(f"painted area ({round(100 * face_share(painted))}\u00a0% of the face)")
        return tuple(names)


NOTHING_HIDDEN = Hidden()


def hide_parts(parts: Iterable[Part]) -> Hidden:
    chosen = frozenset(parts)
    return Hidden(tuple(area for part in PARTS if part in chosen for area in part_areas(part)))


def part_areas(part: Part) -> tuple[Area, ...]:
    """The areas that cover a part: the convex hulls of its landmarks, and a margin."""
    return tuple(
        Area(_places(TYPICAL_FACE[list(hull)]), MARGIN, is_filled=True, part=part)
        for hull in PART_HULLS[part]
    )


def square(centre: Place, side: float) -> Area:
    """A square patch; `side` in px of the typical face."""
    (x, y), half = centre, side / 2
    corners = (
        (x - half, y - half),
        (x + half, y - half),
        (x + half, y + half),
        (x - half, y + half),
    )
    return Area(corners, FADE, is_filled=True)


@lru_cache(maxsize=64)
def face_share(areas: tuple[Area, ...]) -> float:
    """The share of a typical face that the areas cover, 0 to 1."""
    face = typical_face_mask()
    return float((cover(areas, TYPICAL_FACE, _SIZE) * face).sum() / face.sum())


@lru_cache(maxsize=1)
def typical_face_mask() -> NDArray[np.float32]:
    """(48, 48), 1 on the typical face, from the jaw to the forehead."""
    brows = TYPICAL_FACE[17:27] - np.array([0, FOREHEAD * EYES])
    outline = _places(np.concatenate([TYPICAL_FACE[:17], brows]))
    return cover((Area(outline, FADE, is_filled=True),), TYPICAL_FACE, _SIZE)


def cover(areas: Iterable[Area], landmarks: NDArray[np.floating], size: int) -> NDArray[np.float32]:
    """How much of each pixel of a crop (size, size) is hidden, 0 to 1.

    `landmarks` (68, 2) are in pixels of the crop. Pixels farther than the radius are exactly 0.
    """
    unit = max(float(np.hypot(*(landmarks[45] - landmarks[36]))), 1.0)
    covered = np.zeros((size, size), np.float32)
    for area in areas:
        # an eraser as large as a stroke removes its soft rim too
        radius = (area.radius + FADE * area.erases) * unit
        for points in _pieces(area, to_picture(area.points, landmarks)):
            edges = _edges(points, closed=area.is_filled)
            (left, top), distance = _distances(edges, size, radius, inside=area.is_filled)
            height, width = distance.shape
            window = covered[top : top + height, left : left + width]
            strength = np.clip((radius - distance) / (FADE * unit), 0, 1)
            if area.erases:
                np.minimum(window, 1 - strength, out=window)
            else:
                np.maximum(window, strength, out=window)
    return covered


def _places(points: NDArray[np.float64]) -> tuple[Place, ...]:
    return tuple((x, y) for x, y in points.tolist())


def _pieces(area: Area, points: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """A hull, or a path in pieces, each of which needs a small window only."""
    if area.is_filled:
        return [_convex_hull(points)]
    starts = range(0, max(len(points) - 1, 1), _SEGMENTS)
    return [points[start : start + _SEGMENTS + 1] for start in starts]


def _edges(points: NDArray[np.float64], *, closed: bool) -> NDArray[np.float64]:
    """Start and end (N, 4) of each line between the points; a single point is a line too."""
    if closed:
        return np.hstack([points, np.roll(points, -1, axis=0)])
    return np.hstack([points[:-1], points[1:]]) if len(points) > 1 else np.hstack([points, points])


def _distances(
    edges: NDArray[np.float64], size: int, margin: float, *, inside: bool
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Left and top of a window, and its distances (h, w) to lines (N, 4).

    Distances are those of pixel centres; with `inside`, the lines are the sides of a convex hull
    and the distance in it is 0. The window has all pixels of the crop within `margin`. Computed,
    not drawn: a drawn hull jumps by whole pixels from frame to frame and is not the mirror image of
    its mirror image.
    """
    starts, ends = edges[:, :2], edges[:, 2:]
    near, far = np.minimum(starts, ends).min(axis=0), np.maximum(starts, ends).max(axis=0)
    low = np.clip(np.floor(near - margin), 0, size).astype(np.intp)
    high = np.clip(np.ceil(far + margin) + 1, low, size).astype(np.intp)
    lines = np.hstack([starts, ends - starts]).astype(np.float32)
    x0, y0, dx, dy = lines.T[:, :, None, None]
    x = np.arange(low[0], high[0], dtype=np.float32) - x0  # (edges, 1, w)
    y = np.arange(low[1], high[1], dtype=np.float32)[:, None] - y0  # (edges, h, 1)
    along = np.clip((x * dx + y * dy) / np.maximum(dx * dx + dy * dy, 1e-9), 0, 1)
    distance = np.sqrt(((x - along * dx) ** 2 + (y - along * dy) ** 2).min(axis=0))
    if inside:
        side = x * dy - y * dx
        # the hull may be in either orientation
        distance[(side >= 0).all(axis=0) | (side <= 0).all(axis=0)] = 0
    return low, distance


def _convex_hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners (M, 2) of the convex hull of points (N, 2), in order (Andrew's monotone chain)."""
    ordered = sorted((float(x), float(y)) for x, y in points)
    sides: list[list[Place]] = []
    for run in (ordered, ordered[::-1]):
        side: list[Place] = []
        for x, y in run:
            while len(side) > 1:
                (ax, ay), (bx, by) = side[-2:]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                side.pop()
            side.append((x, y))
        sides.append(side[:-1])
    return np.array(sides[0] + sides[1] or ordered[:1])
