"""A small picture under a map, with a title above and a caption below."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.overlays.overlay_painter import draw_points, grey_image, map_image
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.widgets import theme

SIDE = 104  # px
MAP_OPACITY = 0.75
POINT_RADIUS = 0.9  # px of a landmark


class MapTile(QWidget):
    """`title` may change with the sample; without a picture the tile is an empty frame."""

    def __init__(self, name: str, side: int = SIDE) -> None:
        super().__init__()
        self._side = side
        self.title, self.caption, self.tip = name, "", ""
        self._picture: QImage | None = None
        self._map: QImage | None = None
        self._points: NDArray[np.float32] = np.zeros((0, 2), np.float32)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        self.setFont(theme.sized(self.font(), 0.85))

    def sizeHint(self) -> QSize:
        line = self.fontMetrics().height()
        return QSize(self._side, self._side + 2 * line + 6)

    def set_side(self, side: int) -> None:
        """The side of the picture's frame in px."""
        if side != self._side:
            self._side = side
            self.updateGeometry()
            self.update()

    def show_empty(self, title: str, caption: str = "", tip: str = "") -> None:
        self._picture = self._map = None
        self._set_texts(title, caption, tip)

    def show_map(
        self,
        title: str,
        picture: NDArray[np.uint8],
        values: NDArray[np.float32] | None = None,
        full_scale: float = 0.0,
        caption: str = "",
        tip: str = "",
        points: NDArray[np.float32] | None = None,
        palette: str = "ember",
    ) -> None:
        """`picture` (h, w) grey under `values` (s, s); `points` (n, 2) are in its pixels."""
        self._picture = grey_image(picture)
        self._points = points if points is not None else np.zeros((0, 2), np.float32)
        style = OverlayStyle(opacity=MAP_OPACITY, full_scale=full_scale, palette=palette)
        self._map = map_image(values, style) if values is not None else None
        self._set_texts(title, caption, tip)

    def _set_texts(self, title: str, caption: str, tip: str) -> None:
        self.title, self.caption, self.tip = title, caption, tip
        self.setToolTip(tip)
        self.setAccessibleName(title)
        self.setAccessibleDescription(caption)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        colours = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        line = self.fontMetrics().height()
        frame = QRectF(0, line + 3, self._side, self._side)
        outline = QPainterPath()
        outline.addRoundedRect(frame, 6, 6)
        painter.fillPath(outline, QColor(colours.raised))
        if self._picture is not None:
            painter.setClipPath(outline)
            painter.drawImage(frame, self._picture)
            if self._map is not None:
                painter.drawImage(frame, self._map)
            self._paint_points(painter, frame, self._side / self._picture.width())
            painter.setClipping(False)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(colours.text))
        title = self.fontMetrics().elidedText(self.title, Qt.TextElideMode.ElideRight, self._side)
        painter.drawText(QRectF(0, 0, self._side, line), left, title)
        painter.setPen(QColor(colours.muted))
        painter.drawText(QRectF(0, frame.bottom() + 3, self._side, line), left, self.caption)

    def _paint_points(self, painter: QPainter, frame: QRectF, scale: float) -> None:
        corners = self._points.astype(float) + 0.5
        places = [QPointF(x, y) + frame.topLeft() for x, y in (corners * scale).tolist()]
        draw_points(painter, places, POINT_RADIUS)
