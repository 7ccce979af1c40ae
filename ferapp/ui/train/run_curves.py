"""Curves over epochs: of one run or of several, with their values under the pointer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from ferapp.ui.widgets import theme

# by their order; styles tell them apart without colours
_COLOURS = ("happy", "surprise", "fear", "angry", "disgust", "sad", "neutral")
_STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)


_BELOW = 30  # px of the epochs and their title


@dataclass(frozen=True, slots=True)
class Curve:
    """`points` marks each value: few of them, as of validations.

    `scattered` values, as of single batches, are drawn faintly, and their running mean clearly.
    """

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    points: bool = False
    scattered: bool = False

    def means(self) -> NDArray[np.float64]:
        """(N,) `y`, of scattered values the mean over the fortieth part around each."""
        if not self.scattered:
            return self.y
        window = np.ones(1 + len(self.y) // 40)
        count = np.convolve(np.ones_like(self.y), window, mode="same")
        return np.asarray(np.convolve(self.y, window, mode="same") / count, np.float64)


class _Epochs(pg.AxisItem):
    """Whole numbers; parts of an epoch only where less than one is shown."""

    def tickSpacing(self, least: float, most: float, size: float) -> list[tuple[float, float]]:
        levels = super().tickSpacing(least, most, size)
        if most - least < 1:
            return list(levels)
        return [level for level in levels if level[0] >= 1] or [(1, 0)]


class _Values(pg.AxisItem):
    """The unit stands behind each number."""

    unit = ""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [text + self.unit for text in super().tickStrings(values, scale, spacing)]


class CurvePlot(QWidget):
    """Title, legend with the newest values in the format `form`, plot over epochs."""

    def __init__(self, title: str, tip: str, form: str = "{:.3f}") -> None:
        super().__init__()
        self._form = form
        self._curves: list[Curve] = []
        self._means: list[NDArray[np.float64]] = []
        self._title = title
        self.title = QLabel(title)
        self.title.setToolTip(tip)
        self.legend = QLabel()
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setWordWrap(True)
        across, up = _Epochs("bottom"), _Values("left")
        across.setLabel("epoch")
        across.setHeight(_BELOW)
        up.unit = "\u00a0%" if form.endswith("%") else ""
        self.plot = pg.PlotWidget(axisItems={"bottom": across, "left": up})
        self.plot.getPlotItem().layout.setContentsMargins(1, 8, 8, 1)  # labels at the ends
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.plot.setMouseEnabled(False, False)
        self.plot.setToolTip(tip)
        self.plot.setAccessibleName(title)
        self.plot.setMinimumHeight(90)
        self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._items: list[tuple[Any, Any]] = []  # single values, faint; the curve
        self._line = pg.InfiniteLine(angle=90)
        self._line.hide()
        self.plot.addItem(self._line, ignoreBounds=True)
        self.plot.scene().sigMouseMoved.connect(self._point)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.title)
        layout.addWidget(self.legend)
        layout.addWidget(self.plot, 1)
        self._dress()

    def show_curves(self, curves: list[Curve]) -> None:
        """Empty ones are left out."""
        self._curves = [curve for curve in curves if len(curve.x)]
        while len(self._items) > len(self._curves):
            for item in self._items.pop():
                self.plot.removeItem(item)
        while len(self._items) < len(self._curves):
            self._items.append((self.plot.plot(), self.plot.plot()))
        self._means = [curve.means() for curve in self._curves]
        for axis in ("left", "bottom"):  # without a curve its numbers mean nothing
            self.plot.getAxis(axis).setStyle(showValues=bool(self._curves))
        for index, ((single, item), curve) in enumerate(
            zip(self._items, self._curves, strict=True)
        ):
            colour, style = _look(index)
            faint = QColor(colour)
            faint.setAlpha(50)
            values = (curve.x, curve.y) if curve.scattered else ([], [])
            single.setData(*values, pen=pg.mkPen(faint))
            item.setData(
                curve.x,
                self._means[index],
                pen=pg.mkPen(colour, width=1, style=style),
                symbol="o" if curve.points and len(curve.x) < 60 else None,
                symbolSize=4,
                symbolBrush=colour,
                symbolPen=None,
            )
        self._tell(None)

    def legend_words(self, at: float | None = None) -> list[tuple[str, str]]:
        """Name and value of each curve: at an epoch, or the newest."""
        found = []
        for curve, means in zip(self._curves, self._means, strict=True):
            row = -1 if at is None else int(np.abs(curve.x - at).argmin())
            found.append((curve.name, self._form.format(means[row])))
        return found

    def _tell(self, at: float | None) -> None:
        words = []
        for index, (name, value) in enumerate(self.legend_words(at)):
            colour, style = _look(index)
            mark = {Qt.PenStyle.SolidLine: "━", Qt.PenStyle.DashLine: "╍"}.get(style, "┅")
            told = f"{mark}</span> {name} <b>{value}</b>".replace(" ", "\u00a0")  # in one line
            words.append(f'<span style="color:{colour}">{told}')
        self.legend.setText("&nbsp;&nbsp; ".join(words))
        title = self._title if at is None else f"{self._title} · epoch {at:.1f}"
        self.title.setText(title)
        self.plot.setAccessibleDescription(
            ", ".join(f"{name} {value}" for name, value in self.legend_words(at))
        )

    def _point(self, place: QPointF) -> None:
        inside = self.plot.sceneBoundingRect().contains(place) and bool(self._curves)
        self._line.setVisible(inside)
        if inside:
            x = float(self.plot.getViewBox().mapSceneToView(place).x())
            self._line.setPos(x)
            self._tell(x)
        else:
            self._tell(None)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._line.hide()
        self._tell(None)

    def _dress(self) -> None:
        look = theme.current()
        self.plot.setBackground(look.panel)
        for axis in ("left", "bottom"):
            self.plot.getAxis(axis).setPen(pg.mkPen(look.line))
            self.plot.getAxis(axis).setTextPen(pg.mkPen(look.muted))
            self.plot.getAxis(axis).setTickFont(theme.sized(self.font(), 0.8))
        self.plot.getAxis("bottom").label.setFont(theme.sized(self.font(), 0.8))
        self.plot.getAxis("left").setWidth(44)
        self._line.setPen(pg.mkPen(look.muted, width=1))
        self.show_curves(self._curves)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_line"):
            self._dress()


def _look(index: int) -> tuple[str, Qt.PenStyle]:
    names = _COLOURS
    colour = theme.current().expression(names[index % len(names)])
    return QColor(colour).name(), _STYLES[index // len(names) % len(_STYLES)]
