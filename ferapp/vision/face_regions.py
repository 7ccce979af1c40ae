"""Which pixel of an aligned crop belongs to which part of the face."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.vision.face_parts import MARGIN, PARTS, PLACES, REGIONS

FOREHEAD = 0.55  # above the brows, in distances between the outer eye corners
SHIFT = 4  # bits of OpenCV's fractional coordinates


def places(points: NDArray[np.floating], size: int) -> NDArray[np.uint8]:
    """(size, size) indices into PLACES; `points` (68, 2) in pixels of the crop.

    The face ends at the jaw and above the brows by FOREHEAD, where the points know of no hair.
    Where parts overlap, the smaller ones win: brows and eyes over the nose.
    """
    found = np.full((size, size), PLACES.index("outside"), np.uint8)
    eyes = points[45] - points[36]
    unit = float(np.hypot(*eyes))
    up = np.array([eyes[1], -eyes[0]]) * FOREHEAD
    _fill(found, np.concatenate([points[:17], points[17:27] + up]), PLACES.index("elsewhere"), 0)
    for part in ("nose", "mouth", "brows", "eyes"):
        assert part in PARTS
        for hull in REGIONS[part]:
            _fill(found, points[list(hull)], PLACES.index(part), MARGIN * unit)
    return found


def _fill(into: NDArray[np.uint8], points: NDArray[np.floating], value: int, margin: float) -> None:
    """Fill the convex hull of points, and `margin` px round it."""
    hull = cv2.convexHull(np.round(points * (1 << SHIFT)).astype(np.int32))
    cv2.fillConvexPoly(into, hull, value, cv2.LINE_8, SHIFT)
    if margin >= 1:
        cv2.polylines(into, [hull], True, value, round(2 * margin), cv2.LINE_8, SHIFT)
