"""Detectors of faces that know nothing of this app's own search."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.faces.landmarker import FaceLandmarker

CASCADES = (
    "haarcascade_frontalface_default.xml",
    "haarcascade_frontalface_alt2.xml",
    "haarcascade_profileface.xml",
)
CONFIDENCE = 0.2  # of MediaPipe; 0.5 is its default


class Detectors:
    """MediaPipe's landmarker with a low threshold, and OpenCV's Haar cascades."""

    def __init__(self, landmarker: FaceLandmarker) -> None:
        self._landmarker = landmarker
        folder = Path(cv2.__file__).parent / "data"
        self._cascades = [cv2.CascadeClassifier(str(folder / name)) for name in CASCADES]

    def found(self, image: NDArray[np.uint8], heads: NDArray[np.bool_]) -> list[str]:
        """Who sees a face in a BGR picture where `heads` (H, W) is set, and where."""
        rgb = np.ascontiguousarray(image[..., ::-1])
        boxes = [("MediaPipe", face.box) for face in self._landmarker(rgb)]
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        for name, cascade in zip(CASCADES, self._cascades, strict=True):
            boxes += [(name, tuple(box)) for box in cascade.detectMultiScale(grey, 1.1, 3)]
        return [
            f"{name} at {x:.0f}, {y:.0f}, {width:.0f} px"
            for name, (x, y, width, height) in boxes
            if heads[max(int(y), 0) : int(y + height), max(int(x), 0) : int(x + width)].mean() > 0.3
        ]


@contextmanager
def detectors() -> Iterator[Detectors]:
    with FaceLandmarker(max_faces=10, min_confidence=CONFIDENCE) as landmarker:
        yield Detectors(landmarker)
