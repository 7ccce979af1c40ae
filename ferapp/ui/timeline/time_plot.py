"""A plot of the last 20 seconds: the base of the plots of probabilities and of signals."""

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QSizePolicy

from ferapp.ui.timeline.session_history import SessionHistory
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.text_size import scaled

SECONDS = 20.0
_READABLE = 72  # px of height


class TimePlot(pg.PlotWidget):
    """What `history` has of the selected face, up to its cursor: in a file the place displayed.

    Pens of width 1 and fixed ranges: wider pens and automatic ranges cost several times more.
    """

    def __init__(self, history: SessionHistory, min_height: int) -> None:
        """`min_height` in px."""
        super().__init__(enableMenu=False)
        self.history = history
        self._drawn = -1  # the revision of the history that is drawn
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
        self._drawn = -1

    def is_due(self) -> bool:
        """Whether there is something new and visible to draw; call it once for each drawing."""
        if self._drawn == self.history.revision or not self.isVisible():
            return False
        self._drawn = self.history.revision
        return True

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        is_style = event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange)
        if is_style and hasattr(self, "curves"):
            self.restyle()
