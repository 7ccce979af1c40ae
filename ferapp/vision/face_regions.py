"""The regions of a face, and how an attribution map is spread over them.

Parts can be hidden from the model; regions are the parts and what is left of the picture.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Part = Literal["brows", "eyes", "nose", "mouth"]
PARTS: tuple[Part, ...] = ("brows", "eyes", "nose", "mouth")
Region = Literal["brows", "eyes", "nose", "mouth", "elsewhere", "outside"]
REGIONS: tuple[Region, ...] = (*PARTS, "elsewhere", "outside")  # rest of the face, background
# Indices into the 68 landmarks; each part covers the convex hulls of these groups.
PART_HULLS: dict[Part, tuple[tuple[int, ...], ...]] = {
    "brows": (tuple(range(17, 22)), tuple(range(22, 27))),
    "eyes": (tuple(range(36, 42)), tuple(range(42, 48))),
    "nose": (tuple(range(27, 36)),),
    "mouth": (tuple(range(48, 60)),),
}
# Both in distances between the outer eye corners, which are 25 px apart in a crop of 48 px.
MARGIN = 0.12  # around a hull: landmarks lie on lids and lips, and on the upper edge of the brows
FOREHEAD = 0.55  # above the brows; no landmark marks the hairline
_SUBPIXEL_BITS = 4  # of OpenCV's fixed-point coordinates


def region_map(points: NDArray[np.floating], size: int) -> NDArray[np.uint8]:
    """Index into REGIONS of each pixel of a crop, (size, size).

    `points` (68, 2) are the landmarks in pixels of the crop. The face ends at the jaw and at
    FOREHEAD above the brows. Where parts overlap, the smaller ones win: brows and eyes over the
    nose.
    """
    regions = np.full((size, size), REGIONS.index("outside"), np.uint8)
    eyes = points[45] - points[36]
    unit = float(np.hypot(*eyes))
    up = np.array([eyes[1], -eyes[0]]) * FOREHEAD
    outline = np.concatenate([points[:17], points[17:27] + up])
    _fill_hull(regions, outline, REGIONS.index("elsewhere"), 0)
    drawing_order: tuple[Part, ...] = ("nose", "mouth", "brows", "eyes")
    for part in drawing_order:
        for hull in PART_HULLS[part]:
            _fill_hull(regions, points[list(hull)], REGIONS.index(part), MARGIN * unit)
    return regions


def _fill_hull(
    image: NDArray[np.uint8], points: NDArray[np.floating], value: int, margin: float
) -> None:
    """Fill the convex hull of `points` and `margin` px around it."""
    import cv2  # here, because the window imports this module

    hull = cv2.convexHull(np.round(points * (1 << _SUBPIXEL_BITS)).astype(np.int32))
    cv2.fillConvexPoly(image, hull, value, cv2.LINE_8, _SUBPIXEL_BITS)
    if margin >= 1:
        cv2.polylines(image, [hull], True, value, round(2 * margin), cv2.LINE_8, _SUBPIXEL_BITS)


def region_shares(
    attribution: NDArray[np.float32], regions: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Share (6,) of the positive attribution (S, S) that lies in each of REGIONS.

    `regions` (S, S) is a `region_map`. All 0 where nothing is positive.
    """
    positive = np.maximum(attribution, 0).ravel()
    sums = np.bincount(regions.ravel(), positive, minlength=len(REGIONS))
    total = float(sums.sum())
    return np.asarray(sums / total if total > 0 else np.zeros(len(REGIONS)), np.float64)
