"""One face of the picture, large and steady, with its overlays."""

from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QTransform
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.overlays import overlay_painter, palette
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.stage.face_camera import FACE_SHARE, FaceCamera
from ferapp.ui.text import wording
from ferapp.vision.types import Analysis


class ZoomedFace(QWidget):
    """Follows the selected face of each analysis and draws the overlays of that face alone.

    The predictions are those of the model with index `model`; the face takes `face_share` of the
    height. A subclass may draw something else over the picture in `paint_overlays`.
    """

    def __init__(
        self,
        parent: QWidget | None = None,
        model: int = 0,
        face_share: float = FACE_SHARE,
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._camera = FaceCamera(face_share)
        self._analysis: Analysis | None = None  # with the selected face alone
        self._image: QImage | None = None
        self._maps: list[QImage | None] | None = None  # created on first use
        self._style = OverlayStyle(boxes=False, landmarks=False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(24, 24))
        self.setAccessibleName("The followed face")

    @property
    def analysis(self) -> Analysis | None:
        """What is shown, without the other faces."""
        return self._analysis

    @property
    def overlay_style(self) -> OverlayStyle:
        return self._style

    def set_overlay_style(self, style: OverlayStyle) -> None:
        if style != self._style:
            self._style, self._maps = style, None
            self.update()

    def show_analysis(self, analysis: Analysis) -> None:
        self._camera.advance(analysis, self._aspect())
        face = analysis.selected_face
        faces = (face,) if face is not None else ()
        self._analysis = replace(analysis, faces=faces, selected_id=None)
        self._image = overlay_painter.picture_image(analysis.picture)  # shares its array
        self._maps = None
        self.setAccessibleDescription(wording.summary(self._analysis))
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        if self._analysis is not None:
            self._analysis = self._image = self._maps = None
            self.update()

    def frame_to_view(self) -> QTransform:
        """From pixel centres of the frame to this widget."""
        return overlay_painter.FRAME_TO_QT * self._corners_to_view()

    def _aspect(self) -> float:
        return self.width() / max(self.height(), 1)

    def _corners_to_view(self) -> QTransform:
        """From pixel corners of the frame to this widget."""
        region = self._camera.region(self._aspect())
        scale = self.height() / region.height
        to_view = QTransform.fromTranslate(-region.x, -region.y) * QTransform.fromScale(
            scale, scale
        )
        if self._style.mirror:
            return to_view * QTransform(-1, 0, 0, 1, self.width(), 0)
        return to_view

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(palette.VIDEO_BACKGROUND))
            if self._image is None or self._analysis is None:
                return
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setClipRect(QRectF(self.rect()))
            painter.save()
            painter.setTransform(self._corners_to_view(), True)
            painter.drawImage(QPointF(0, 0), self._image)
            painter.restore()
            self.paint_overlays(painter, self._analysis, self.frame_to_view())

    def paint_overlays(
        self, painter: QPainter, analysis: Analysis, frame_to_view: QTransform
    ) -> None:
        """Draw the results over the painted picture; `analysis` has the followed face alone."""
        overlay_painter.paint_faces(
            painter, analysis, frame_to_view, self._style, self._map_images(analysis), self._model
        )

    def _map_images(self, analysis: Analysis) -> list[QImage | None]:
        """The coloured map of the face, created once for each analysis and style."""
        if self._maps is None:
            self._maps = overlay_painter.map_images(analysis, self._style, self._model)
        return self._maps
