"""Frames from video files, cameras and still images, read with OpenCV."""

import os
import time
from pathlib import Path

# quiet: what goes wrong is said by our own errors
os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2
import numpy as np

from ferapp.sources.frame import Frame, Kind, SourceError

EARLY_END = 0.9  # a file that ends before this share of its announced frames is truncated


class VideoFile:
    """A video file from its first frame to its last."""

    kind: Kind = "video"

    def __init__(self, path: Path, name: str = "") -> None:
        if not path.is_file():
            raise SourceError(f"{path}: there is no such file")
        self.name = name or path.name
        self._path = path
        self._capture = cv2.VideoCapture(str(path))
        if not self._capture.isOpened():
            raise SourceError(f"{path}: this is no video that can be opened (damaged or foreign)")
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self._rate = rate if 0.1 <= rate <= 1000 else 25.0
        self._announced = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        self._index = 0

    @property
    def frame_count(self) -> int:
        """Frames that the file announces; 0 when it does not say."""
        return self._announced

    def read(self) -> Frame | None:
        good, image = self._capture.read()
        if not good:
            if self._index == 0:
                raise SourceError(f"{self._path}: not a single frame can be read")
            if self._index < EARLY_END * self._announced:
                raise SourceError(
                    f"{self._path}: the file is truncated, "
                    f"it ends after {self._index} of {self._announced} frames"
                )
            return None
        frame = Frame(
            np.asarray(image, np.uint8), self._index, self._index / self._rate, time.perf_counter()
        )
        self._index += 1
        return frame

    def close(self) -> None:
        self._capture.release()


class Camera:
    """A webcam by its number."""

    kind: Kind = "camera"

    def __init__(self, number: int) -> None:
        self.name = f"Camera {number}"
        self._capture = cv2.VideoCapture(number)
        if not self._capture.isOpened():
            self._capture.release()
            raise SourceError(
                f"{self.name} was not found or is in use",
                "Connect a camera, or close the program that uses it.",
            )
        # one buffered frame: the newest picture counts, not a complete record
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._index = 0
        self._began = time.perf_counter()

    def read(self) -> Frame | None:
        good, image = self._capture.read()
        now = time.perf_counter()
        if not good:
            raise SourceError(f"{self.name} delivers no more pictures", "Is it still connected?")
        frame = Frame(np.asarray(image, np.uint8), self._index, now - self._began, now)
        self._index += 1
        return frame

    def close(self) -> None:
        self._capture.release()


class StillImage:
    """One picture, delivered once."""

    kind: Kind = "image"

    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            content = np.frombuffer(path.read_bytes(), np.uint8)
        except OSError as error:
            raise SourceError(f"{path}: cannot be read ({error.strerror})") from error
        image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
        if image is None:
            raise SourceError(f"{path}: this is no image that can be read")
        self._image: np.ndarray | None = np.asarray(image, np.uint8)

    def read(self) -> Frame | None:
        if self._image is None:
            return None
        frame = Frame(self._image, 0, 0.0, time.perf_counter())
        self._image = None
        return frame

    def close(self) -> None: ...
