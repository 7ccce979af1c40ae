"""The pictures of a folder as small ones in a row, with the current one in the middle."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferapp.sources.base import PictureFiles
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.thumbnails import ThumbnailCache

SIDE = 56  # px of a picture
_STEP = SIDE + 6


class Filmstrip(QWidget):
    """`chosen` carries the number of the clicked picture; the row follows the current one."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._pictures: PictureFiles | None = None
        self._current = 0
        self._cache: ThumbnailCache | None = None  # with its thread, from the first folder on
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Pictures of the folder")
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(320, SIDE + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, SIDE + 4)

    def show_pictures(self, pictures: PictureFiles | None) -> None:
        """None hides the row."""
        if pictures is self._pictures:
            return
        self._pictures, self._current = pictures, 0
        self.setVisible(pictures is not None)
        if pictures is None:
            return
        if self._cache is None:
            self._cache = ThumbnailCache(self)
            self._cache.arrived.connect(lambda _: self.update())
        scale = self.devicePixelRatioF()

        def read(number: int) -> NDArray[np.uint8]:
            """In the cache's thread."""
            from ferapp.sources.images import thumbnail  # loads OpenCV

            return thumbnail(pictures.folder / pictures.names[number], round(scale * SIDE))

        self._cache.read_with(read)

    def show_current(self, number: int) -> None:
        if number != self._current:
            self._current = number
            self.update()
        if self._pictures is not None:
            name = self._pictures.names[number]
            self.setAccessibleDescription(f"{number + 1} of {len(self._pictures.names)}: {name}")

    def close_down(self) -> None:
        """The window closes."""
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    def place(self, number: int) -> QRectF:
        """Where the picture `number` is, as far as it is visible."""
        return QRectF(self._left() + _STEP * number, 2, SIDE, SIDE)

    def _left(self) -> float:
        """Of the first picture: all in the middle if they fit, else the current one.

        The row never scrolls beyond the first or the last picture.
        """
        count = len(self._pictures.names) if self._pictures is not None else 0
        spare = self.width() - (count - 1) * _STEP - SIDE
        if spare >= 0:
            return spare / 2
        left = (self.width() - SIDE) / 2 - _STEP * self._current
        return max(min(left, 0.0), spare)

    def number_at(self, x: float) -> int | None:
        if self._pictures is None:
            return None
        number = round((x - self._left() - SIDE / 2) / _STEP)
        return number if 0 <= number < len(self._pictures.names) else None

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._pictures is None or self._cache is None:
            return
        colours = theme.current()
        first = max(0, int(-self._left() // _STEP))
        last = min(len(self._pictures.names) - 1, int((self.width() - self._left()) // _STEP))
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            for number in range(first, last + 1):
                place = self.place(number)
                painter.fillRect(place, QColor(colours.raised))
                image = self._cache.image(number)
                if image is not None:
                    painter.drawImage(_fitted(image, place), image)
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.place(self._current).adjusted(-1, -1, 1, 1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        number = self.number_at(event.position().x())
        if event.button() == Qt.MouseButton.LeftButton and number is not None:
            self.chosen.emit(number)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and self._pictures is not None:
            number = self.number_at(event.pos().x())
            tip = self._pictures.names[number] if number is not None else ""
            QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().event(event)


def _fitted(image: QImage, place: QRectF) -> QRectF:
    """The largest rectangle of the picture's shape in the middle of `place`."""
    size = image.size().toSizeF()
    size.scale(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
    fitted = QRectF(place.topLeft(), size)
    fitted.moveCenter(place.center())
    return fitted
