"""Frames from a web or network camera: HTTP (MJPEG, or a video file there) and RTSP."""

import time

import cv2
import numpy as np

from ferapp.sources.base import Frame, FrameSource, Kind, SourceError
from ferapp.sources.faults import FaultKind, stream_fault_text
from ferapp.sources.stream_address import without_password
from ferapp.sources.video import announced_frames, check_end, stated_fps

TIMEOUT_S = 5.0  # to connect, and between two frames
MAX_DAMAGED = 25  # damaged frames in a row that end the stream; fewer are skipped


class Stream(FrameSource):
    """What an address sends. A finite video there is of the kind `video`, paced like a file."""

    kind: Kind = "stream"

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self._url, self._timeout_s = url, timeout_s
        self.name = without_password(url)
        self._capture = cv2.VideoCapture()
        self.rewind()

    def rewind(self) -> None:
        self._capture.release()
        began = time.perf_counter()
        milliseconds = round(1000 * self._timeout_s)
        self._capture = cv2.VideoCapture(
            self._url,
            cv2.CAP_FFMPEG,
            [
                *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds),
                *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds),
            ],
        )
        if not self._capture.isOpened():
            raise self._opening_error(time.perf_counter() - began)
        self.frame_count = announced_frames(self._capture)
        if self.frame_count:
            self.kind, self.fps = "video", stated_fps(self._capture)
        self._index, self._began = 0, 0.0

    def read(self) -> Frame | None:
        for _ in range(MAX_DAMAGED):
            started = time.perf_counter()
            succeeded, image = self._capture.read()
            now = time.perf_counter()
            if succeeded:
                return self._frame(np.asarray(image, np.uint8), now)
            if now - started >= 0.9 * self._timeout_s:
                raise self._error(FaultKind.STALLED)
        if self.kind == "stream":
            raise self._error(FaultKind.LOST)
        check_end(self.name, self._index, self.frame_count)
        return None

    def close(self) -> None:
        self._capture.release()

    def _frame(self, image: np.ndarray, now: float) -> Frame:
        if self._index == 0:
            self._began = now
        time_s = self._index / self.fps if self.kind == "video" else now - self._began
        frame = Frame(image, self._index, time_s, now)
        self._index += 1
        return frame

    def _opening_error(self, waited_s: float) -> SourceError:
        if waited_s >= 0.9 * self._timeout_s:
            return SourceError(
                f"{self.name}: no video arrived within {self._timeout_s:g} s",
                "Check the address, the server and the network.",
                FaultKind.ABSENT,
            )
        return SourceError(
            f"{self.name}: no video at this address",
            "Check the address, its port and the password.",
            FaultKind.ABSENT,
        )

    def _error(self, kind: FaultKind) -> SourceError:
        return SourceError(*stream_fault_text(kind, self.name), kind)
