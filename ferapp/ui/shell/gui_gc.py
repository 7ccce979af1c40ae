"""Cyclic garbage is collected on the GUI thread only.

Automatic collection runs in whichever thread allocates. In a worker it may destroy Qt objects,
which crashes (napari/napari#1029).
"""

import gc

from PySide6.QtCore import QObject, QTimer

INTERVAL_MS = 2000


class GuiGarbageCollector(QObject):
    """Replaces automatic collection until `stop`."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, interval=INTERVAL_MS)
        self._timer.timeout.connect(self.collect)
        gc.disable()
        self._timer.start()

    def collect(self) -> None:
        """The oldest generation over its threshold, as the interpreter would."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > thresholds[generation]:
                gc.collect(generation)
                return

    def stop(self) -> None:
        self._timer.stop()
        gc.enable()
