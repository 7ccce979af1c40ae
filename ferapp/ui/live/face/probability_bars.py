"""Probability bars: one row per class with smoothed bar, raw tick and value."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferapp.overlays import label_text
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from trainer.labels import EXPRESSIONS

_BAR = 8  # px
_TIP = (
    "The model's probability for each expression; they add up to 100 %.\n"
    "Bar: smoothed over time. Thin tick: this frame alone."
)
_HIDDEN_TIP = (
    "Outline: the whole face, nothing hidden. On the right: the change in percentage points."
)
_CLICK_TIP = "Click to explain this expression; click again to explain the label."


class ProbabilityBars(QWidget):
    """Painted directly: seven rows of text and rectangles cost a tenth of a plot's redraw."""

    class_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._classes: tuple[str, ...] = EXPRESSIONS
        self._smoothed: NDArray[np.float32] | None = None
        self._raw: NDArray[np.float32] | None = None
        self._unmasked: NDArray[np.float32] | None = None
        self._marked: int | None = None
        self._hovered: int | None = None
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Probabilities")

    def sizeHint(self) -> QSize:
        return QSize(300, len(self._classes) * self._row_height())

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def _row_height(self) -> int:
        return self.fontMetrics().height() + 6

    def show_probabilities(
        self,
        classes: tuple[str, ...],
        smoothed: NDArray[np.float32] | None = None,
        raw: NDArray[np.float32] | None = None,
        unmasked: NDArray[np.float32] | None = None,
        marked: int | None = None,
    ) -> None:
        """(K,) each, drawn as bar, tick and outline; without values the rows stay, empty.

        `marked` is the class that the user chose to explain.
        """
        if classes and classes != self._classes:
            self._classes = classes
            self.updateGeometry()
        self._smoothed, self._raw = smoothed, raw
        self._unmasked, self._marked = unmasked, marked
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme.current()
        plain = theme.sized(self.font(), 1)
        strong = theme.sized(self.font(), 1, QFont.Weight.Bold)
        row = self._row_height()
        advance = self.fontMetrics().horizontalAdvance
        left = max(advance(label_text.class_title(c)) for c in self._classes) + 12
        smoothed, raw, unmasked = self._smoothed, self._raw, self._unmasked
        values = advance(label_text.percent(1)) + 8
        changes = advance(wording.points(-1)) + 8 if unmasked is not None else 0
        width = self.width() - left - values - changes
        top = int(smoothed.argmax()) if smoothed is not None else None
        middle = Qt.AlignmentFlag.AlignVCenter
        right = middle | Qt.AlignmentFlag.AlignRight
        for i, name in enumerate(self._classes):
            y = i * row
            if i == self._hovered:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(colours.raised))
                painter.drawRoundedRect(QRectF(0, y, self.width(), row), 4, 4)
            if i == self._marked:
                self._paint_mark(painter, QPointF(left - 3, y + row / 2))
            text_colour = QColor(colours.text if i in (top, self._marked) else colours.muted)
            painter.setFont(strong if i == top else plain)
            painter.setPen(text_colour)
            painter.drawText(QRectF(0, y, left, row), middle, label_text.class_title(name))
            track = QRectF(left, y + (row - _BAR) / 2, width, _BAR)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.line))
            painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
            if smoothed is None:
                continue
            share = float(smoothed[i])
            painter.setBrush(QColor(colours.expression(name, i)))
            painter.setClipRect(QRectF(left, y, share * width, row))
            painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
            painter.setClipping(False)
            if unmasked is not None:
                self._paint_outline(painter, track, float(unmasked[i]))
            if raw is not None:
                tick = left + float(raw[i]) * (width - 2)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(colours.text))
                painter.drawRect(QRectF(tick, track.y() - 2, 1.5, _BAR + 4))
            painter.setPen(text_colour)
            value_rect = QRectF(left + width, y, values, row)
            painter.drawText(value_rect, right, label_text.percent(share))
            if unmasked is not None:
                change_rect = QRectF(self.width() - changes, y, changes, row)
                painter.drawText(change_rect, right, wording.points(share - float(unmasked[i])))

    def _paint_mark(self, painter: QPainter, tip: QPointF) -> None:
        """A small triangle between name and bar."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.current().accent))
        painter.drawPolygon([tip + QPointF(-6, -4.5), tip, tip + QPointF(-6, 4.5)])

    def _paint_outline(self, painter: QPainter, track: QRectF, share: float) -> None:
        width = max(round(share * track.width()), 3)
        # on pixel centres, so that a thin line stays sharp
        outline = QRectF(track.x() + 0.5, int(track.y()) - 1.5, width - 1, _BAR + 3)
        painter.setPen(QPen(QColor(theme.current().text), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(outline, 2, 2)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip_at(int(event.pos().y())), self)
            return True
        return super().event(event)

    def tip_at(self, y: int) -> str:
        i = self._row_at(y)
        lines = [_TIP]
        if i is not None and self._smoothed is not None:
            name = label_text.class_title(self._classes[i])
            values = f"{name}: smoothed {label_text.percent(self._smoothed[i])}"
            if self._raw is not None:
                values += f", this frame {label_text.percent(self._raw[i])}"
            if self._unmasked is not None:
                values += f", whole face {label_text.percent(self._unmasked[i])}"
                lines.append(_HIDDEN_TIP)
            lines = [values, *lines, _CLICK_TIP]
        return "\n".join(lines)

    def summary(self) -> str:
        """`Angry 1 %, Disgust 2 %, …`, for a screen reader."""
        if self._smoothed is None:
            return ""
        shares = zip(self._classes, self._smoothed.tolist(), strict=True)
        return ", ".join(
            f"{label_text.class_title(name)} {label_text.percent(share)}" for name, share in shares
        )

    def _row_at(self, y: float) -> int | None:
        i = int(y) // self._row_height()
        return i if 0 <= i < len(self._classes) else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        i = self._row_at(event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and i is not None:
            self.class_chosen.emit(self._classes[i])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._row_at(event.position().y()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def _hover(self, row: int | None) -> None:
        if row != self._hovered:
            self._hovered = row
            self.update()
