"""The face on the stage: a soft edge towards the text, and a dot for each of several faces."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QTransform
from PySide6.QtWidgets import QWidget

from ferapp.overlays import palette
from ferapp.ui.stage.zoomed_face import ZoomedFace
from ferapp.ui.widgets import theme
from ferapp.vision.types import Analysis, Face

_SOFT = 0.07  # of the view, the width of the soft edge
_DOT = 0.01  # of the height, the radius of the dot of the followed face


class StageFace(ZoomedFace):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.text_side = Qt.Edge.RightEdge
        self.dots: tuple[Face, ...] = ()  # all faces, in the order of their numbers
        self.followed: int | None = None

    def background(self) -> QColor:
        return QColor(theme.current().window)

    def paint_overlays(
        self, painter: QPainter, analysis: Analysis, frame_to_view: QTransform
    ) -> None:
        super().paint_overlays(painter, analysis, frame_to_view)
        self._paint_edge(painter)
        if len(self.dots) > 1:
            self._paint_dots(painter)

    def _paint_edge(self, painter: QPainter) -> None:
        """Fade into the background on the side of the text."""
        width, height = float(self.width()), float(self.height())
        start, end = {
            Qt.Edge.LeftEdge: (QPointF(_SOFT * width, 0), QPointF(0, 0)),
            Qt.Edge.RightEdge: (QPointF((1 - _SOFT) * width, 0), QPointF(width, 0)),
            Qt.Edge.BottomEdge: (QPointF(0, (1 - _SOFT) * height), QPointF(0, height)),
        }[self.text_side]
        edge = QLinearGradient(start, end)
        clear = self.background()
        clear.setAlpha(0)
        edge.setColorAt(0, clear)
        edge.setColorAt(1, self.background())
        painter.fillRect(self.rect(), edge)

    def _paint_dots(self, painter: QPainter) -> None:
        """In the lower left corner; the followed face's is large and bright."""
        radius = max(self.height() * _DOT, 1.5)
        gap = 3.2 * radius
        plate = QRectF(0, 0, gap * len(self.dots) + radius, 3.6 * radius)
        plate.moveBottomLeft(QPointF(2 * radius, self.height() - 2 * radius))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.to_qcolor(palette.VIDEO_PLATE))
        painter.drawRoundedRect(plate, plate.height() / 2, plate.height() / 2)
        for index, face in enumerate(self.dots):
            colour, size = palette.face_colour(face), radius
            if face.face_id != self.followed:
                colour.setAlphaF(0.6)
                size = 0.75 * radius
            painter.setBrush(colour)
            centre = QPointF(plate.x() + gap * (index + 0.5) + radius / 2, plate.center().y())
            painter.drawEllipse(centre, size, size)
