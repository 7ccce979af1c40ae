"""Probability bars: one row per class, smoothed bar, raw tick, value."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferapp.ui import theme, wording
from trainer.labels import EXPRESSIONS

_EMPTY: NDArray[np.float32] = np.zeros(0, np.float32)
_TIP = (
    "The model's probability for each expression; they add up to 100 %.\n"
    "Bar: smoothed over time. Thin tick: this picture alone."
)


class ProbabilityBars(QWidget):
    """Painted directly: seven rows of text and rectangles cost a tenth of a plot's redraw."""

    def __init__(self) -> None:
        super().__init__()
        self._classes: tuple[str, ...] = EXPRESSIONS
        self._smoothed = _EMPTY
        self._raw = _EMPTY
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
        smoothed: NDArray[np.float32] = _EMPTY,
        raw: NDArray[np.float32] = _EMPTY,
    ) -> None:
        """(K,) each; without values the rows stay, empty."""
        if classes and classes != self._classes:
            self._classes = classes
            self.updateGeometry()
        self._smoothed, self._raw = smoothed, raw
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        look = theme.current()
        row = self._row_height()
        names = max(self.fontMetrics().horizontalAdvance(wording.title(c)) for c in self._classes)
        values = self.fontMetrics().horizontalAdvance(wording.percent(1)) + 8
        left, width = names + 12, self.width() - names - 12 - values
        top = wording.top_class(self._smoothed)
        plain, strong = theme.sized(self.font(), 1), theme.sized(self.font(), 1, QFont.Weight.Bold)
        for i, name in enumerate(self._classes):
            y = i * row
            painter.setFont(strong if i == top else plain)
            painter.setPen(QColor(look.text if i == top else look.muted))
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y, left, row), middle, wording.title(name))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(look.line))
            track = QRectF(left, y + row / 2 - 4, width, 8)
            painter.drawRoundedRect(track, 4, 4)
            if i >= len(self._smoothed):
                continue
            colour = QColor(look.expression(name, i))
            share = float(self._smoothed[i])
            painter.setBrush(colour)
            painter.setClipRect(QRectF(track.x(), y, share * width, row))
            painter.drawRoundedRect(track, 4, 4)
            painter.setClipping(False)
            tick = track.x() + float(self._raw[i]) * (width - 2)
            painter.setBrush(QColor(look.text))
            painter.drawRect(QRectF(tick, track.y() - 2, 1.5, track.height() + 4))
            painter.setPen(QColor(look.text if i == top else look.muted))
            number = QRectF(self.width() - values, y, values, row)
            painter.drawText(number, middle | Qt.AlignmentFlag.AlignRight, wording.percent(share))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tip(int(event.pos().y())), self)
            return True
        return super().event(event)

    def _tip(self, y: int) -> str:
        i = y // self._row_height()
        if not 0 <= i < len(self._smoothed):
            return _TIP
        smoothed, raw = wording.percent(self._smoothed[i]), wording.percent(self._raw[i])
        return f"{wording.title(self._classes[i])}: smoothed {smoothed}, this picture {raw}\n{_TIP}"
