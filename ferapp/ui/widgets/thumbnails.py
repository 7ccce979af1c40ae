"""Small pictures of samples, read in a thread of their own, the last asked for first."""

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from ferapp.overlays.overlay_painter import grey_image

KEPT = 4000  # pictures of 48 × 48 px take 10 MB
WAITING = 400  # older wishes have scrolled out of sight
COLLECT_MS = 15
AT_ONCE = 60  # pictures taken over at a time: the window stays awake

Read = Callable[[int], NDArray[np.uint8] | None]


class Thumbnails(QObject):
    """`image` of a row, or None until it was read; `arrived` tells of rows that were."""

    arrived = Signal(list)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._kept: OrderedDict[int, QImage | None] = OrderedDict()
        self._reader = _Reader()
        self._timer = QTimer(self, interval=COLLECT_MS)
        self._timer.timeout.connect(self._collect)

    def read_from(self, read: Read | None) -> None:
        """Other pictures from now on; None is none."""
        self._kept.clear()
        self._reader.read_from(read)

    def image(self, row: int) -> QImage | None:
        if row in self._kept:
            self._kept.move_to_end(row)
            return self._kept[row]
        self._reader.ask(row)
        if not self._timer.isActive():
            self._timer.start()
        return None

    def close(self) -> None:
        self._timer.stop()
        self._reader.close()

    def _collect(self) -> None:
        rows, resting = self._reader.take(AT_ONCE)
        for row, picture in rows:
            self._kept[row] = grey_image(picture) if picture is not None else None
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        if rows:
            self.arrived.emit([row for row, _ in rows])
        if resting:
            self._timer.stop()


class _Reader:
    """No QObject lives in its thread."""

    def __init__(self) -> None:
        self._read: Read | None = None
        self._round = 0
        self._wanted: OrderedDict[int, None] = OrderedDict()
        self._done: list[tuple[int, NDArray[np.uint8] | None]] = []
        self._change = threading.Condition()
        self._busy = self._closing = False
        self._thread = threading.Thread(target=self._run, name="thumbnails", daemon=True)
        self._thread.start()

    def read_from(self, read: Read | None) -> None:
        with self._change:
            self._read, self._round = read, self._round + 1
            self._wanted.clear()
            self._done.clear()

    def ask(self, row: int) -> None:
        with self._change:
            if self._read is None:
                return
            self._wanted[row] = None
            self._wanted.move_to_end(row)
            while len(self._wanted) > WAITING:
                self._wanted.popitem(last=False)
            self._change.notify()

    def take(self, count: int) -> tuple[list[tuple[int, NDArray[np.uint8] | None]], bool]:
        """Some that were read, and whether nothing more is to come."""
        with self._change:
            taken, self._done = self._done[:count], self._done[count:]
            return taken, not (self._done or self._wanted or self._busy)

    def close(self) -> None:
        with self._change:
            self._closing = True
            self._change.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._wanted or self._closing)
                if self._closing:
                    return
                row, _ = self._wanted.popitem()
                read, number, self._busy = self._read, self._round, True
            try:
                picture = read(row) if read is not None else None
            except (OSError, ValueError):  # the file went away: the frame stays empty
                picture = None
            with self._change:
                self._busy = False
                if number == self._round:
                    self._done.append((row, picture))
