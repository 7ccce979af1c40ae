"""The parts of a face, where they are, and how a map spreads over them. No OpenCV, for the window.

Parts can be hidden from the model; places are the parts and what is left.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Part = Literal["brows", "eyes", "nose", "mouth"]
PARTS: tuple[Part, ...] = ("brows", "eyes", "nose", "mouth")
Place = Literal["brows", "eyes", "nose", "mouth", "elsewhere", "outside"]
PLACES: tuple[Place, ...] = (*PARTS, "elsewhere", "outside")  # elsewhere on it, outside the face
# the 68 points whose convex hulls are hidden
REGIONS: dict[Part, tuple[tuple[int, ...], ...]] = {
    "brows": (tuple(range(17, 22)), tuple(range(22, 27))),
    "eyes": (tuple(range(36, 42)), tuple(range(42, 48))),
    "nose": (tuple(range(27, 36)),),
    "mouth": (tuple(range(48, 60)),),
}
# in distances between the outer eye corners, which are 25 px apart in a crop of 48 px
MARGIN = 0.12  # round a hull: the points lie on lids and lips, and on the upper edge of the brows


def spread(map_: NDArray[np.float32], places: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The share (6,) of each of PLACES in what speaks for the class: the map's positive part.

    `places` (S, S) holds the index of each pixel's place. All 0 where nothing speaks for it.
    """
    positive = np.maximum(map_, 0).ravel()
    sums = np.bincount(places.ravel(), positive, minlength=len(PLACES))
    total = float(sums.sum())
    return np.asarray(sums / total if total > 0 else np.zeros(len(PLACES)), np.float64)
