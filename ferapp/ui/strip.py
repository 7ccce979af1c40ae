"""The probability strip: the last 20 seconds, one curve per class."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QSizePolicy

from ferapp.ui import theme, wording
from ferapp.ui.traces import Traces
from ferapp.vision.analysis import Analysis
from ferapp.vision.parts import Part
from trainer.labels import EXPRESSIONS

SECONDS = 20.0
_CAPACITY = 1500  # 20 s at 60 analyses a second and some


class ProbabilityStrip(pg.PlotWidget):
    """Pens of width 1 and fixed ranges: wider pens and automatic ranges cost several times more.

    The raw trace is drawn for the leading class only: seven more lines would hide the curves.
    """

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.traces = Traces(len(EXPRESSIONS), _CAPACITY)
        self._classes: tuple[str, ...] = EXPRESSIONS
        self._source: tuple[int, frozenset[Part]] | None = None  # face, and what is hidden of it
        self._changed = False
        self.curves: list[pg.PlotCurveItem] = []
        self._raw = pg.PlotCurveItem(connect="finite")
        self._leader = pg.TextItem(anchor=(1, 0.5))
        self.setMouseEnabled(False, False)
        self.hideButtons()
        self.setXRange(-SECONDS, 0, padding=0)
        self.setYRange(-0.02, 1.07, padding=0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(40)
        self.plotItem.setContentsMargins(0, 4, 0, 0)  # half the height of the word at 100 %
        self.setMaximumHeight(420)
        self.getAxis("left").setTicks([[(0, "0"), (0.5, "50"), (1, "100 %")]])
        self.getAxis("bottom").setTicks([[(-15, "−15 s"), (-10, "−10 s"), (-5, "−5 s")]])
        self.getAxis("bottom").setHeight(18)
        self.getAxis("left").setWidth(self.fontMetrics().horizontalAdvance("100 %") + 8)
        for axis in ("left", "bottom"):
            self.getAxis(axis).setStyle(tickLength=0, tickTextOffset=4)
        self.setAccessibleName("Probabilities of the last 20 seconds")
        self.setToolTip(
            "The probabilities of the last 20 seconds, in the colours of the bars.\n"
            "Lines: smoothed. Faint line: the leading expression, each picture alone.\n"
            "Gaps: no face, another face is followed, or other parts were hidden."
        )
        self._build_curves()

    def sizeHint(self) -> QSize:
        return QSize(300, 96)  # the least; it takes what is left

    def _build_curves(self) -> None:
        for curve in self.curves:
            self.removeItem(curve)
        self.curves = [pg.PlotCurveItem(connect="finite") for _ in self._classes]
        for item in (self._raw, *self.curves, self._leader):
            if item.scene() is None:
                self.addItem(item, ignoreBounds=True)
        self._dress()

    def push(self, analysis: Analysis) -> None:
        """Note one analysis. Drawing waits for `redraw`."""
        if analysis.classes and analysis.classes != self._classes:
            self._classes = analysis.classes
            self.traces = Traces(len(self._classes), _CAPACITY)
            self._build_curves()
        self._changed = True
        time = analysis.frame.captured_at
        face = analysis.face
        if face is None or len(face.smoothed) != len(self._classes):
            self._source = None
            self.traces.push_gap(time)
            return
        source = (face.face_id, analysis.hidden)
        if self._source not in (None, source):
            self.traces.push_gap(time)
        self._source = source
        self.traces.push(time, face.smoothed, face.probabilities)

    def redraw(self) -> None:
        """Draw what was pushed, if anybody can see it."""
        if not self._changed or not self.isVisible():
            return
        self._changed = False
        times, smoothed, raw = self.traces.last(SECONDS)
        for i, curve in enumerate(self.curves):
            curve.setData(times, smoothed[:, i])
        seen = len(times) > 0 and bool(np.isfinite(smoothed[-1, 0]))
        self._raw.setVisible(seen)
        self._leader.setVisible(seen)
        if seen:
            top = int(np.argmax(smoothed[-1]))
            colour = QColor(theme.current().expression(self._classes[top], top))
            faint = QColor(colour)
            faint.setAlphaF(0.25)
            self._raw.setPen(pg.mkPen(faint, width=1))
            self._raw.setData(times, raw[:, top])
            self._leader.setText(wording.title(self._classes[top]), color=colour)
            height = float(smoothed[-1, top])
            self._leader.setPos(0, height - 0.1 if height > 0.5 else height + 0.1)

    def _dress(self) -> None:
        look = theme.current()
        self.setBackground(look.panel)
        for axis in ("left", "bottom"):
            self.getAxis(axis).setPen(pg.mkPen(look.line))
            self.getAxis(axis).setTextPen(pg.mkPen(look.muted))
            self.getAxis(axis).setTickFont(theme.sized(self.font(), 0.85))
        self._leader.fill = pg.mkBrush(theme.colour(look.panel, 0.75))  # over the curves
        for i, curve in enumerate(self.curves):
            curve.setPen(pg.mkPen(look.expression(self._classes[i], i), width=1))
        self._changed = True

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "curves"):
            self._dress()
