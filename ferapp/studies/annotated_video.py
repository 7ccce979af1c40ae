"""A video file with the overlays in its pixels. Brings Qt, to paint them; no window."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.overlays.painting_app import painting_app
from ferapp.overlays.render_overlays import render_overlays
from ferapp.recording.h264 import COMPLETE, H264Writer, check_encoder
from ferapp.vision.types import Analysis
from trainer.errors import FerError, UsageError
from trainer.files import PARTIAL_SUFFIX, remove_partial_files, replace_file

DEFAULT_S = 1 / 25  # that the last picture is shown, where nothing says how long


class AnnotatedVideo:
    """Analyses in, frames out: each at its own time, and at the size of the first one.

    `container` is FFmpeg's name of it; `fps` of the source says how long the last frame is shown,
    0 where unknown. Frames of another size are fitted in. The video is written to a temporary file
    beside `file`, which `close` puts in its place. Raises FerError when it cannot be written.
    """

    def __init__(self, file: Path, container: str, fps: float) -> None:
        self.is_placed = False  # the video is complete, and playable
        check_encoder()
        resolved = file.resolve()
        self._partial = resolved.with_name(f".{resolved.name}.{os.getpid()}{PARTIAL_SUFFIX}")
        try:
            if resolved.exists():
                resolved.open("ab").close()
            remove_partial_files(resolved)
            self._partial.open("xb").close()
        except OSError as error:
            raise UsageError(f"{file}: the video cannot be written ({error.strerror})") from error
        self._app = painting_app()
        self._file, self._container, self._fps = file, container, fps
        self._look = OverlayStyle()
        self._writer: H264Writer | None = None  # from the first frame on, which has the size
        self._size = (0, 0)
        self._last_s = 0.0
        self._failed = self._closed = False

    def add(self, analysis: Analysis) -> None:
        """One more frame; the analysis needs its `picture`."""
        image, time_s = _to_bgr(render_overlays(analysis, self._look)), analysis.frame.time_s
        shown_s = 1 / self._fps if self._fps else (time_s - self._last_s) or DEFAULT_S
        self._last_s = time_s
        with self._ends_on_failure():
            if self._writer is None:
                self._size = image.shape[1], image.shape[0]
                self._writer = H264Writer(self._partial, self._size, COMPLETE, self._container)
            self._writer.write(_fit(image, self._size), time_s, max(shown_s, 0.0))

    def close(self) -> None:
        """Put the video in its place; raises FerError when it cannot be completed.

        Without a frame, or after a failure, there is none.
        """
        if self._closed:
            return
        self._closed = True
        try:
            with self._ends_on_failure():
                if self._writer is not None:
                    self._writer.close()
                    if not self._failed:
                        self._place()
        finally:
            self._partial.unlink(missing_ok=True)

    def _place(self) -> None:
        with self._partial.open("rb+") as stream:
            os.fsync(stream.fileno())
        replace_file(self._partial, self._file.resolve())
        self.is_placed = True

    @contextmanager
    def _ends_on_failure(self) -> Iterator[None]:
        """The first failure is told; that the file cannot be closed either is not news."""
        try:
            yield
        except FerError as error:
            self._failed = True
            raise FerError(f"{self._file}: the video cannot be written: {error.args[0]}") from error
        except OSError as error:
            if not self._failed:
                self._failed = True
                raise FerError(
                    f"{self._file}: the video cannot be written to its end ({error.strerror})",
                    "Make room there, or choose another place.",
                ) from error


def _to_bgr(image: QImage) -> NDArray[np.uint8]:
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return np.asarray(cv2.cvtColor(rows, cv2.COLOR_BGRA2BGR), np.uint8)


def _fit(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The image centred on a black one of `size` (width, height), as large as it can be."""
    width, height = size
    if image.shape[:2] != (height, width):
        scale = min(width / image.shape[1], height / image.shape[0])
        inside = (round(image.shape[1] * scale) or 1, round(image.shape[0] * scale) or 1)
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        image = np.asarray(cv2.resize(image, inside, interpolation=interpolation), np.uint8)
    right, below = width - image.shape[1], height - image.shape[0]
    if right or below:
        edges = (below // 2, below - below // 2, right // 2, right - right // 2)
        image = np.asarray(cv2.copyMakeBorder(image, *edges, cv2.BORDER_CONSTANT), np.uint8)
    return image
