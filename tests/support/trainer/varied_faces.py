"""Drawn faces that are turned, moved and scaled, so that no two are near duplicates."""

from dataclasses import replace

import cv2
import numpy as np

from tests.support.trainer.drawn import drawn_data, drawn_face
from trainer.data.face_data import FaceData


def varied_face(label: int, draw: np.random.Generator) -> np.ndarray:
    """A 48 × 48 grey face."""
    image = drawn_face(label, draw)
    matrix = cv2.getRotationMatrix2D((24, 24), draw.uniform(-15, 15), draw.uniform(0.85, 1.15))
    matrix[:, 2] += draw.uniform(-3, 3, 2)
    return cv2.warpAffine(image, matrix, (48, 48), borderValue=int(image[0, 0]))


def varied_faces(per_class: int, splits: tuple[str, ...] = ("train",), seed: int = 0) -> FaceData:
    """The same number of each class in each split, without landmarks."""
    data, draw = drawn_data(per_class, splits), np.random.default_rng(seed)
    images = np.stack([varied_face(int(label), draw) for label in data.label])
    return replace(data.without_landmarks(), name="varied", images=images)
