"""Head pose, eyes and action units of the face over the last 20 seconds, a few at a time."""

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from ferapp.ui.shell.settings import SIGNAL_GROUPS, STRONGEST
from ferapp.ui.timeline.session_history import SessionHistory
from ferapp.ui.timeline.time_plot import SECONDS, TimePlot
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.picker import Picker
from ferapp.vision.signals import COLUMNS, GROUPS, SIGNALS
from ferapp.vision.types import Analysis

MIN_HEIGHT = 72  # px, of the plot
UNKNOWN: NDArray[np.float32] = np.full(len(SIGNALS), np.nan, np.float32)
_MAX_CURVES = max(map(len, GROUPS.values()))
_MAX_STRONGEST = 4  # how many action units are shown as the strongest
_UNITS = tuple(i for i, column in enumerate(COLUMNS) if column.startswith("au"))
_MIN_LEAD = 0.1  # by which an action unit must exceed one of the strongest to replace it
_KEY_HEIGHT = 3  # px, of the line in a curve's colour
_TIP = (
    "Measurements of the face besides its expression, unsmoothed.\n"
    "Head: where it is turned. Eyes: how far they are open. All others are action units of FACS\n"
    "(Ekman, Friesen and Hager 2002), by the part of the face; Strongest has the four that moved\n"
    "most in the last 20 seconds."
)


def strongest(peaks: NDArray[np.float32], before: tuple[int, ...] = ()) -> tuple[int, ...]:
    """The _MAX_STRONGEST action units by `peaks` (S,), as indices of SIGNALS.

    Those of `before` stay unless another is clearly stronger, so that curves keep their colours.
    """
    chosen = list(before)
    for index in sorted(_UNITS, key=lambda unit: -peaks[unit]):
        if index in chosen:
            continue
        if len(chosen) < _MAX_STRONGEST:
            chosen.append(index)
            continue
        weakest = min(chosen, key=lambda unit: peaks[unit])
        if peaks[index] > peaks[weakest] + _MIN_LEAD:
            chosen[chosen.index(weakest)] = index
    return tuple(chosen)


def value_text(index: int, value: float) -> str:
    """`−12°`, `0.31`; a dash where it is unknown."""
    if math.isnan(value):
        return "–"
    text = f"{value:+.0f}°" if SIGNALS[index].degrees else f"{value:.2f}"
    return text.replace("-", "−").replace("+0°", "0°").replace("−0°", "0°")


