"""The probabilities of the last 20 seconds, one curve per class."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from ferapp.overlays import label_text, palette
from ferapp.ui.timeline.session_history import SessionHistory
from ferapp.ui.timeline.time_plot import SECONDS, TimePlot
from ferapp.ui.widgets import theme

MIN_HEIGHT = 40  # px: everything fits into the smallest window


class ProbabilityPlot(TimePlot):
    """Raw values are drawn for the leading class only: seven more lines would hide the curves."""

    def __init__(self, history: SessionHistory) -> None:
        super().__init__(history, min_height=MIN_HEIGHT)
        self._classes = history.classes
        self.curves: list[pg.PlotCurveItem] = []
        self._raw = pg.PlotCurveItem(connect="finite")
        self._leader = pg.TextItem(anchor=(1, 0.5))
        self.setYRange(-0.02, 1.07, padding=0)
        self.getAxis("left").setTicks([[(0, "0"), (0.5, "50"), (1, "100 %")]])
        self.setAccessibleName("Probabilities of the last 20 seconds")
        self.setToolTip(
            "The probabilities of the last 20 seconds, in the colours of the bars; in a file,\n"
            "those of the 20 seconds before the displayed picture.\n"
            "Lines: smoothed. Faint line: the leading expression, unsmoothed.\n"
            "Gaps: no face, other parts hidden, a pause, a seek or a restart."
        )
        self._build_curves()

    def _build_curves(self) -> None:
        for curve in self.curves:
            self.removeItem(curve)
        self.curves = [pg.PlotCurveItem(connect="finite") for _ in self._classes]
        for item in (self._raw, *self.curves, self._leader):
            if item.scene() is None:
                self.addItem(item, ignoreBounds=True)
        self.restyle()

    def redraw(self) -> None:
        """Draw what the history has now, if the plot is visible."""
        if not self.is_due():
            return
        if self.history.classes != self._classes:
            self._classes = self.history.classes
            self._build_curves()
        rows = self.history.last(SECONDS)
        times, smoothed = rows.times, rows.smoothed
        for i, curve in enumerate(self.curves):
            curve.setData(times, smoothed[:, i])
        has_face = len(times) > 0 and bool(np.isfinite(smoothed[-1, 0]))
        self._raw.setVisible(has_face)
        self._leader.setVisible(has_face)
        if has_face:
            top = int(np.argmax(smoothed[-1]))
            colour = QColor(theme.current().expression(self._classes[top], top))
            faint = QColor(colour)
            faint.setAlphaF(0.25)
            self._raw.setPen(pg.mkPen(faint, width=1))
            self._raw.setData(times, rows.raw[:, top].astype(np.float32))
            self._leader.setText(label_text.class_title(self._classes[top]), color=colour)
            height = float(smoothed[-1, top])
            self._leader.setPos(0, height - 0.1 if height > 0.5 else height + 0.1)

    def restyle(self) -> None:
        super().restyle()
        colours = theme.current()
        self._leader.fill = pg.mkBrush(palette.to_qcolor(colours.panel, 0.75))  # over the curves
        for i, curve in enumerate(self.curves):
            curve.setPen(pg.mkPen(colours.expression(self._classes[i], i), width=1))
