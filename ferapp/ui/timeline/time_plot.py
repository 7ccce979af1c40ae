"""A plot of the last 20 seconds: the base of the plots of probabilities and of signals."""

from collections.abc import Hashable

import pyqtgraph as pg
from numpy import float32
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QSizePolicy

from ferapp.sources.base import Frame
from ferapp.ui.timeline.history import History
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.text_size import scaled

SECONDS = 20.0
_CAPACITY = 1500  # 20 s at 60 analyses a second and some
_BREAK = object()  # a subject equal to no other
_READABLE = 72  # px of height


class TimePlot(pg.PlotWidget):
    """Pens of width 1 and fixed ranges: wider pens and automatic ranges cost several times more."""

    def __init__(self, width: int, min_height: int) -> None:
        """`width` values at a time, `min_height` in px."""
        super().__init__(enableMenu=False)
        self.history = History(width, _CAPACITY)
        self._subject: Hashable = None  # of the newest values, with its segment; None after a gap
        self._source = ""
        self._changed = False
        self.setMouseEnabled(False, False)
        self.hideButtons()
        self.setXRange(-SECONDS, 0, padding=0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._min_height = min_height
        self.plotItem.setContentsMargins(0, 4, 0, 0)  # half the height of the uppermost word
        self.setMaximumHeight(420)
        self.getAxis("bottom").setTicks([[(-15, "−15 s"), (-10, "−10 s"), (-5, "−5 s")]])
        for axis in ("left", "bottom"):
            self.getAxis(axis).setStyle(tickLength=0, tickTextOffset=4)

    def sizeHint(self) -> QSize:
        return QSize(300, 96)  # the minimum; the plot takes the room that is left

    def clear_history(self, width: int) -> None:
        """Start an empty plot with `width` values at a time."""
        self.history = History(width, _CAPACITY)
        self._subject = None

    def interrupt(self) -> None:
        """Begin the next values after a gap: frames in between were not plotted."""
        if self._subject is not None:
            self._subject = _BREAK

    def append_gap(self, frame: Frame) -> None:
        """Nothing was measured on `frame`."""
        self._follow_source(frame)
        self.history.append_gap(frame.captured_at)
        self._subject = None

    def append(
        self, frame: Frame, subject: Hashable, values: NDArray[float32], raw: NDArray[float32]
    ) -> None:
        """Append the values that were measured on `frame`.

        Another segment or another subject starts after a gap; another source clears the plot.
        """
        self._follow_source(frame)
        key = (subject, frame.segment)
        if self._subject not in (None, key):
            self.history.append_gap(frame.captured_at)
        self.history.append(frame.captured_at, values, raw)
        self._subject = key

    def _follow_source(self, frame: Frame) -> None:
        self._changed = True
        if frame.source != self._source:
            self._source = frame.source
            self.clear_history(self.history.width)

    def set_min_height(self, height: int) -> None:
        """In px with text of the usual size. Larger text makes its surroundings scroll anyway."""
        self._min_height = height
        is_larger = scaled(100) > 100
        self.setMinimumHeight(max(height, scaled(_READABLE)) if is_larger else height)

    def restyle(self) -> None:
        """Apply the colours of the theme."""
        colours = theme.current()
        self.setBackground(colours.panel)
        for axis in ("left", "bottom"):
            self.getAxis(axis).setPen(pg.mkPen(colours.line))
            self.getAxis(axis).setTextPen(pg.mkPen(colours.muted))
            self.getAxis(axis).setTickFont(theme.sized(self.font(), 0.85))
        self.set_min_height(self._min_height)
        self.getAxis("bottom").setHeight(scaled(18))
        self.getAxis("left").setWidth(self.fontMetrics().horizontalAdvance("100 %") + 8)
        self._changed = True

    def is_due(self) -> bool:
        """Whether there is something new and visible to draw; call it once for each drawing."""
        if not self._changed or not self.isVisible():
            return False
        self._changed = False
        return True

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        is_style = event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange)
        if is_style and hasattr(self, "curves"):
            self.restyle()
