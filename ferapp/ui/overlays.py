"""What is drawn over a picture: boxes with labels, landmarks, attribution maps.

All of it is painted as vectors, or scaled by Qt, at the resolution of the view. Frame and crop
coordinates count pixel centres (the first pixel's centre is 0, 0) while Qt counts pixel corners;
`FRAME_TO_QT` is that half pixel.
"""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QImage,
    QPainter,
    QPen,
    QPolygonF,
    QTransform,
)

from ferapp.ui import colour_maps, theme
from ferapp.vision.analysis import FaceAnalysis
from trainer.faces.points import CONTOURS_68

FRAME_TO_QT = QTransform.fromTranslate(0.5, 0.5)
UPSAMPLING = 4


def picture_image(picture: NDArray[np.uint8]) -> QImage:
    """A QImage over `picture` (H, W, 4) BGRX without a copy; keep the array as long as it lives."""
    height, width = picture.shape[:2]
    return QImage(picture.data, width, height, picture.strides[0], QImage.Format.Format_RGB32)


def grey_image(picture: NDArray[np.uint8]) -> QImage:
    """A QImage with a copy of a grey picture (H, W)."""
    rows = np.ascontiguousarray(picture)
    height, width = rows.shape
    return QImage(rows.data, width, height, width, QImage.Format.Format_Grayscale8).copy()


def map_image(attribution: NDArray[np.float32], opacity: float) -> QImage:
    """The coloured attribution map, UPSAMPLING times the crop's size in each direction."""
    values = colour_maps.upsampled(colour_maps.normalised(attribution), UPSAMPLING)
    pixels = colour_maps.attribution_image(values, opacity)
    height, width = pixels.shape[:2]
    form = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, width, height, 4 * width, form).copy()


def crop_to_view(to_crop: NDArray[np.float32], frame_to_view: QTransform) -> QTransform:
    """From the pixel corners of the crop to the view. `frame_to_view` takes pixel centres."""
    (a, b, c), (d, e, f) = to_crop.astype(float).tolist()
    frame_to_crop = QTransform(a, d, b, e, c, f)
    to_frame, invertible = frame_to_crop.inverted()
    if not invertible:
        return QTransform.fromScale(0, 0)
    return QTransform.fromTranslate(-0.5, -0.5) * to_frame * frame_to_view


def draw_attribution(
    painter: QPainter, face: FaceAnalysis, frame_to_view: QTransform, image: QImage
) -> None:
    """Lay the map's image exactly over the pixels of the frame that the crop was taken from."""
    size = face.crop.shape[0]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setTransform(crop_to_view(face.to_crop, frame_to_view), True)
    painter.drawImage(QRectF(0, 0, size, size), image)
    painter.restore()


def draw_landmarks(painter: QPainter, face: FaceAnalysis, frame_to_view: QTransform) -> None:
    """The 68 points as dots and their contours as thin lines."""
    points = [frame_to_view.map(QPointF(x, y)) for x, y in face.landmarks.tolist()]
    width = frame_to_view.m11() * face.box[2]
    radius = min(max(width / 140, 1.2), 2.4)  # legible on a small face, fine on a large one
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    line = QPen(theme.colour(theme.LANDMARK, 0.45), 1)
    line.setCosmetic(True)
    painter.setPen(line)
    for contour in CONTOURS_68:
        painter.drawPolyline(QPolygonF([points[i] for i in contour]))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.LANDMARK))
    for point in points:
        painter.drawEllipse(point, radius, radius)
    painter.restore()


def draw_box(painter: QPainter, face: FaceAnalysis, frame_to_view: QTransform, label: str) -> None:
    """A box with rounded corners; its label sits on top of it, or inside where no room is left."""
    box = frame_to_view.mapRect(QRectF(*face.box))
    colour = theme.face_colour(face.face_id)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.colour(theme.VIDEO_GROUND, 0.45), 3.5))  # keeps it visible on white
    painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
    painter.setPen(QPen(colour, 1.75))
    painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
    if label:
        metrics = QFontMetricsF(painter.font())
        plate = QRectF(0, 0, metrics.horizontalAdvance(label) + 16, metrics.height() + 6)
        plate.moveBottomLeft(box.topLeft() + QPointF(0, -6))
        if plate.top() < 4:
            plate.moveTopLeft(box.topLeft() + QPointF(6, 6))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(plate, 5, 5)
        painter.setPen(QColor(theme.ON_FACE_COLOUR))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, label)
    painter.restore()
