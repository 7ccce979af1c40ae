"""Parts of a face hidden from the model: the occlusion test of Zeiler and Fergus (2014), by hand.

What the probabilities lose without a part is what the model took from it.
"""

from collections.abc import Collection

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.vision.face_regions import MARGIN, PART_HULLS, PARTS, Part

# in distances between the outer eye corners
EDGE = 0.04  # the outer part of the margin, over which the fill fades
REACH = 0.2  # σ of the Gaussian that carries the surroundings into the region


def hide_parts(
    crop: NDArray[np.uint8], points: NDArray[np.floating], parts: Collection[Part]
) -> NDArray[np.uint8]:
    """A copy of an aligned crop (S, S) without `parts`; `points` (68, 2) in its pixels.

    The regions become a smooth continuation of the visible pixels round them (a normalised
    convolution: Knutsson and Westin 1993): skin without anything on it, which hardly moves the
    mean and the deviation that the network normalises with. A patch of one grey is seen as
    something: over the brows, the mean of the surroundings is darker than skin and draws new ones.
    On FER2013's val split, mean probabilities (`default` of 2026-11-22) move by 0.02 (brows), 0.07
    (mouth) with this fill, by 0.04 to 0.08 with the mean of the surroundings and by 0.09 to 0.14
    with black (total variation, every fourth face). Pixels farther than MARGIN from
    all hulls stay as they are. The region's extent can still tell: a laughing mouth is a wide one.
    """
    regions = [PART_HULLS[part] for part in PARTS if part in parts]
    unit = max(float(np.hypot(*(points[45] - points[36]))), 1.0)
    size = crop.shape[0]
    cover = np.zeros((size, size), np.float32)
    for hull in (hull for region in regions for hull in region):
        low, distance = _distance(points[list(hull)], size, MARGIN * unit)
        height, width = distance.shape
        part = cover[low[1] : low[1] + height, low[0] : low[0] + width]
        np.maximum(part, np.clip((MARGIN * unit - distance) / (EDGE * unit), 0, 1), out=part)

    grey = crop.astype(np.float32)
    visible = (cover == 0).astype(np.float32)
    carried, weight = (
        cv2.GaussianBlur(each, (0, 0), REACH * unit, borderType=cv2.BORDER_REFLECT)
        for each in (grey * visible, visible)
    )
    fill = carried / np.maximum(weight, 1e-6)
    return np.asarray(np.rint(grey + cover * (fill - grey)), np.uint8)


def _distance(
    points: NDArray[np.floating], size: int, margin: float
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Distance (h, w) of pixels' centres to the convex hull of `points`, 0 inside; and where.

    The window begins at the returned (x, y), holds all pixels within `margin` of the hull and
    ends with the picture. Exact, not drawn: a drawn hull jumps by whole pixels from frame to
    frame and is not the mirror image of its mirror image.
    """
    hull = np.asarray(cv2.convexHull(points.astype(np.float32)), np.float32)[:, 0]
    low = np.clip(np.floor(hull.min(axis=0) - margin), 0, size).astype(np.intp)
    high = np.clip(np.ceil(hull.max(axis=0) + margin) + 1, low, size).astype(np.intp)
    x0, y0, dx, dy = np.hstack([hull, np.roll(hull, -1, axis=0) - hull]).T[:, :, None, None]
    x = np.arange(low[0], high[0], dtype=np.float32) - x0  # (edges, 1, w)
    y = np.arange(low[1], high[1], dtype=np.float32)[:, None] - y0  # (edges, h, 1)
    along = np.clip((x * dx + y * dy) / np.maximum(dx * dx + dy * dy, 1e-9), 0, 1)
    distance = np.sqrt(((x - along * dx) ** 2 + (y - along * dy) ** 2).min(axis=0))
    side = x * dy - y * dx
    # the hull may run either way round
    distance[(side >= 0).all(axis=0) | (side <= 0).all(axis=0)] = 0
    return low, distance
