"""The parts of a face that can be hidden, and where they are. No OpenCV: the window draws them."""

from typing import Literal

Part = Literal["brows", "eyes", "nose", "mouth"]
PARTS: tuple[Part, ...] = ("brows", "eyes", "nose", "mouth")
# the 68 points whose convex hulls are hidden
REGIONS: dict[Part, tuple[tuple[int, ...], ...]] = {
    "brows": (tuple(range(17, 22)), tuple(range(22, 27))),
    "eyes": (tuple(range(36, 42)), tuple(range(42, 48))),
    "nose": (tuple(range(27, 36)),),
    "mouth": (tuple(range(48, 60)),),
}
# in distances between the outer eye corners, which are 25 px apart in a crop of 48 px
MARGIN = 0.12  # round a hull: the points lie on lids and lips, and on the upper edge of the brows
