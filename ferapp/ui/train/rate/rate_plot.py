"""The loss over the learning rate, with the rate that is suggested."""

import math

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.figure_export import Figure, figure_of, offer_figure
from trainer.training.rate_curve import HIGHEST, LOWEST, RateCurve

_FAINT = 0.4  # opacity of single steps
TITLE = "Loss over the learning rate"
TIP = (
    "Left, the rate is too small and the loss stays. Then it falls. Right, the rate is too large\n"
    "and the loss explodes. Faint: the loss of each step. Line: their running mean.\n"
    "Dashed: the suggestion, a tenth of the rate at which the mean is lowest."
)


class _RateAxis(pg.AxisItem):
    def logTickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Plain numbers, as the form shows the rate."""
        return [f"{10**value:g}" for value in values]


class RatePlot(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._curve: RateCurve | None = None
        self.plot = pg.PlotWidget(axisItems={"bottom": _RateAxis("bottom")})
        self.plot.setLogMode(x=True, y=False)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setMouseEnabled(False, False)
        self.plot.setAccessibleName(TITLE)
        self.plot.setXRange(math.log10(LOWEST), math.log10(HIGHEST), padding=0.02)
        self.setToolTip(TIP)
        self._each, self._mean = self.plot.plot(), self.plot.plot()
        self.suggestion = pg.InfiniteLine(angle=90)
        self.suggestion.hide()
        self.plot.addItem(self.suggestion, ignoreBounds=True)
        for axis, title in (("bottom", "learning rate"), ("left", "training loss")):
            self.plot.getAxis(axis).enableAutoSIPrefix(False)
            self.plot.getAxis(axis).setLabel(title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        offer_figure(self, self._figure)
        self._apply_theme()

    def show_curve(self, curve: RateCurve, suggestion: float | None) -> None:
        """`suggestion` is drawn where there is one."""
        self._curve = curve
        self._each.setData(curve.rates, curve.losses)
        self._mean.setData(curve.rates, curve.smooth)
        if len(curve.rates):
            low = float(curve.smooth.min())
            high = float(curve.smooth[: curve.lowest + 1].max())  # an explosion needs no room
            self.plot.setYRange(low - 0.3 * (high - low), high + 0.5 * (high - low))
        self.suggestion.setVisible(suggestion is not None)
        if suggestion is not None:
            self.suggestion.setPos(math.log10(suggestion))
        text = "no suggestion yet" if suggestion is None else f"suggestion {suggestion:g}"
        self.plot.setAccessibleDescription(f"{len(curve.rates)} steps, {text}")

    def _figure(self) -> Figure:
        return figure_of(self, TITLE, self.plot.accessibleDescription())

    def _apply_theme(self) -> None:
        colours = theme.current()
        self.plot.setBackground(colours.panel)
        for name in ("left", "bottom"):
            axis = self.plot.getAxis(name)
            axis.setPen(pg.mkPen(colours.line))
            axis.setTextPen(pg.mkPen(colours.muted))
            axis.setTickFont(theme.sized(self.font(), 0.8))
        faint = QColor(colours.muted)
        faint.setAlphaF(_FAINT)
        self._each.setPen(pg.mkPen(faint))
        self._mean.setPen(pg.mkPen(colours.accent))
        self.suggestion.setPen(pg.mkPen(colours.warning, style=Qt.PenStyle.DashLine))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        is_style = event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange)
        if is_style and hasattr(self, "suggestion"):
            self._apply_theme()
