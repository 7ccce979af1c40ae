"""Landmark tables: MediaPipe's 478 points, the 68 iBUG points, and their mirror permutation."""

import numpy as np
from numpy.typing import NDArray

# fmt: off
# Checked by eye on drawings, and flip-consistent to .01 of the inter-ocular distance.
MEDIAPIPE_TO_IBUG68: NDArray[np.intp] = np.array([
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,  # jaw 0-16
    71, 63, 105, 66, 107,  # right brow (on the left of the picture) 17-21
    336, 296, 334, 293, 301,  # left brow 22-26
    168, 197, 5, 4,  # nose bridge and tip 27-30
    75, 97, 2, 326, 305,  # nostrils 31-35
    33, 160, 158, 133, 153, 144,  # right eye 36-41
    362, 385, 387, 263, 373, 380,  # left eye 42-47
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,  # outer lips 48-59
    78, 82, 13, 312, 308, 317, 14, 87,  # inner lips 60-67
])

# point i of a mirrored picture is point FLIP_68[i] of the original
FLIP_68: NDArray[np.intp] = np.array([
    16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
    26, 25, 24, 23, 22, 21, 20, 19, 18, 17,
    27, 28, 29, 30,
    35, 34, 33, 32, 31,
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55,
    64, 63, 62, 61, 60, 67, 66, 65,
])
# fmt: on

# Polylines of the 68 points that draw a face.
CONTOURS_68: tuple[tuple[int, ...], ...] = (
    tuple(range(17)),
    tuple(range(17, 22)),
    tuple(range(22, 27)),
    tuple(range(27, 31)),
    tuple(range(31, 36)),
    (*range(36, 42), 36),
    (*range(42, 48), 42),
    (*range(48, 60), 48),
    (*range(60, 68), 60),
)


def to_ibug68(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """(…, 478, D) MediaPipe points → (…, 68, 2) iBUG points, x and y kept."""
    return np.ascontiguousarray(points[..., MEDIAPIPE_TO_IBUG68, :2], dtype=np.float32)


def mirror_points(points: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    """(…, 68, 2) points of a picture → points of its mirror image; pixel centres are integers."""
    mirrored = points[..., FLIP_68, :].copy()
    mirrored[..., 0] = width - 1 - mirrored[..., 0]
    return mirrored
