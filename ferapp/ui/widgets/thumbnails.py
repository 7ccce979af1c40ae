"""A cache of small pictures of samples, read in a thread of their own, newest request first."""

import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from ferapp.overlays.overlay_painter import grey_image, picture_image
from ferapp.review.classify_pictures import ReadPicture
from trainer.errors import FerError

CACHE_SIZE = 4000  # pictures; 48 × 48 px take 10 MB
MAX_REQUESTS = 400  # older ones have scrolled out of view
COLLECT_MS = 15
MAX_PER_COLLECT = 60  # pictures converted at a time, so that the window stays responsive


class ThumbnailCache(QObject):
    """`image` is the picture of a row, None until it was read; `arrived` has newly read rows."""

    arrived = Signal(list)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._images: OrderedDict[int, QImage | None] = OrderedDict()
        self._reader = _ThumbnailReader()
        self._timer = QTimer(self, interval=COLLECT_MS)
        self._timer.timeout.connect(self._collect)

    def read_with(self, read_picture: ReadPicture | None) -> None:
        """Forget all pictures, and read others from now on; None reads none."""
        self._images.clear()
        self._reader.read_with(read_picture)

    def image(self, row: int) -> QImage | None:
        if row in self._images:
            self._images.move_to_end(row)
            return self._images[row]
        self._reader.request(row)
        if not self._timer.isActive():
            self._timer.start()
        return None

    def close(self) -> None:
        self._timer.stop()
        self._reader.close()

    def _collect(self) -> None:
        pictures, is_idle = self._reader.take(MAX_PER_COLLECT)
        for row, picture in pictures:
            self._images[row] = _image(picture) if picture is not None else None
        while len(self._images) > CACHE_SIZE:
            self._images.popitem(last=False)
        if pictures:
            self.arrived.emit([row for row, _ in pictures])
        if is_idle:
            self._timer.stop()


def _image(picture: NDArray[np.uint8]) -> QImage:
    """Of (H, W) grey or (H, W, 4) BGRX."""
    return grey_image(picture) if picture.ndim == 2 else picture_image(picture)


class _ThumbnailReader:
    """The reading thread. It touches no QObject."""

    def __init__(self) -> None:
        self._read_picture: ReadPicture | None = None
        self._generation = 0  # counts `read_with`, so that late pictures of others are dropped
        self._requests: OrderedDict[int, None] = OrderedDict()
        self._done: list[tuple[int, NDArray[np.uint8] | None]] = []
        self._change = threading.Condition()
        self._busy = self._closing = False
        self._thread = threading.Thread(target=self._run, name="thumbnails", daemon=True)
        self._thread.start()

    def read_with(self, read_picture: ReadPicture | None) -> None:
        with self._change:
            self._read_picture, self._generation = read_picture, self._generation + 1
            self._requests.clear()
            self._done.clear()

    def request(self, row: int) -> None:
        with self._change:
            if self._read_picture is None:
                return
            self._requests[row] = None
            self._requests.move_to_end(row)
            while len(self._requests) > MAX_REQUESTS:
                self._requests.popitem(last=False)
            self._change.notify()

    def take(self, count: int) -> tuple[list[tuple[int, NDArray[np.uint8] | None]], bool]:
        """Up to `count` pictures with their rows, and whether no more will come."""
        with self._change:
            pictures, self._done = self._done[:count], self._done[count:]
            return pictures, not (self._done or self._requests or self._busy)

    def close(self) -> None:
        with self._change:
            self._closing = True
            self._change.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._requests or self._closing)
                if self._closing:
                    return
                row, _ = self._requests.popitem()
                read_picture, generation = self._read_picture, self._generation
                self._busy = True
            try:
                picture = read_picture(row) if read_picture is not None else None
            except (OSError, ValueError, FerError):  # the file is gone: the frame stays empty
                picture = None
            with self._change:
                self._busy = False
                if generation == self._generation:
                    self._done.append((row, picture))
