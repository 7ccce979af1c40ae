"""The probabilities of the last 20 seconds, one curve per class."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QFontMetrics

from ferapp.overlays import label_text, palette
from ferapp.ui.live.slide import RecentShares
from ferapp.ui.timeline.session_history import SessionHistory
from ferapp.ui.timeline.time_plot import SECONDS, TimePlot
from ferapp.ui.widgets import theme

MIN_HEIGHT = 40  # px: everything fits into the smallest window
NAMED = 0.1  # probability from which a line has its name beside it
ROOM = 1  # px between two names


class ProbabilityPlot(TimePlot):
    """Raw values are drawn for the leading class only: seven more lines would hide the curves."""

    def __init__(self, history: SessionHistory) -> None:
        super().__init__(history, min_height=MIN_HEIGHT)
        self._classes = history.classes
        self.curves: list[pg.PlotCurveItem] = []
        self._raw = pg.PlotCurveItem(connect="finite")
        self.names: list[pg.TextItem] = []  # one a class, at the end of its line
        self.setYRange(-0.02, 1.07, padding=0)
        self.getAxis("left").setTicks([[(0, "0"), (0.5, "50"), (1, "100 %")]])
        self.setAccessibleName("Probabilities of the last 20 seconds")
        self.setToolTip(
            "The probabilities of the last 20 seconds, in the colours of the bars; in a file,\n"
            "those of the 20 seconds before the displayed picture.\n"
            "Lines: smoothed; those above 10 % have their names beside them.\n"
            "Faint line: the leading expression, unsmoothed.\n"
            "Gaps: no face, other parts hidden, a pause, a seek or a restart."
        )
        self._build_curves()

    def _build_curves(self) -> None:
        for item in (*self.curves, *self.names):
            self.removeItem(item)
        self.curves = [pg.PlotCurveItem(connect="finite") for _ in self._classes]
        self.names = [
            pg.TextItem(label_text.class_title(name), anchor=(1, 0.5)) for name in self._classes
        ]
        for name in self.names:  # else the ground of one would cover the next
            name.textItem.document().setDocumentMargin(0)
            name.updateTextPos()
        for item in (self._raw, *self.curves, *self.names):
            if item.scene() is None:
                self.addItem(item, ignoreBounds=True)
        self.restyle()

    def recent(self) -> RecentShares:
        """The smoothed values of the last seconds, for a slide."""
        rows = self.history.last(SECONDS)
        return RecentShares(rows.times, rows.smoothed)

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
        self._place_names(smoothed[-1] if has_face else np.zeros(len(self.curves), np.float32))
        if has_face:
            top = int(np.argmax(smoothed[-1]))
            colour = QColor(theme.current().expression(self._classes[top], top))
            faint = QColor(colour)
            faint.setAlphaF(0.25)
            self._raw.setPen(pg.mkPen(faint, width=1))
            self._raw.setData(times, rows.raw[:, top].astype(np.float32))

    def _place_names(self, shares: NDArray[np.float32]) -> None:
        """Names beside the lines above NAMED, so that they do not depend on colours alone.

        As near to their lines as they fit one above another; in a low plot only the highest fit.
        """
        low, high = self.getViewBox().viewRange()[1]
        pixel = (high - low) / max(self.getViewBox().height(), 1)
        line = (QFontMetrics(self.names[0].textItem.font()).height() + ROOM) * pixel
        most = max(1, int((high - low) / line))
        shown = [int(i) for i in np.argsort(-shares) if shares[i] > NAMED][:most]
        for i, name in enumerate(self.names):
            name.setVisible(i in shown)
        places, free = list[float](), high  # from the top
        for i in shown:
            places.append(min(float(shares[i]), free - line / 2))
            free = places[-1] - line / 2
        free = low
        for k in reversed(range(len(shown))):  # those at the bottom move up into the plot
            places[k] = max(places[k], free + line / 2)
            free = places[k] + line / 2
            self.names[shown[k]].setPos(0, places[k])

    def restyle(self) -> None:
        super().restyle()
        colours = theme.current()
        for i, curve in enumerate(self.curves):
            colour = colours.expression(self._classes[i], i)
            curve.setPen(pg.mkPen(colour, width=1))
            self.names[i].setColor(colour)
            self.names[i].fill = pg.mkBrush(palette.to_qcolor(colours.panel, 0.75))  # over curves
            self.names[i].update()
