"""A video file with the overlays in its pixels. Brings Qt, to paint them; no window."""

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QGuiApplication, QImage

from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.overlays.render_overlays import render_overlays
from ferapp.sources.video import DEFAULT_FPS
from ferapp.vision.types import Analysis
from trainer.errors import FerError, UsageError

# MPEG-4: OpenCV's wheels have no H.264 encoder
CODECS = {".mp4": "mp4v", ".avi": "XVID", ".mkv": "mp4v"}
RATE_FRAMES = 10  # whose times tell the rate of a source that states none
MAX_FPS = 120.0
COMPLETE_SHARE = 0.9  # of the frames written must read back; some files only estimate their count


class AnnotatedVideo:
    """Analyses in, frames out, at a fixed rate and at the size of the first frame.

    `fps` 0 is measured on the first frames. Each frame stands at its own time: a gap of a live
    source is filled with the frame before it, and frames that come faster than the rate are
    dropped. Frames of another size are fitted in. Raises FerError when the file cannot be written.
    """

    def __init__(self, file: Path, fps: float) -> None:
        try:
            file.open("wb").close()
        except OSError as error:
            raise UsageError(f"{file}: the video cannot be written ({error.strerror})") from error
        self._app = QGuiApplication.instance() or QGuiApplication(_qt_arguments())
        self._file, self._fps = file, fps
        self._look = OverlayStyle()
        self._writer: cv2.VideoWriter | None = None  # from the first frame on, which has the size
        self._size = (0, 0)
        self._start_s = 0.0
        self._written = 0
        self._last: NDArray[np.uint8] | None = None
        self._waiting: list[tuple[NDArray[np.uint8], float]] = []  # until the rate is known
        self._closed = False

    def add(self, analysis: Analysis) -> None:
        """One more frame; the analysis needs its `picture`."""
        image, time_s = _to_bgr(render_overlays(analysis, self._look)), analysis.frame.time_s
        if self._fps:
            self._place(image, time_s)
        else:
            self._waiting.append((image, time_s))
            if len(self._waiting) == RATE_FRAMES:
                self._measure_rate()

    def _measure_rate(self) -> None:
        times = [time_s for _, time_s in self._waiting]
        interval = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
        self._fps = float(np.clip(round(1 / interval), 1, MAX_FPS)) if interval > 0 else DEFAULT_FPS
        waiting, self._waiting = self._waiting, []
        for image, time_s in waiting:
            self._place(image, time_s)

    def _place(self, image: NDArray[np.uint8], time_s: float) -> None:
        if self._writer is None:
            self._writer, self._start_s = self._open_writer(image), time_s
        due = round((time_s - self._start_s) * self._fps)
        if self._last is not None:
            for _ in range(due - self._written):
                self._write(self._last)
        if due >= self._written:
            self._last = _fit(image, self._size)
            self._write(self._last)

    def close(self) -> None:
        """The file is complete and playable from here on; raises FerError when it is not."""
        if self._closed:
            return
        self._closed = True
        if self._waiting:
            self._measure_rate()
        if self._writer is None:
            self._file.unlink(missing_ok=True)  # a file without a frame is not a video
            return
        self._writer.release()
        self._writer = None
        # OpenCV reports no failed write: count what can be read back
        capture = cv2.VideoCapture(str(self._file))
        count = capture.get(cv2.CAP_PROP_FRAME_COUNT) if capture.isOpened() else 0
        capture.release()
        if count < COMPLETE_SHARE * self._written:
            raise FerError(
                f"{self._file}: the video could not be written to its end",
                "Is the disk full?",
            )

    def _open_writer(self, first: NDArray[np.uint8]) -> "cv2.VideoWriter":
        height, width = first.shape[:2]
        self._size = (width + width % 2, height + height % 2)  # the codec halves the colours
        codec = cv2.VideoWriter.fourcc(*CODECS[self._file.suffix.lower()])
        writer = cv2.VideoWriter(str(self._file), codec, self._fps, self._size)
        if not writer.isOpened():
            raise FerError(
                f"{self._file}: a video of {width} × {height} pixels and {self._fps:g} frames a "
                "second cannot be written"
            )
        return writer

    def _write(self, image: NDArray[np.uint8]) -> None:
        assert self._writer is not None
        self._writer.write(image)
        self._written += 1


def _qt_arguments() -> list[str]:
    # no display is needed; on Windows Qt finds fonts only with its usual platform
    return ["ferapp", "-platform", "offscreen"] if sys.platform == "linux" else ["ferapp"]


def _to_bgr(image: QImage) -> NDArray[np.uint8]:
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return np.asarray(cv2.cvtColor(rows, cv2.COLOR_BGRA2BGR), np.uint8)


def _fit(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The image centred on a black one of `size` (width, height), as large as it can be.

    An image that is one row or column short of it is not scaled, so that no pixel moves.
    """
    width, height = size
    if width - image.shape[1] not in (0, 1) or height - image.shape[0] not in (0, 1):
        scale = min(width / image.shape[1], height / image.shape[0])
        inside = (round(image.shape[1] * scale) or 1, round(image.shape[0] * scale) or 1)
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        image = np.asarray(cv2.resize(image, inside, interpolation=interpolation), np.uint8)
    right, below = width - image.shape[1], height - image.shape[0]
    if right or below:
        edges = (below // 2, below - below // 2, right // 2, right - right // 2)
        image = np.asarray(cv2.copyMakeBorder(image, *edges, cv2.BORDER_CONSTANT), np.uint8)
    return image