class SignalCells(QWidget):
    """Name, value and colour of each curve, with a tooltip each."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[int, ...] = ()
        self._values = UNKNOWN
        self.setFont(theme.sized(self.font(), 0.85))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Signals of the face")

    def sizeHint(self) -> QSize:
        return QSize(200, 2 * self.fontMetrics().height() + _KEY_HEIGHT + 2)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def show_values(self, shown: tuple[int, ...], values: NDArray[np.float32]) -> None:
        """Show the SIGNALS with the indices `shown`; `values` (S,) are those of all."""
        self._shown, self._values = shown, values
        self.update()

    def summary(self) -> str:
        """`Yaw −12°, Pitch +3°, …`."""
        texts = (f"{SIGNALS[i].name} {value_text(i, float(self._values[i]))}" for i in self._shown)
        return ", ".join(texts)

    def cell(self, position: int) -> QRectF:
        width = self.width() / max(3, len(self._shown))
        return QRectF(position * width, 0, width - 6, self.height())

    def tip(self, x: float) -> str:
        """The tooltip of the cell at `x` px."""
        cells = [self.cell(position) for position in range(len(self._shown))]
        hit = next((i for i, cell in enumerate(cells) if cell.left() <= x < cell.right() + 6), None)
        if hit is None:
            return _TIP
        index = self._shown[hit]
        name, value = SIGNALS[index].name, value_text(index, float(self._values[index]))
        return f"{name} {value}\n{SIGNALS[index].meaning}"

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip(event.pos().x()), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        colours, line = theme.current(), self.fontMetrics().height()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for position, index in enumerate(self._shown):
            cell = self.cell(position)
            painter.setPen(QColor(colours.muted))
            painter.drawText(cell, Qt.AlignmentFlag.AlignLeft, SIGNALS[index].name)
            painter.setPen(QColor(colours.text))
            value = value_text(index, float(self._values[index]))
            painter.drawText(cell.translated(0, line), Qt.AlignmentFlag.AlignLeft, value)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.series[position]))
            key = QRectF(cell.x(), 2 * line + 1, cell.width(), _KEY_HEIGHT)
            painter.drawRoundedRect(key, _KEY_HEIGHT / 2, _KEY_HEIGHT / 2)


class SignalPlot(TimePlot):
    """The curves of a group of SIGNALS; the history has all, so that another group has a past."""

    def __init__(self, history: SessionHistory) -> None:
        super().__init__(history, min_height=MIN_HEIGHT)
        self.shown: tuple[int, ...] = ()
        self.curves = [pg.PlotCurveItem(connect="finite") for _ in range(_MAX_CURVES)]
        for curve in self.curves:
            self.addItem(curve, ignoreBounds=True)
        self.setAccessibleName("Signals of the last 20 seconds")
        self.restyle()

    def show_group(self, indices: tuple[int, ...]) -> None:
        """Plot these of SIGNALS from now on; they have the same extent."""
        if indices == self.shown:
            return
        self.shown = indices
        self._drawn = -1
        first = SIGNALS[indices[0]]
        low, high = first.extent
        room = 0.04 * (high - low)
        self.setYRange(low - room, high + room, padding=0)
        marks = (-45, 0, 45) if first.degrees else (low, high / 2, high)
        unit = "°" if first.degrees else ""
        ticks = [(mark, f"{mark:g}{unit}".replace("-", "−")) for mark in marks]
        self.getAxis("left").setTicks([ticks])
        meanings = (f"{SIGNALS[i].name}: {SIGNALS[i].meaning}" for i in indices)
        gaps = "Gaps: no face, another face is followed, a pause, a seek or a restart."
        self.setToolTip("\n".join(["The last 20 seconds, unsmoothed.", *meanings, gaps]))

    def redraw(self) -> None:
        """Draw the added values, if the plot is visible."""
        if not self.is_due():
            return
        rows = self.history.last(SECONDS)
        times, values = rows.times, rows.signals.astype(np.float32)
        for position, curve in enumerate(self.curves):
            used = position < len(self.shown)
            curve.setVisible(used)
            if used:
                curve.setData(times, values[:, self.shown[position]])

    def restyle(self) -> None:
        super().restyle()
        for curve, colour in zip(self.curves, theme.current().series, strict=True):
            curve.setPen(pg.mkPen(colour, width=1))


class SignalPanel(QWidget):
    """A choice of signals, their current values, and their curves."""

    group_chosen = Signal(str)

    def __init__(self, group: str, history: SessionHistory) -> None:
        super().__init__()
        self.group = Picker("Signals", _TIP)
        for name in SIGNAL_GROUPS:
            self.group.addItem(name, name)
        self.group.setCurrentIndex(SIGNAL_GROUPS.index(group))
        self.group.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.cells = SignalCells()
        self.plot = SignalPlot(history)
        first = QHBoxLayout()
        first.setSpacing(theme.GAP)
        first.addWidget(self.group)
        first.addWidget(self.cells, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(first)
        column.addWidget(self.plot, 1)
        self._choose()
        self.group.activated.connect(lambda _: self._choose())

    def _choose(self) -> None:
        name = str(self.group.currentData())
        self.plot.show_group(GROUPS[name] if name in GROUPS else self._strongest(()))
        self.group_chosen.emit(name)

    def _strongest(self, before: tuple[int, ...]) -> tuple[int, ...]:
        known = np.nan_to_num(self.plot.history.last(SECONDS).signals.astype(np.float32))
        return strongest(known.max(axis=0, initial=0), before)

    def show_analysis(self, analysis: Analysis | None) -> None:
        """Show the values of the followed face, and the curves, unless hidden."""
        if not self.isVisible():
            return
        if self.group.currentData() == STRONGEST:
            self.plot.show_group(self._strongest(self.plot.shown))
        face = analysis.selected_face if analysis is not None else None
        self.cells.show_values(self.plot.shown, UNKNOWN if face is None else face.signals)
        self.plot.redraw()
