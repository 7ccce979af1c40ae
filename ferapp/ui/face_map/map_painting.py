"""What is painted over the points: thumbnails, rings, names of clusters, and the hover card."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen, QPolygonF

from ferapp.ui.face_map.viewport import Positions
from ferapp.ui.widgets import theme

_CARD_PAD = 8  # px
_CARD_SIDE = 72  # px of the picture in the hover card
_FRAME = 2  # px around a thumbnail
_CURSOR_GAP = 14  # px between a face and its card
MAX_NAMES = 14  # of clusters that are painted at once


@dataclass(frozen=True, slots=True)
class ClusterName:
    """The name of a group of faces, painted at (x, y) of the map; `rows` are the group."""

    text: str
    x: float
    y: float
    rows: NDArray[np.int64]


def paint_message(painter: QPainter, bounds: QRect, text: str) -> None:
    """In place of the map."""
    painter.setPen(QColor(theme.current().muted))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(bounds.adjusted(40, 0, -40, 0), flags, text)


def paint_focus(painter: QPainter, bounds: QRect) -> None:
    """The line that says that keys go to the map."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(theme.current().accent), 1))
    painter.drawRect(QRectF(bounds).adjusted(0.5, 0.5, -0.5, -0.5))


class ScaledThumbnails:
    """Pictures in the size in which they are painted: scaling all at every repaint is too slow."""

    def __init__(self) -> None:
        self._side, self._ratio = 0, 1.0
        self._images: dict[int, QImage] = {}

    def use_side(self, side: int, pixel_ratio: float) -> None:
        if (side, pixel_ratio) != (self._side, self._ratio):
            self._side, self._ratio = side, pixel_ratio
            self._images.clear()

    def paint(
        self, painter: QPainter, x: float, y: float, row: int, image: QImage | None, colour: int
    ) -> None:
        """The picture of a row centred at (x, y), framed in the colour of its point."""
        left, top = round(x - self._side / 2), round(y - self._side / 2)
        painter.fillRect(left, top, self._side, self._side, QColor.fromRgb(colour))
        inner = self._side - 2 * _FRAME
        if image is None:
            raised = QColor(theme.current().raised)
            painter.fillRect(left + _FRAME, top + _FRAME, inner, inner, raised)
        else:
            painter.drawImage(left + _FRAME, top + _FRAME, self._scaled(row, image, inner))

    def _scaled(self, row: int, image: QImage, inner: int) -> QImage:
        if row not in self._images:
            px = round(inner * self._ratio)
            scaled = image.scaled(
                px,
                px,
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            ).convertToFormat(QImage.Format.Format_RGB32)
            scaled.setDevicePixelRatio(self._ratio)
            self._images[row] = scaled
        return self._images[row]


def paint_ring(painter: QPainter, centre: QPointF, radius: float, width: float) -> None:
    """Around the chosen face, or the one under the cursor."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, extra in ((theme.current().window, 2.0), (theme.current().text, 0.0)):
        painter.setPen(QPen(QColor(colour), width + extra))
        painter.drawEllipse(centre, radius, radius)


def paint_lasso(painter: QPainter, outline: Positions) -> None:
    accent = QColor(theme.current().accent)
    painter.setPen(QPen(accent, 1.5))
    accent.setAlpha(28)
    painter.setBrush(accent)
    painter.drawPolygon(QPolygonF([QPointF(float(x), float(y)) for x, y in outline]))


def place_names(
    painter: QPainter, names: Sequence[ClusterName], centres: Positions, bounds: QRectF
) -> list[tuple[QRectF, ClusterName]]:
    """Where names fit inside `bounds` without covering each other; earlier ones come first."""
    placed = list[tuple[QRectF, ClusterName]]()
    metrics = painter.fontMetrics()
    for name, (x, y) in zip(names, centres.tolist(), strict=True):
        width, height = metrics.horizontalAdvance(name.text) + 12, metrics.height() + 4
        plate = QRectF(x - width / 2, y - height / 2, width, height)
        is_free = not any(plate.intersects(other) for other, _ in placed)
        if is_free and bounds.contains(plate):
            placed.append((plate, name))
        if len(placed) == MAX_NAMES:
            break
    return placed


def paint_name(painter: QPainter, plate: QRectF, text: str) -> None:
    colours = theme.current()
    fill = QColor(colours.raised)
    fill.setAlphaF(0.88)
    painter.setPen(QPen(QColor(colours.muted), 1))
    painter.setBrush(fill)
    painter.drawRoundedRect(plate, 5, 5)
    painter.setPen(QColor(colours.text))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)


def paint_card(
    painter: QPainter,
    face: QPointF,
    image: QImage | None,
    lines: Sequence[str],
    bounds: QRectF,
) -> None:
    """A picture and lines of text beside a face, the first one bold, inside `bounds`."""
    colours, font = theme.current(), painter.font()
    fonts = [theme.sized(font, 1.0, QFont.Weight.DemiBold)] + [font] * (len(lines) - 1)
    widths = list[int]()
    for line, line_font in zip(lines, fonts, strict=True):
        painter.setFont(line_font)
        widths.append(painter.fontMetrics().horizontalAdvance(line))
    line_height = painter.fontMetrics().height() + 2
    text_height = line_height * len(lines)
    width = 3 * _CARD_PAD + _CARD_SIDE + max(widths)
    height = 2 * _CARD_PAD + max(_CARD_SIDE, text_height)
    x, y = face.x() + _CURSOR_GAP, face.y() + _CURSOR_GAP
    x = x if x + width < bounds.right() else face.x() - _CURSOR_GAP - width
    y = y if y + height < bounds.bottom() else face.y() - _CURSOR_GAP - height
    x, y = max(x, bounds.left() + 2), max(y, bounds.top() + 2)
    painter.setPen(QPen(QColor(colours.line), 1))
    painter.setBrush(QColor(colours.raised))
    painter.drawRoundedRect(QRectF(x, y, width, height), theme.RADIUS, theme.RADIUS)
    picture = QRectF(x + _CARD_PAD, y + _CARD_PAD, _CARD_SIDE, _CARD_SIDE)
    if image is not None:
        painter.drawImage(picture, image)
    else:
        painter.fillRect(picture, QColor(colours.line))
    painter.setPen(QColor(colours.text))
    for number, (line, line_font) in enumerate(zip(lines, fonts, strict=True)):
        painter.setFont(line_font)
        top = y + _CARD_PAD + number * line_height
        row = QRectF(picture.right() + _CARD_PAD, top, max(widths) + 2, line_height)
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, line)
    painter.setFont(font)
