"""ROC or precision–recall curves, with the values of the threshold under the pointer."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.overlays import label_text
from ferapp.ui.text.figure_text import accuracy_text
from ferapp.ui.widgets import theme
from trainer.evaluation.metrics import Floats
from trainer.evaluation.threshold_curves import ThresholdCurve

CurveKind = Literal["roc", "pr"]
AXES: dict[CurveKind, tuple[str, str]] = {  # of x, of y
    "roc": ("false positive rate", "recall"),
    "pr": ("recall", "precision"),
}
_REACH = 24.0  # px from the pointer to a curve
_RING = 4.5  # px, of the model's own decisions


@dataclass(frozen=True, slots=True)
class ClassCurve:
    """A class `name` at `index`, and the (recall, precision, false positive rate) of the argmax."""

    name: str
    index: int
    curve: ThresholdCurve
    decided: tuple[float, float, float]

    def points(self, kind: CurveKind) -> Floats:
        """(T, 2) x and y in 0 to 1."""
        curve = self.curve
        pair = (
            (curve.false_positive_rate, curve.recall)
            if kind == "roc"
            else (curve.recall, curve.precision)
        )
        return np.stack(pair, axis=1)

    def decided_point(self, kind: CurveKind) -> tuple[float, float]:
        recall, precision, false_positive_rate = self.decided
        return (false_positive_rate, recall) if kind == "roc" else (recall, precision)

    def described(self, at: int) -> str:
        """What the threshold `at` (in 0 to T − 1) gives."""
        curve = self.curve
        return (
            f"{label_text.class_title(self.name)} at a threshold of "
            f"{accuracy_text(float(curve.threshold[at]))}: "
            f"recall {accuracy_text(float(curve.recall[at]))}, "
            f"precision {accuracy_text(float(curve.precision[at]))}, "
            f"false positive rate {accuracy_text(float(curve.false_positive_rate[at]))} "
            f"({curve.hits[at]:,} of {curve.positives:,} found, "
            f"{curve.false_alarms[at]:,} others with them)."
        )


@dataclass(frozen=True, slots=True)
class _Line:
    """The points of a curve that differ on the screen: px (M, 2), and their thresholds (M,)."""

    px: Floats
    at: NDArray[np.int64]


class ThresholdPlot(QWidget):
    """`pointed` has what the threshold under the pointer gives, "" where there is none.

    By keyboard, where one curve is shown: left and right.
    """

    pointed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._curves: tuple[ClassCurve, ...] = ()
        self._kind: CurveKind = "roc"
        self._lines: list[_Line] | None = None  # of the present size
        self._marked: tuple[int, int] | None = None  # a line, and one of its points
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)

    def show_curves(self, curves: tuple[ClassCurve, ...], kind: CurveKind) -> None:
        """Classes without samples have no curve and are left out."""
        self._curves = tuple(each for each in curves if each.curve.positives)
        self._kind, self._lines = kind, None
        self._mark(None)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, 262)

    def area(self) -> QRectF:
        return QRectF(60, 8, min(self.width() - 76, 300), 216)

    def _at(self, x: float, y: float) -> QPointF:
        """In px, of shares."""
        area = self.area()
        return QPointF(area.left() + x * area.width(), area.bottom() - y * area.height())

    def _screen_lines(self) -> list[_Line]:
        if self._lines is None:
            area, self._lines = self.area(), []
            scale = np.array([area.width(), -area.height()])
            for each in self._curves:
                px = each.points(self._kind) * scale + [area.left(), area.bottom()]
                steps = np.diff(np.round(2 * px), axis=0, prepend=np.nan)
                at = np.flatnonzero((steps != 0).any(axis=1))
                self._lines.append(_Line(px[at], at))
        return self._lines

    # --- pointing -------------------------------------------------------------------------------

    def _mark(self, marked: tuple[int, int] | None) -> None:
        if marked != self._marked:
            self._marked = marked
            self.pointed.emit(self._marked_text())
            self.update()

    def _marked_text(self) -> str:
        if self._marked is None:
            return ""
        line, point = self._marked
        return self._curves[line].described(int(self._screen_lines()[line].at[point]))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = np.array([event.position().x(), event.position().y()])
        nearest: tuple[int, int] | None = None
        reach = _REACH
        for number, line in enumerate(self._screen_lines()):
            distances = np.hypot(*(line.px - at).T)
            point = int(distances.argmin())
            if distances[point] < reach:
                nearest, reach = (number, point), float(distances[point])
        self._mark(nearest)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._mark(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or len(self._curves) != 1:
            super().keyPressEvent(event)
            return
        last = len(self._screen_lines()[0].at) - 1
        point = last // 2 if self._marked is None else self._marked[1] + step
        self._mark((0, min(max(point, 0), last)))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._mark(None)
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lines = None
        self._mark(None)

    # --- painting -------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_axes(painter)
            self._paint_chance(painter)
            self._paint_curves(painter)

    def _paint_axes(self, painter: QPainter) -> None:
        colours, area = theme.current(), self.area()
        painter.setFont(theme.sized(self.font(), 0.85))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        middle = Qt.AlignmentFlag.AlignCenter
        for share in (0.0, 0.5, 1.0):
            place = self._at(share, share)
            painter.setPen(QPen(QColor(colours.line), 1))
            painter.drawLine(QPointF(area.left(), place.y()), QPointF(area.right(), place.y()))
            painter.setPen(QColor(colours.muted))
            text = label_text.percent(share)
            painter.drawText(QRectF(0, place.y() - 8, area.left() - 4, 16), right, text)
            painter.drawText(QRectF(place.x() - 24, area.bottom() + 3, 48, 16), middle, text)
        x, y = AXES[self._kind]
        below = QRectF(area.left(), area.bottom() + 18, area.width(), 16)
        painter.drawText(below, middle, f"{x} →")
        painter.save()
        painter.translate(8, area.center().y())
        painter.rotate(-90)
        painter.drawText(QRectF(-area.height() / 2, -8, area.height(), 16), middle, f"{y} →")
        painter.restore()
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours.accent), 1.5))
            painter.drawRoundedRect(area.adjusted(-3, -3, 3, 3), 4, 4)

    def _paint_chance(self, painter: QPainter) -> None:
        """What scores without any information give: of one class, or the same for all."""
        painter.setPen(QPen(QColor(theme.current().muted), 1, Qt.PenStyle.DashLine))
        if self._kind == "roc":
            painter.drawLine(self._at(0, 0), self._at(1, 1))
        elif len(self._curves) == 1:
            curve = self._curves[0].curve
            share = curve.positives / (curve.positives + curve.negatives)
            painter.drawLine(self._at(0, share), self._at(1, share))

    def _paint_curves(self, painter: QPainter) -> None:
        colours = theme.current()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for each, line in zip(self._curves, self._screen_lines(), strict=True):
            start = [self._at(0, 0)] if self._kind == "roc" else []
            painter.setPen(QPen(QColor(colours.expression(each.name, each.index)), 1.8))
            painter.drawPolyline(QPolygonF([*start, *(QPointF(x, y) for x, y in line.px.tolist())]))
        for each in self._curves:
            x, y = each.decided_point(self._kind)
            if np.isfinite(x) and np.isfinite(y):
                painter.setPen(QPen(QColor(colours.text), 1.5))
                painter.setBrush(QColor(colours.expression(each.name, each.index)))
                painter.drawEllipse(self._at(x, y), _RING, _RING)
        if self._marked is not None:
            line_number, point = self._marked
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.text))
            painter.drawEllipse(QPointF(*self._screen_lines()[line_number].px[point]), 3.5, 3.5)
