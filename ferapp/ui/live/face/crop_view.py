"""The aligned crop that is the model's input, enlarged."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.overlays import overlay_painter
from ferapp.ui.widgets import theme
from ferapp.vision.types import Crop


class CropView(QWidget):
    """The pixels of the model's input, each one visible, with the map over them."""

    def __init__(self) -> None:
        super().__init__()
        self._crop: QImage | None = None
        self._map: QImage | None = None
        self._message = ""
        self.setFont(theme.sized(self.font(), 0.85))
        policy = QSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setSizePolicy(policy)
        self.setAccessibleName("Aligned crop")
        self.setToolTip(
            "What the model sees: the face cut out, scaled and, for most models, rotated upright.\n"
            "These are the exact pixels, enlarged; nothing else reaches the model.\n"
            "Never mirrored, even if the picture is; hidden parts are filled in."
        )

    def sizeHint(self) -> QSize:
        return QSize(120, 120)

    def show_crop(self, crop: Crop | None, map_image: QImage | None, message: str = "") -> None:
        """The crop under its coloured map, if there is one; `message` without a crop."""
        self._crop = overlay_painter.crop_image(crop.pixels) if crop is not None else None
        self._map = map_image
        self._message = "" if self._crop is not None else message
        self.setAccessibleDescription(self._message)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), theme.RADIUS, theme.RADIUS)
        painter.fillPath(shape, QColor(theme.current().raised))
        if self._crop is None:
            painter.setPen(QColor(theme.current().muted))
            inner = self.rect().adjusted(theme.GAP, 0, -theme.GAP, 0)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(inner, flags, self._message)
            return
        painter.setClipPath(shape)
        painter.drawImage(QRectF(self.rect()), self._crop)
        if self._map is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            # action units reach beyond the crop
            share = self._map.width() / overlay_painter.UPSAMPLING / self._crop.width()
            whole = QRectF(0, 0, share * self.width(), share * self.height())
            whole.moveCenter(QRectF(self.rect()).center())
            painter.drawImage(whole, self._map)
