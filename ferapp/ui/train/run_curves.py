"""Curves over epochs, of one run or of several, with their values under the pointer."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.figure_export import Figure, figure_of, offer_figure
from ferapp.ui.widgets.vertical_scroll import CompactWidget

# in this order; line styles also tell curves apart without colours
_COLOURS = ("happy", "surprise", "fear", "angry", "disgust", "sad", "neutral")
_STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)
_LEGEND_LINES = {Qt.PenStyle.SolidLine: "━", Qt.PenStyle.DashLine: "╍", Qt.PenStyle.DotLine: "┅"}
_AXIS_HEIGHT = 30  # px of the epochs and their title
_MAX_MARKERS = 60  # of a curve; longer ones have none
_SMOOTHING = 40  # the running mean is over this part of a curve
_STAR = 15  # px
_STARRED_Z = 1.0  # a curve with a star is drawn over those that nearly coincide with it


@dataclass(frozen=True, slots=True)
class Curve:
    """`has_markers` marks every value, as for a few validations.

    `is_noisy` values, as of single batches, are drawn faint under their running mean. At the epoch
    `best_at` there is a star; NaN is none. A `is_level` curve is quiet and dashed: a value to beat.
    The curve of an `expression` has its colour.
    """

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    has_markers: bool = False
    is_noisy: bool = False
    best_at: float = math.nan
    is_level: bool = False
    expression: str = ""

    @property
    def has_star(self) -> bool:
        return not math.isnan(self.best_at) and len(self.x) > 0

    def index_at(self, epoch: float) -> int:
        """Of the value that is nearest to an epoch."""
        return int(np.abs(self.x - epoch).argmin())

    def smoothed(self) -> NDArray[np.float64]:
        """(N,) `y`; for noisy values the centred running mean over a fortieth of the curve."""
        if not self.is_noisy:
            return self.y
        window = np.ones(1 + len(self.y) // _SMOOTHING)
        count = np.convolve(np.ones_like(self.y), window, mode="same")
        return np.asarray(np.convolve(self.y, window, mode="same") / count, np.float64)


class _EpochAxis(pg.AxisItem):
    """Ticks at whole epochs, at parts of one only where less than one is shown."""

    def tickSpacing(self, minimum: float, maximum: float, size: float) -> list[tuple[float, float]]:
        levels = super().tickSpacing(minimum, maximum, size)
        if maximum - minimum < 1:
            return list(levels)
        return [level for level in levels if level[0] >= 1] or [(1, 0)]


class _ValueAxis(pg.AxisItem):
    """Numbers with their unit."""

    unit = ""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [text + self.unit for text in super().tickStrings(values, scale, spacing)]


class CurvePlot(CompactWidget):
    """A title, a legend with values, and a plot over epochs.

    The values are those under the pointer; without one those at the marked epoch, where one is,
    else at the stars, else the newest.
    """

    def __init__(self, title: str, tip: str, value_format: str = "{:.3f}") -> None:
        super().__init__()
        self._format = value_format
        self._curves: list[Curve] = []
        self._smoothed: list[NDArray[np.float64]] = []
        self._title = title
        self.title = QLabel(title)
        self.title.setToolTip(tip)
        self.legend = QLabel()
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setWordWrap(True)
        self.plot = self._make_plot(tip)
        self._items: list[tuple[Any, Any]] = []  # for each curve: faint single values, the line
        self._stars = pg.ScatterPlotItem(symbol="star", size=_STAR)
        self._stars.setZValue(2 * _STARRED_Z)
        self.plot.getViewBox().addItem(self._stars, ignoreBounds=True)
        self._marked: float | None = None
        self._cursor, self._mark = pg.InfiniteLine(angle=90), pg.InfiniteLine(angle=90)
        for line in (self._cursor, self._mark):
            line.hide()
            self.plot.addItem(line, ignoreBounds=True)
        self.plot.scene().sigMouseMoved.connect(self._show_values_at)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.title)
        layout.addWidget(self.legend)
        layout.addWidget(self.plot, 1)
        offer_figure(self, self.figure)
        self._apply_theme()

    def figure(self) -> Figure:
        """With its title and legend, to copy or save."""
        return figure_of(self, self._title, self.plot.accessibleDescription())

    def _make_plot(self, tip: str) -> pg.PlotWidget:
        epochs, values = _EpochAxis("bottom"), _ValueAxis("left")
        epochs.setLabel("epoch")
        epochs.setHeight(_AXIS_HEIGHT)
        for axis in (epochs, values):  # else the first epoch is labelled "(x0.001)"
            axis.enableAutoSIPrefix(False)
        values.unit = "\u00a0%" if self._format.endswith("%") else ""
        plot = pg.PlotWidget(axisItems={"bottom": epochs, "left": values})
        plot.getPlotItem().layout.setContentsMargins(1, 8, 8, 1)  # room for the outer labels
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(False, False)
        plot.setToolTip(tip)
        plot.setAccessibleName(self._title)
        plot.setMinimumHeight(90)
        plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        return plot

    def show_curves(self, curves: list[Curve]) -> None:
        """Empty curves are left out."""
        self._curves = [curve for curve in curves if len(curve.x)]
        self._smoothed = [curve.smoothed() for curve in self._curves]
        while len(self._items) > len(self._curves):
            for item in self._items.pop():
                self.plot.removeItem(item)
        while len(self._items) < len(self._curves):
            self._items.append((self.plot.plot(), self.plot.plot()))
        for axis in ("left", "bottom"):  # without a curve the numbers mean nothing
            self.plot.getAxis(axis).setStyle(showValues=bool(self._curves))
        for index in range(len(self._curves)):
            self._draw(index)
        self._draw_stars()
        self._update_legend(None)

    def mark_epoch(self, epoch: float) -> None:
        """Draw a line at an epoch, whose values the legend has from now on."""
        self._marked = epoch
        self._mark.setPos(epoch)
        self._mark.show()
        self._update_legend(None)

    def _draw(self, index: int) -> None:
        curve, (noise_item, line_item) = self._curves[index], self._items[index]
        colour, style = self._line_style(index)
        faint = QColor(colour)
        faint.setAlpha(50)
        noise = (curve.x, curve.y) if curve.is_noisy else ([], [])
        noise_item.setData(*noise, pen=pg.mkPen(faint))
        line_item.setData(
            curve.x,
            self._smoothed[index],
            pen=pg.mkPen(colour, width=1, style=style),
            symbol="o" if curve.has_markers and len(curve.x) < _MAX_MARKERS else None,
            symbolSize=4,
            symbolBrush=colour,
            symbolPen=None,
        )
        line_item.setZValue(_STARRED_Z if curve.has_star else 0)

    def _draw_stars(self) -> None:
        plate = theme.current().panel
        self._stars.setData(
            [
                {
                    "pos": (curve.best_at, smoothed[curve.index_at(curve.best_at)]),
                    "brush": self._line_style(index)[0],
                    "pen": plate,
                }
                for index, (curve, smoothed) in enumerate(
                    zip(self._curves, self._smoothed, strict=True)
                )
                if curve.has_star
            ]
        )

    def legend_values(self, at: float | None = None) -> list[tuple[str, str]]:
        """Name and value of each curve at an epoch; None is that of the star, else the end."""
        stars = self._best_epochs()
        values = []
        for curve, smoothed in zip(self._curves, self._smoothed, strict=True):
            common = next(iter(stars)) if len(stars) == 1 else math.nan
            epoch = at if at is not None else curve.best_at if curve.has_star else common
            index = -1 if math.isnan(epoch) else curve.index_at(epoch)
            values.append((curve.name, self._format.format(smoothed[index])))
        return values

    def _best_epochs(self) -> set[float]:
        return {curve.best_at for curve in self._curves if curve.has_star}

    def _when(self, at: float | None) -> str:
        """Of which epoch the legend's values are."""
        stars = self._best_epochs()
        if at is not None:
            return f" · epoch {at:.1f}".removesuffix(".0")
        if len(stars) == 1:
            return f" · ★ epoch {math.ceil(next(iter(stars)))}"
        if stars:
            return " · ★ each at its best epoch"
        newest = max((curve.x[-1] for curve in self._curves), default=math.nan)
        return "" if math.isnan(newest) else f" · epoch {newest:.1f}".removesuffix(".0")

    def _update_legend(self, at: float | None) -> None:
        at = self._marked if at is None else at
        values = self.legend_values(at)
        entries = []
        for index, (name, value) in enumerate(values):
            colour, style = self._line_style(index)
            entry = f"{_LEGEND_LINES[style]}</span> {name} <b>{value}</b>"
            entry = entry.replace(" ", "\u00a0")  # wrap between entries only
            entries.append(f'<span style="color:{colour}">{entry}')
        self.legend.setText("&nbsp;&nbsp; ".join(entries))
        self.title.setText(self._title + self._when(at))
        self.plot.setAccessibleDescription(", ".join(f"{name} {value}" for name, value in values))

    def _show_values_at(self, position: QPointF) -> None:
        inside = self.plot.sceneBoundingRect().contains(position) and bool(self._curves)
        self._cursor.setVisible(inside)
        if inside:
            x = float(self.plot.getViewBox().mapSceneToView(position).x())
            self._cursor.setPos(x)
            self._update_legend(x)
        else:
            self._update_legend(None)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._cursor.hide()
        self._update_legend(None)

    def _apply_theme(self) -> None:
        colours = theme.current()
        self.plot.setBackground(colours.panel)
        for axis in ("left", "bottom"):
            self.plot.getAxis(axis).setPen(pg.mkPen(colours.line))
            self.plot.getAxis(axis).setTextPen(pg.mkPen(colours.muted))
            self.plot.getAxis(axis).setTickFont(theme.sized(self.font(), 0.8))
        self.plot.getAxis("bottom").label.setFont(theme.sized(self.font(), 0.8))
        self.plot.getAxis("left").setWidth(44)
        self._cursor.setPen(pg.mkPen(colours.muted, width=1))
        self._mark.setPen(pg.mkPen(colours.accent, width=2))
        self.show_curves(self._curves)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        is_style = event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange)
        if is_style and hasattr(self, "_cursor"):
            self._apply_theme()

    def _line_style(self, index: int) -> tuple[str, Qt.PenStyle]:
        """Colour and line style of the curve with this index."""
        curve = self._curves[index]
        if curve.is_level:
            return QColor(theme.current().muted).name(), Qt.PenStyle.DashLine
        expression = curve.expression or _COLOURS[index % len(_COLOURS)]
        colour = theme.current().expression(expression, index)
        return QColor(colour).name(), _STYLES[index // len(_COLOURS) % len(_STYLES)]
