"""Pictures with the demo clip's face where and as a test wants it."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def face_patch(frame: Picture, box: tuple[float, float, float, float]) -> Picture:
    """The face of a frame and a little around it, square."""
    x, y, width, height = box
    half = 0.65 * max(width, height)
    middle_x, middle_y = x + width / 2, y + height / 2
    left, top = max(0, round(middle_x - half)), max(0, round(middle_y - half))
    side = min(round(2 * half), frame.shape[0] - top, frame.shape[1] - left)
    return frame[top : top + side, left : left + side]


def paste(picture: Picture, patch: Picture, x: int, y: int, side: int, roll: float = 0.0) -> None:
    """Draw `patch` with a side of `side` px around (x, y), turned clockwise by `roll` degrees."""
    shrunk = cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA)
    c, s = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    middle = (side - 1) / 2
    matrix = np.array(
        [(c, -s, x - c * middle + s * middle), (s, c, y - s * middle - c * middle)], np.float64
    )
    size = picture.shape[1], picture.shape[0]
    moved = cv2.warpAffine(shrunk, matrix, size)
    inside = cv2.warpAffine(np.ones((side, side), np.uint8), matrix, size).astype(bool)
    picture[inside] = moved[inside]


def wall(width: int, height: int, seed: int = 0) -> Picture:
    """A background with texture at several scales."""
    draw = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 120, np.float32)
    for cell in (12, 60, 200):
        noise = draw.normal(0, 18, (height // cell + 2, width // cell + 2, 3)).astype(np.float32)
        picture += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return picture.clip(0, 255).astype(np.uint8)
