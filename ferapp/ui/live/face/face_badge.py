"""The number of the selected face on its colour, which links the panel to the picture."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.overlays import palette
from ferapp.ui.widgets import theme
from ferapp.vision.tracking import face_number
from ferapp.vision.types import Face

_SIDE = 26  # px


class FaceBadge(QWidget):
    """Visible while there are several faces."""

    def __init__(self) -> None:
        super().__init__()
        self._face_id: int | None = None
        self._face: Face | None = None
        self.setFont(theme.sized(self.font(), 1.15, QFont.Weight.Bold))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(_SIDE, _SIDE)

    def show_face(self, face_id: int | None, face: Face | None) -> None:
        """No id hides it. A face out of sight, whose `face` is None, is only outlined."""
        self._face_id, self._face = face_id, face
        self.setVisible(face_id is not None)
        if face_id is None:
            return
        self.setAccessibleName(f"Face {face_number(face_id)} is selected")
        self.setToolTip(
            f"Bars, plots and attribution show face {face_number(face_id)}.\n"
            "Click a face or press its number to select it. Keys: N next face, 0 largest face."
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        if self._face_id is None:
            return
        colours, face = theme.current(), self._face
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plate = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(QColor(colours.muted), 1))  # a light colour alone has no edge on white
        painter.setBrush(palette.face_colour(face) if face else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(plate, 6, 6)
        painter.setPen(QColor(palette.ON_FACE_COLOUR if face else colours.muted))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, str(face_number(self._face_id)))
