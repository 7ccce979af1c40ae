"""A video file with the overlays in its pixels. Brings Qt, to paint them; no window."""

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QGuiApplication, QImage

from ferapp.overlays.overlay_style import Look
from ferapp.overlays.render_overlays import burn
from ferapp.sources.video import DEFAULT_FPS
from ferapp.vision.types import Analysis
from trainer.errors import FerError, UsageError

# MPEG-4: OpenCV's wheels have no encoder of H.264
CODECS = {".avi": "XVID"}
CODEC = "mp4v"
READ_BACK = "FMP4"  # both, as OpenCV names them when it reads
WHOLE = 0.9  # fewer frames than this share of those written are a failure; some files only estimate


MEASURED = 10  # frames whose times tell the rate of a source that states none
FASTEST = 120.0


class BurntVideo:
    """Analyses in, frames out, at a fixed rate and at the size of the first frame.

    `fps` 0 is measured on the first frames. Each picture stands at its own time: what a live
    source leaves out is filled with the picture before, and what it sends faster than the rate is
    left out. Frames of another size are fitted in. Raises FerError when the file cannot be written.
    """

    def __init__(self, file: Path, fps: float) -> None:
        try:
            file.open("wb").close()
        except OSError as error:
            raise UsageError(f"{file}: the video cannot be written ({error.strerror})") from error
        self._app = QGuiApplication.instance() or QGuiApplication(_platform())
        self._file, self._fps = file, fps
        self._look = Look()
        self._writer: cv2.VideoWriter | None = None  # from the first frame on, which has the size
        self._size = (0, 0)
        self._began = 0.0
        self._written = 0
        self._last: NDArray[np.uint8] | None = None
        self._held: list[tuple[NDArray[np.uint8], float]] = []  # until the rate is known

    def add(self, analysis: Analysis) -> None:
        """One more frame; the analysis needs its `picture`."""
        image, time_s = _bgr(burn(analysis, self._look)), analysis.frame.time_s
        if self._fps:
            self._put(image, time_s)
        else:
            self._held.append((image, time_s))
            if len(self._held) == MEASURED:
                self._measure()

    def _measure(self) -> None:
        times = [time_s for _, time_s in self._held]
        pause = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
        self._fps = float(np.clip(round(1 / pause), 1, FASTEST)) if pause > 0 else DEFAULT_FPS
        held, self._held = self._held, []
        for image, time_s in held:
            self._put(image, time_s)

    def _put(self, image: NDArray[np.uint8], time_s: float) -> None:
        if self._writer is None:
            self._writer, self._began = self._opened(image), time_s
        due = round((time_s - self._began) * self._fps)
        if self._last is not None:
            for _ in range(due - self._written):
                self._write(self._last)
        if due >= self._written:
            self._last = _fitted(image, self._size)
            self._write(self._last)

    def close(self) -> None:
        """The file is complete and playable from here on; raises FerError when it is not."""
        if self._held:
            self._measure()
        if self._writer is None:
            self._file.unlink(missing_ok=True)  # a file without a frame is no video
            return
        self._writer.release()
        self._writer = None
        # OpenCV does not tell that a frame could not be written
        written = cv2.VideoCapture(str(self._file))
        count = written.get(cv2.CAP_PROP_FRAME_COUNT) if written.isOpened() else 0
        written.release()
        if count < WHOLE * self._written:
            raise FerError(
                f"{self._file}: the video could not be written to its end",
                "Is the disk full?",
            )

    def _opened(self, first: NDArray[np.uint8]) -> "cv2.VideoWriter":
        height, width = first.shape[:2]
        self._size = (width + width % 2, height + height % 2)  # the codec halves the colours
        codec = cv2.VideoWriter.fourcc(*CODECS.get(self._file.suffix.lower(), CODEC))
        writer = cv2.VideoWriter(str(self._file), codec, self._fps, self._size)
        if not writer.isOpened():
            raise FerError(
                f"{self._file}: no video of {width} × {height} pixels "
                f"and {self._fps:g} frames a second can be written"
            )
        return writer

    def _write(self, image: NDArray[np.uint8]) -> None:
        assert self._writer is not None
        self._writer.write(image)
        self._written += 1


def is_burnt(file: Path) -> bool:
    """Whether the file may be of a BurntVideo: by its codec, which cameras hardly use any more."""
    video = cv2.VideoCapture(str(file))
    codec = int(video.get(cv2.CAP_PROP_FOURCC)) if video.isOpened() else 0
    video.release()
    return codec == cv2.VideoWriter.fourcc(*READ_BACK)


def _platform() -> list[str]:
    # no display is needed; on Windows Qt finds fonts only with its usual platform
    return ["ferapp", "-platform", "offscreen"] if sys.platform == "linux" else ["ferapp"]


def _bgr(image: QImage) -> NDArray[np.uint8]:
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return np.asarray(cv2.cvtColor(rows, cv2.COLOR_BGRA2BGR), np.uint8)


def _fitted(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture in the middle of a black one of `size` (width, height), as large as it can be.

    A picture that is one row or column short of it stays as it is, so that no pixel moves.
    """
    width, height = size
    if width - image.shape[1] not in (0, 1) or height - image.shape[0] not in (0, 1):
        scale = min(width / image.shape[1], height / image.shape[0])
        inside = (round(image.shape[1] * scale) or 1, round(image.shape[0] * scale) or 1)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        image = np.asarray(cv2.resize(image, inside, interpolation=how), np.uint8)
    right, below = width - image.shape[1], height - image.shape[0]
    if right or below:
        edges = (below // 2, below - below // 2, right // 2, right - right // 2)
        image = np.asarray(cv2.copyMakeBorder(image, *edges, cv2.BORDER_CONSTANT), np.uint8)
    return image
