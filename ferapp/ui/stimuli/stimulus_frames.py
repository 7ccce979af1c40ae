"""The pictures of one stimulus as a screen shows them, decoded and scaled ahead in a thread."""

import logging
import threading
from collections import deque
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from ferapp.sources.base import SourceError
from trainer.errors import error_text

log = logging.getLogger(__name__)

AHEAD = 6  # pictures of a video that wait


class StimulusFrames:
    """A picture, or the frames of a video without its sound, as large as they fit the screen.

    `pixels` are the screen's width and height, `ratio` those of a pixel of the window. Times are
    seconds from the first frame.
    """

    def __init__(self, path: Path, pixels: tuple[int, int], ratio: float) -> None:
        self.failure = ""  # why there is nothing (more) to show, for a person
        self._path, self._room, self._ratio = path, QSize(*pixels), ratio
        self._frames: deque[tuple[float, QImage]] = deque()
        self._changed = threading.Condition()
        self._is_over = self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="stimulus", daemon=True)
        self._thread.start()

    @property
    def is_ready(self) -> bool:
        """Whether the first picture is there, or never will be."""
        with self._changed:
            return bool(self._frames) or self._is_over

    @property
    def is_over(self) -> bool:
        """Whether no frame follows."""
        with self._changed:
            return self._is_over and not self._frames

    def take(self, elapsed_s: float) -> QImage | None:
        """The newest frame that is due; those that it overtakes are dropped. None: none is."""
        newest = None
        with self._changed:
            while self._frames and self._frames[0][0] <= elapsed_s:
                newest = self._frames.popleft()[1]
            self._changed.notify()
        return newest

    def next_s(self) -> float | None:
        """When the next frame is due; None while none waits."""
        with self._changed:
            return self._frames[0][0] if self._frames else None

    def close(self) -> None:
        """The thread ends after the frame that it decodes."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()

    # --- in the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        from ferapp.sources.uri import open_source

        try:
            with closing(open_source(str(self._path))) as source:
                begin_s = None
                while (frame := source.read()) is not None:
                    begin_s = frame.time_s if begin_s is None else begin_s
                    if not self._put(frame.time_s - begin_s, self._scaled(frame.image)):
                        break
        except SourceError as error:
            self.failure = str(error)
        except Exception as error:  # the screen must not wait for a thread that died
            log.exception("A stimulus cannot be shown")
            self.failure = error_text(error)
        finally:
            with self._changed:
                self._is_over = True

    def _put(self, time_s: float, image: QImage) -> bool:
        """Wait for room; False when nobody wants it any more."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._frames) < AHEAD or self._is_closing)
            if not self._is_closing:
                self._frames.append((time_s, image))
            return not self._is_closing

    def _scaled(self, picture: NDArray[np.uint8]) -> QImage:
        """Of (H, W, 3) BGR, uncropped, filling the screen in one direction."""
        height, width = picture.shape[:2]
        image = QImage(
            np.ascontiguousarray(picture).data,
            width,
            height,
            3 * width,
            QImage.Format.Format_BGR888,
        )
        size = image.size().scaled(self._room, Qt.AspectRatioMode.KeepAspectRatio)
        smooth = Qt.TransformationMode.SmoothTransformation
        ignore = Qt.AspectRatioMode.IgnoreAspectRatio
        scaled = image.convertToFormat(QImage.Format.Format_RGB32).scaled(size, ignore, smooth)
        scaled.setDevicePixelRatio(self._ratio)
        return scaled
