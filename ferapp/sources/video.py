"""Frames from video files."""

import time
from pathlib import Path

import cv2
import numpy as np

from ferapp.sources.base import Frame, FrameSource, Kind, SourceError

EARLY_END = 0.9  # a file that ends before this share of its announced frames is truncated
UNEVEN = 0.25  # frames that a picture may be from its even place
USUAL_FPS = 25.0  # for a file that states no rate, or an absurd one


class VideoFile(FrameSource):
    """A video file from its first frame to its last. One can seek where it says how long it is."""

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
                f"{self._path}: this is no video that can be opened (damaged or foreign)"
            )
        self.fps = stated_fps(self._capture)
        self._announced = announced_frames(self._capture)
        self.seconds = self._announced / self.fps
        self._index, self._whole = 0, True
        self._grabbed = False  # the next frame was, to see whether it is there

    def seek(self, time_s: float) -> None:
        """Where the file ends earlier than it announces, to about the last frame there is."""
        place, back = max(0, min(round(time_s * self.fps), self._announced - 1)), 1
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, place)
        while not (there := self._capture.grab()) and place > 0:
            place, back = max(0, place - back), 2 * back
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, place)
        if not there:
            self.rewind()
        self._grabbed = there
        self._index, self._whole = place, False

    @property
    def frame_count(self) -> int:
        """Frames that the file announces; 0 when it does not say."""
        return self._announced

    def read(self) -> Frame | None:
        good, image = self._capture.retrieve() if self._grabbed else self._capture.read()
        self._grabbed = False
        if not good:
            if self._whole:
                check_end(str(self._path), self._index, self._announced)
            return None
        frame = Frame(np.asarray(image, np.uint8), self._index, self._time(), time.perf_counter())
        self._index += 1
        return frame

    def _time(self) -> float:
        """Of the picture that was read: the file's own word where its pictures come unevenly."""
        even = self._index / self.fps
        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        uneven = stamp > 0 and abs(stamp - even) > UNEVEN / self.fps
        return stamp if uneven else even

    def close(self) -> None:
        self._capture.release()


def stated_fps(capture: "cv2.VideoCapture") -> float:
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    return rate if 0.1 <= rate <= 1000 else USUAL_FPS


def announced_frames(capture: "cv2.VideoCapture") -> int:
    """0 when the number is not known."""
    return max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))


def check_end(place: str, frames: int, announced: int) -> None:
    """Raises SourceError when a video ended before its end."""
    if frames == 0:
        raise SourceError(f"{place}: not a single frame can be read")
    if frames < EARLY_END * announced:
        raise SourceError(
            f"{place}: the file is truncated, it ends after {frames} of {announced} frames"
        )
