"""The aligned crop that the model is fed, enlarged, and the key to the attribution's colours."""

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.ui import colour_maps, overlays, theme
from ferapp.vision.analysis import FaceAnalysis


class CropView(QWidget):
    """Exactly the pixels of the model's input, each one visible, with the map over them."""

    def __init__(self) -> None:
        super().__init__()
        self._crop: QImage | None = None
        self._map: QImage | None = None
        policy = QSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setSizePolicy(policy)
        self.setAccessibleName("Aligned crop")
        self.setToolTip(
            "What the model sees: the face turned upright, cut out and shrunk.\n"
            "These are its exact pixels, enlarged; nothing else reaches the model."
        )

    def sizeHint(self) -> QSize:
        return QSize(120, 120)

    def show_face(self, face: FaceAnalysis | None, opacity: float) -> None:
        """`opacity` 0 shows the crop alone; no face leaves it empty."""
        self._crop = overlays.grey_image(face.crop) if face is not None and face.crop.size else None
        attribution = face.attribution if face is not None and opacity > 0 else None
        self._map = overlays.map_image(attribution, opacity) if attribution is not None else None
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
            return
        painter.setClipPath(shape)
        painter.drawImage(QRectF(self.rect()), self._crop)
        if self._map is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(self.rect()), self._map)


class AttributionKey(QWidget):
    """`against ▬▬▬▬ for`: what the colours of the map mean."""

    def __init__(self) -> None:
        super().__init__()
        self._class_name = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Key to the attribution's colours")
        self.setToolTip(
            "Warm: these parts of the face raise the score of the label.\n"
            "Cool: they lower it. The strongest part of each picture has the full colour."
        )

    def sizeHint(self) -> QSize:
        return QSize(140, 10 + self.fontMetrics().height())

    def set_class(self, name: str) -> None:
        """The class whose score the map explains, as a person reads it; "" when there is none."""
        if name != self._class_name:
            self._class_name = name
            self.setAccessibleDescription(f"Explains {name}" if name else "")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        gradient = QLinearGradient(0, 0, self.width(), 0)
        stops = np.linspace(-1, 1, 17, dtype=np.float32)
        for value, (red, green, blue) in zip(stops.tolist(), colour_maps.ramp(stops), strict=True):
            tone = QColor(int(red), int(green), int(blue))
            tone.setAlphaF(abs(value))
            gradient.setColorAt((value + 1) / 2, tone)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(gradient)
        painter.drawRoundedRect(QRectF(0, 0, self.width(), 6), 3, 3)
        painter.setPen(QColor(theme.current().muted))
        words = self.rect().adjusted(0, 9, 0, 0)
        supports = f"for {self._class_name}" if self._class_name else "for"
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft, "against")
        painter.drawText(words, Qt.AlignmentFlag.AlignRight, supports)
