"""A small picture with a map over it, its title above and a number below."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.overlays.overlay_painter import grey_image, map_image
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.overlays.palette import LANDMARK
from ferapp.ui.widgets import theme

SIDE = 104  # px
STRENGTH = 0.75  # opacity of maps


class MapTile(QWidget):
    """`title` may change with the sample; without a picture the tile is an empty frame."""

    def __init__(self, name: str, side: int = SIDE) -> None:
        super().__init__()
        self._side = side
        self.title, self.words, self.tip = name, "", ""
        self._picture: QImage | None = None
        self._map: QImage | None = None
        self._points: NDArray[np.float32] = np.zeros((0, 2), np.float32)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        self.setFont(theme.sized(self.font(), 0.85))

    def sizeHint(self) -> QSize:
        line = self.fontMetrics().height()
        return QSize(self._side, self._side + 2 * line + 6)

    def show_side(self, side: int) -> None:
        """In px of the picture's frame."""
        if side != self._side:
            self._side = side
            self.updateGeometry()
            self.update()

    def show_nothing(self, title: str, words: str = "", tip: str = "") -> None:
        self._picture = self._map = None
        self._tell(title, words, tip)

    def show_map(
        self,
        title: str,
        picture: NDArray[np.uint8],
        values: NDArray[np.float32] | None = None,
        full_scale: float = 0.0,
        words: str = "",
        tip: str = "",
        points: NDArray[np.float32] | None = None,
        palette: str = "ember",
    ) -> None:
        """`picture` (h, w) grey under `values` (s, s); `points` (n, 2) lie in its px."""
        self._picture = grey_image(picture)
        self._points = points if points is not None else np.zeros((0, 2), np.float32)
        look = OverlayStyle(opacity=STRENGTH, full_scale=full_scale, palette=palette)
        self._map = map_image(values, look) if values is not None else None
        self._tell(title, words, tip)

    def _tell(self, title: str, words: str, tip: str) -> None:
        self.title, self.words, self.tip = title, words, tip
        self.setToolTip(tip)
        self.setAccessibleName(title)
        self.setAccessibleDescription(words)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        look = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        line = self.fontMetrics().height()
        place = QRectF(0, line + 3, self._side, self._side)
        shape = QPainterPath()
        shape.addRoundedRect(place, 6, 6)
        painter.fillPath(shape, QColor(look.raised))
        if self._picture is not None:
            painter.setClipPath(shape)
            painter.drawImage(place, self._picture)
            if self._map is not None:
                painter.drawImage(place, self._map)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(LANDMARK))
            unit = self._side / self._picture.width()
            for x, y in self._points.tolist():
                centre = QPointF((x + 0.5) * unit, (y + 0.5) * unit) + place.topLeft()
                painter.drawEllipse(centre, 1.2, 1.2)
            painter.setClipping(False)
        middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(look.text))
        title = self.fontMetrics().elidedText(self.title, Qt.TextElideMode.ElideRight, self._side)
        painter.drawText(QRectF(0, 0, self._side, line), middle, title)
        painter.setPen(QColor(look.muted))
        painter.drawText(QRectF(0, place.bottom() + 3, self._side, line), middle, self.words)
