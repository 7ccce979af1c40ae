"""The kept disagreements as thumbnails with both words and the time, newest first."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferapp.overlays.overlay_painter import picture_image
from ferapp.ui.duel.disagreements import Pin
from ferapp.ui.widgets import theme
from ferapp.vision.types import Analysis

SIDE = 54  # px of a thumbnail
_CELL = 136  # px, with the words beside it
_DETAIL = 3  # pixels of a thumbnail per px, for any screen


def thumbnail(analysis: Analysis) -> QImage:
    """A square picture of the first face."""
    x, y, width, height = analysis.faces[0].box
    side = max(width, height)
    rows, columns = analysis.picture.shape[:2]
    side = min(side, rows, columns)
    left = min(max(x + width / 2 - side / 2, 0), columns - side)
    top = min(max(y + height / 2 - side / 2, 0), rows - side)
    area = picture_image(analysis.picture).copy(int(left), int(top), int(side), int(side))
    smooth = Qt.TransformationMode.SmoothTransformation
    pixels = SIDE * _DETAIL
    return area.scaled(pixels, pixels, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)


class PinStrip(QWidget):
    """Shows as many pins as fit, the chosen one among them."""

    chosen = Signal(object)  # the clicked pin

    def __init__(self) -> None:
        super().__init__()
        self._pins: tuple[Pin, ...] = ()  # newest first
        self._total = 0
        self._current: Pin | None = None
        self._empty_text = ""
        self._thumbnails: dict[Pin, QImage] = {}
        self.setFont(theme.sized(self.font(), 0.9))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setAccessibleName("Disagreements")

    def sizeHint(self) -> QSize:
        return QSize(2 * _CELL, SIDE + self.fontMetrics().height() + 6)

    def minimumSizeHint(self) -> QSize:
        return QSize(_CELL, self.sizeHint().height())

    def show_pins(
        self, pins: Sequence[Pin], total: int, current: Pin | None, empty_text: str
    ) -> None:
        """`pins` oldest first, of `total`; `empty_text` says what appears here."""
        newest_first = tuple(reversed(pins))
        if (newest_first, total, current, empty_text) == (
            self._pins,
            self._total,
            self._current,
            self._empty_text,
        ):
            return
        self._pins, self._total, self._current = newest_first, total, current
        self._empty_text = empty_text
        made = self._thumbnails.items()
        self._thumbnails = {pin: image for pin, image in made if pin in newest_first}
        self.setAccessibleDescription(self.title)
        self.update()

    @property
    def title(self) -> str:
        """`7 disagreements`, `30 disagreements, the last 24 kept`."""
        if not self._pins:
            return "No disagreement yet"
        plural = "" if self._total == 1 else "s"
        kept = f", the last {len(self._pins)} kept" if len(self._pins) < self._total else ""
        return f"{self._total} disagreement{plural}{kept}"

    def _first(self) -> int:
        """Index of the first visible pin."""
        fit = max(int(self.width() // _CELL), 1)
        index = self._pins.index(self._current) if self._current in self._pins else 0
        return max(index - fit + 1, 0)

    def cell(self, index: int) -> QRectF:
        """The area of the pin with this index, newest first; empty if it is not visible."""
        column = index - self._first()
        fit = max(int(self.width() // _CELL), 1)
        if not 0 <= column < fit:
            return QRectF()
        top = self.fontMetrics().height() + 4
        return QRectF(column * _CELL, top, _CELL - theme.GAP, SIDE)

    def pin_at(self, point: QPointF) -> Pin | None:
        cells = ((pin, self.cell(index)) for index, pin in enumerate(self._pins))
        return next((pin for pin, area in cells if area.contains(point)), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        pin = self.pin_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and pin is not None:
            self.chosen.emit(pin)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        shapes = Qt.CursorShape
        at_pin = self.pin_at(event.position()) is not None
        self.setCursor(shapes.PointingHandCursor if at_pin else shapes.ArrowCursor)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            pin = self.pin_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), pin.tip if pin else self.toolTip(), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setPen(QColor(theme.current().muted))
            line = QRectF(0, 0, self.width(), self.fontMetrics().height())
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft, self.title)
            if not self._pins:
                room = QRectF(self.rect()).adjusted(0, line.height() + 4, 0, 0)
                flags = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
                painter.drawText(room, flags, self._empty_text)
            for index, pin in enumerate(self._pins):
                area = self.cell(index)
                if not area.isEmpty():
                    self._paint_pin(painter, area, pin)

    def _paint_pin(self, painter: QPainter, area: QRectF, pin: Pin) -> None:
        colours = theme.current()
        image = self._thumbnails.get(pin)
        if image is None:
            image = self._thumbnails[pin] = thumbnail(pin.analysis)
        square = QRectF(area.topLeft(), area.topLeft() + QPointF(SIDE, SIDE))
        outline = QPainterPath()
        outline.addRoundedRect(square, 6, 6)
        painter.save()
        painter.setClipPath(outline)
        painter.drawImage(square, image)
        painter.restore()
        if pin is self._current:
            painter.setPen(QPen(QColor(colours.accent), 3))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(square.adjusted(1.5, 1.5, -1.5, -1.5), 5, 5)
        left = square.right() + 6
        height = SIDE / 3
        strong = theme.sized(self.font(), 1, QFont.Weight.DemiBold)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        for row, text in enumerate((*pin.texts, pin.time)):
            painter.setFont(strong if row < 2 else self.font())
            painter.setPen(QColor(colours.text if row < 2 else colours.muted))
            line = QRectF(left, area.top() + row * height, area.right() - left, height)
            painter.drawText(line, middle, text)
        painter.setFont(self.font())
