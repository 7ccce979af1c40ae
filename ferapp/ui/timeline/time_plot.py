"""A plot of the last 20 seconds: what the strips of probabilities and of signals have in common."""

from collections.abc import Hashable

import pyqtgraph as pg
from numpy import float32
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QSizePolicy

from ferapp.sources.base import Frame
from ferapp.ui.timeline.history import Traces
from ferapp.ui.widgets import theme

SECONDS = 20.0
_CAPACITY = 1500  # 20 s at 60 analyses a second and some
_OTHER = object()  # of what nothing is


class TimeStrip(pg.PlotWidget):
    """Pens of width 1 and fixed ranges: wider pens and automatic ranges cost several times more."""

    def __init__(self, width: int, least: int) -> None:
        """`width` values at a time, `least` px high."""
        super().__init__(enableMenu=False)
        self.traces = Traces(width, _CAPACITY)
        self._of: Hashable = None  # what the newest values are of; None after a gap
        self._source = ""  # what the pictures are of
        self._changed = False
        self.setMouseEnabled(False, False)
        self.hideButtons()
        self.setXRange(-SECONDS, 0, padding=0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(least)
        self.plotItem.setContentsMargins(0, 4, 0, 0)  # half the height of the uppermost word
        self.setMaximumHeight(420)
        self.getAxis("bottom").setTicks([[(-15, "−15 s"), (-10, "−10 s"), (-5, "−5 s")]])
        self.getAxis("bottom").setHeight(18)
        self.getAxis("left").setWidth(self.fontMetrics().horizontalAdvance("100 %") + 8)
        for axis in ("left", "bottom"):
            self.getAxis(axis).setStyle(tickLength=0, tickTextOffset=4)

    def sizeHint(self) -> QSize:
        return QSize(300, 96)  # the least; it takes what is left

    def begin_anew(self, width: int) -> None:
        """Forget all; `width` values at a time from now on."""
        self.traces = Traces(width, _CAPACITY)
        self._of = None

    def break_off(self) -> None:
        """What comes next does not follow from what came last: it begins after a gap."""
        if self._of is not None:
            self._of = _OTHER

    def note(
        self, frame: Frame, of: Hashable, values: NDArray[float32], raw: NDArray[float32]
    ) -> None:
        """Append what was measured on `frame`; another `of` begins after a gap.

        So does what plays on after a pause, a seek or a new round. Another source begins anew.
        """
        self._mind_source(frame)
        key = (of, frame.since)
        if self._of not in (None, key):
            self.traces.push_gap(frame.captured_at)
        self.traces.push(frame.captured_at, values, raw)
        self._of = key

    def note_gap(self, frame: Frame) -> None:
        """Nothing was measured on `frame`."""
        self._mind_source(frame)
        self.traces.push_gap(frame.captured_at)
        self._of = None

    def _mind_source(self, frame: Frame) -> None:
        self._changed = True
        if frame.source != self._source:
            self._source = frame.source
            self.begin_anew(self.traces.width)

    def dress(self) -> None:
        """In the colours of the theme."""
        look = theme.current()
        self.setBackground(look.panel)
        for axis in ("left", "bottom"):
            self.getAxis(axis).setPen(pg.mkPen(look.line))
            self.getAxis(axis).setTextPen(pg.mkPen(look.muted))
            self.getAxis(axis).setTickFont(theme.sized(self.font(), 0.85))
        self._changed = True

    def due(self) -> bool:
        """Whether there is something new that anybody can see; asked once for each drawing."""
        if not self._changed or not self.isVisible():
            return False
        self._changed = False
        return True

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "curves"):
            self.dress()
