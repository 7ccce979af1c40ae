"""A watched face at one epoch: its map, its prediction, and its predictions at every epoch."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.map_tile import MapTile

_STRIP = 9  # px, of the predictions at every epoch
_KEYS = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class WatchTile(MapTile):
    """`chosen` is emitted by a click, Space or Enter; `key_typed` has letters and signs.

    In the strip below, a bar is an epoch. Its colour is the predicted class; it is high where that
    is the label.
    """

    chosen = Signal()
    key_typed = Signal(str)

    def __init__(self) -> None:
        super().__init__("Watched face")
        self._classes: tuple[str, ...] = ()
        self._predicted: list[int] = []
        self._right: list[bool] = []
        self._position = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        size = super().sizeHint()
        return QSize(size.width(), size.height() + _STRIP)

    def show_predictions(
        self, classes: tuple[str, ...], predicted: NDArray[np.int64], label: int
    ) -> None:
        """Of each epoch, (E,)."""
        self._classes, self._predicted = classes, predicted.tolist()
        self._right = (predicted == label).tolist()

    def show_position(self, position: int) -> None:
        self._position = position
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        with QPainter(self) as painter:
            self._paint_strip(painter)
            if self.hasFocus():
                painter.setPen(QPen(QColor(theme.current().accent), 2))
                line = self.fontMetrics().height()
                side = self.width()
                painter.drawRoundedRect(QRectF(1, line + 4, side - 2, side - 2), 6, 6)

    def _paint_strip(self, painter: QPainter) -> None:
        colours = [
            QColor(theme.current().expression(name, k)) for k, name in enumerate(self._classes)
        ]
        count, top = len(self._predicted), self.height() - _STRIP + 1
        width, height = self.width() / max(count, 1), _STRIP - 1
        for index, (k, right) in enumerate(zip(self._predicted, self._right, strict=True)):
            share = 1.0 if right else 0.45
            bar = QRectF(index * width, top + (1 - share) * height, width, share * height)
            painter.fillRect(bar, colours[k])
        if count:
            painter.setPen(QPen(QColor(theme.current().text), 1.5))
            x = (self._position + 0.5) * width
            painter.drawLine(round(x), top - 1, round(x), self.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setFocus()
            self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        text = event.text().lower()
        if event.key() in _KEYS:
            self.chosen.emit()
        elif text.strip() and text.isprintable():
            self.key_typed.emit(text)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()
