"""The followed face of an analysis as a small square picture: all that the booth keeps of it."""

from dataclasses import replace

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QTransform

from ferapp.overlays import overlay_painter, palette
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.stage.face_camera import FaceCamera
from ferapp.vision.types import Analysis

SIDE = 440  # px


def face_picture(analysis: Analysis, style: OverlayStyle) -> QImage:
    """(SIDE, SIDE), unmirrored, with the overlays of `style`; the analysis is not kept."""
    face = analysis.selected_face
    assert face is not None
    alone = replace(analysis, faces=(face,), selected_id=None)
    camera = FaceCamera()
    camera.advance(alone, 1.0)
    region = camera.region(1.0)
    scale = SIDE / region.height
    to_picture = QTransform.fromTranslate(-region.x, -region.y)
    to_picture *= QTransform.fromScale(scale, scale)
    image = QImage(SIDE, SIDE, QImage.Format.Format_RGB32)
    image.fill(QColor(palette.VIDEO_BACKGROUND))
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setTransform(to_picture)
        painter.drawImage(QPointF(0, 0), overlay_painter.picture_image(alone.picture))
        painter.resetTransform()
        painter.setClipRect(image.rect(), Qt.ClipOperation.ReplaceClip)
        overlay_painter.paint_faces(
            painter,
            alone,
            overlay_painter.FRAME_TO_QT * to_picture,
            style,
            overlay_painter.map_images(alone, style),
        )
    return image
