"""Frames from video files."""

import time
from pathlib import Path

import cv2
import numpy as np

from ferapp.sources.base import Frame, FrameSource, Kind, SourceError

MIN_COMPLETE = 0.9  # a file that ends before this share of its announced frames is truncated
MAX_UNEVEN = 0.25  # frame intervals that a timestamp may be off an even spacing
DEFAULT_FPS = 25.0  # for a file that states no rate, or an absurd one


class VideoFile(FrameSource):
    """A video file from its first frame to its last. It can seek if it announces its length."""

    kind: Kind = "video"

    def __init__(self, path: Path, name: str = "") -> None:
        self.name = name or path.name
        self._path = path
        self._capture = cv2.VideoCapture()
        self.rewind()

    def rewind(self) -> None:
        self._capture.release()
        if not self._path.is_file():
            raise SourceError(f"{self._path}: there is no such file")
        self._capture = cv2.VideoCapture(str(self._path))
        if not self._capture.isOpened():
            raise SourceError(
                f"{self._path}: this video cannot be opened (damaged, or an unknown format)"
            )
        self.fps = stated_fps(self._capture)
        self.frame_count = announced_frames(self._capture)
        self.duration_s = self.frame_count / self.fps
        self._index = 0
        self._from_start = True  # no seek since
        self._is_grabbed = False  # the next frame was, by `seek`, to see whether it exists

    def seek(self, time_s: float) -> None:
        """Where the file ends earlier than it announces, go to about the last frame there is."""
        index, step = max(0, min(round(time_s * self.fps), self.frame_count - 1)), 1
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, index)
        while not (exists := self._capture.grab()) and index > 0:
            index, step = max(0, index - step), 2 * step
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, index)
        if not exists:
            self.rewind()
        self._is_grabbed = exists
        self._index, self._from_start = index, False

    def read(self) -> Frame | None:
        succeeded, image = self._capture.retrieve() if self._is_grabbed else self._capture.read()
        self._is_grabbed = False
        if not succeeded:
            if self._from_start:
                check_end(str(self._path), self._index, self.frame_count)
            return None
        frame = Frame(np.asarray(image, np.uint8), self._index, self._time(), time.perf_counter())
        self._index += 1
        return frame

    def _time(self) -> float:
        """Time of the frame just read: the file's timestamp where frames are spaced unevenly."""
        even = self._index / self.fps
        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        is_uneven = stamp > 0 and abs(stamp - even) > MAX_UNEVEN / self.fps
        return stamp if is_uneven else even

    def close(self) -> None:
        self._capture.release()


def stated_fps(capture: "cv2.VideoCapture") -> float:
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    return rate if 0.1 <= rate <= 1000 else DEFAULT_FPS


def announced_frames(capture: "cv2.VideoCapture") -> int:
    """0 when the number is unknown."""
    return max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))


def check_end(name: str, frames: int, announced: int) -> None:
    """Raise SourceError when the video `name` ended before its end."""
    if frames == 0:
        raise SourceError(f"{name}: not a single frame can be read")
    if frames < MIN_COMPLETE * announced:
        raise SourceError(
            f"{name}: the file is truncated, it ends after {frames} of {announced} frames"
        )
