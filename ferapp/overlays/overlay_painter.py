"""What is drawn over a picture: boxes with labels, landmarks, attribution maps, hidden parts.

All of it is painted as vectors, or scaled by Qt, at the resolution of the view. Frame and crop
coordinates count pixel centres (the first pixel's centre is 0, 0) while Qt counts pixel corners;
`FRAME_TO_QT` is that half pixel.
"""

import math
from collections.abc import Collection
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPainterPathStroker,
    QPen,
    QPolygonF,
    QTransform,
)

from ferapp.overlays import colour_maps
from ferapp.overlays.overlay_style import Look, map_of
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.vision.face_parts import MARGIN, PARTS, REGIONS, Part
from ferapp.vision.types import Analysis, FaceAnalysis
from trainer.faces.points import CONTOURS_68

FRAME_TO_QT = QTransform.fromTranslate(0.5, 0.5)
UPSAMPLING = 4
Emphasis = Literal["usual", "strong", "quiet"]  # a face alone; the one followed; the others
BOX_PX: dict[Emphasis, float] = {"usual": 1.75, "strong": 3.0, "quiet": 1.25}  # width of the line
PLATE_EDGE = 4  # px between a label and the edge of the picture
HATCH = 7  # px between the lines over a hidden part
HATCH_DETAIL = 4
HATCH_PENS = ((theme.colour(theme.VIDEO_GROUND, 0.55), 2.6), (theme.colour(theme.VIDEO_TEXT), 1.1))


def picture_image(picture: NDArray[np.uint8]) -> QImage:
    """A QImage over `picture` (H, W, 4) BGRX without a copy; keep the array as long as it lives."""
    height, width = picture.shape[:2]
    return QImage(picture.data, width, height, picture.strides[0], QImage.Format.Format_RGB32)


def grey_image(picture: NDArray[np.uint8]) -> QImage:
    """A QImage with a copy of a grey picture (H, W)."""
    rows = np.ascontiguousarray(picture)
    height, width = rows.shape
    return QImage(rows.data, width, height, width, QImage.Format.Format_Grayscale8).copy()


def map_image(attribution: NDArray[np.float32], look: Look) -> QImage:
    """The coloured attribution map, UPSAMPLING times the crop's size in each direction."""
    values = colour_maps.upsampled(colour_maps.scaled(attribution, look.full_scale), UPSAMPLING)
    pixels = colour_maps.attribution_image(values, look.opacity, look.palette, signed=look.signed)
    height, width = pixels.shape[:2]
    form = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, width, height, 4 * width, form).copy()


def map_images(analysis: Analysis, look: Look) -> list[QImage | None]:
    """One coloured map a face, where there is one and it is wanted."""
    if not look.attribution or look.opacity <= 0:
        return [None] * len(analysis.faces)
    shown = [map_of(face, analysis.classes, look.target) for face in analysis.faces]
    return [map_image(found[1], look) if found else None for found in shown]


def paint_faces(
    painter: QPainter,
    analysis: Analysis,
    frame_to_view: QTransform,
    look: Look,
    maps: list[QImage | None],
) -> None:
    """All that `look` asks for, over a picture that is painted already; maps of `map_images`.

    Hidden parts are hatched whatever `look` says: nobody should take the result for a real one.
    A recorded picture that has its overlays already does not get them twice.
    """
    if analysis.frame.has_overlays:
        return
    height, width = analysis.picture.shape[:2]
    picture = frame_to_view.mapRect(QRectF(-0.5, -0.5, width, height))
    for face, image in zip(analysis.faces, maps, strict=True):
        if image is not None:
            draw_attribution(painter, face, frame_to_view, image)
    for face in analysis.faces:
        draw_hidden(painter, face, frame_to_view, analysis.hidden)
    if look.landmarks:
        for face in analysis.faces:
            draw_landmarks(painter, face, frame_to_view)
    if look.boxes:
        for face in sorted(analysis.faces, key=lambda face: _height(face, analysis)):
            label = wording.box_label(face, analysis)
            draw_box(painter, face, frame_to_view, picture, label, _emphasis(face, analysis))


def _height(face: FaceAnalysis, analysis: Analysis) -> tuple[bool, float]:
    """Whose label is above whose: that of the face that is followed, then the larger one's."""
    return face.face_id == analysis.followed, face.box[2] * face.box[3]


def _emphasis(face: FaceAnalysis, analysis: Analysis) -> Emphasis:
    if analysis.followed is None or len(analysis.faces) == 1:
        return "usual"
    return "strong" if face.face_id == analysis.followed else "quiet"


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
    """The 68 points as dots and their contours as thin lines; a recording does not have them."""
    if not face.landmarks.size:
        return
    points = [frame_to_view.map(QPointF(x, y)) for x, y in face.landmarks.tolist()]
    width = abs(frame_to_view.m11()) * face.box[2]  # negative in a mirror
    radius = min(max(width / 140, 1.2), 2.4)  # legible on a small face, fine on a large one
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = theme.face_colour(face.face_id)
    faint = QColor(colour)
    faint.setAlphaF(0.45)
    painter.setPen(QPen(faint, 1))
    for contour in CONTOURS_68:
        painter.drawPolyline(QPolygonF([points[i] for i in contour]))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for point in points:
        painter.drawEllipse(point, radius, radius)
    painter.restore()


def draw_hidden(
    painter: QPainter,
    face: FaceAnalysis,
    frame_to_view: QTransform,
    hidden: Collection[Part],
) -> None:
    """Hatch the parts that the model does not see."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for shape in (s for part in PARTS if part in hidden for s in part_shapes(face, part)):
        place = frame_to_view.map(shape)
        painter.fillPath(place, _hatching())
        for colour, width in HATCH_PENS:
            painter.strokePath(place, QPen(colour, width))
    painter.restore()


@lru_cache(maxsize=1)
def _hatching() -> QBrush:
    """Diagonal lines as a texture, finer than the screen: single lines cost ten times more."""
    tile = QImage(QSize(HATCH, HATCH) * HATCH_DETAIL, QImage.Format.Format_ARGB32_Premultiplied)
    tile.fill(Qt.GlobalColor.transparent)
    with QPainter(tile) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(HATCH_DETAIL, HATCH_DETAIL)
        for colour, width in HATCH_PENS:
            painter.setPen(QPen(colour, width, c=Qt.PenCapStyle.SquareCap))
            for x in (-HATCH, 0, HATCH):  # so that the lines go on in the next tile
                painter.drawLine(QLineF(x, HATCH, x + HATCH, 0))
    brush = QBrush(tile)
    brush.setTransform(QTransform.fromScale(1 / HATCH_DETAIL, 1 / HATCH_DETAIL))
    return brush


def part_shapes(face: FaceAnalysis, part: Part) -> list[QPainterPath]:
    """What is hidden of a part, in pixel centres of the frame."""
    right, left = face.landmarks[36].tolist(), face.landmarks[45].tolist()
    stroker = QPainterPathStroker()
    stroker.setWidth(2 * MARGIN * math.dist(right, left))
    stroker.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    shapes = []
    for indices in REGIONS[part]:
        hull = QPainterPath()
        hull.addPolygon(QPolygonF([QPointF(x, y) for x, y in _hull(face.landmarks[[*indices]])]))
        hull.closeSubpath()
        shapes.append(stroker.createStroke(hull).united(hull).simplified())
    return shapes


def _hull(points: NDArray[np.float32]) -> list[tuple[float, float]]:
    """The corners of the convex hull of points (N, 2), in order (Andrew's monotone chain)."""
    ordered = sorted((float(x), float(y)) for x, y in points)
    sides: list[list[tuple[float, float]]] = []
    for run in (ordered, ordered[::-1]):
        side: list[tuple[float, float]] = []
        for x, y in run:
            while len(side) > 1:
                (ax, ay), (bx, by) = side[-2:]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                side.pop()
            side.append((x, y))
        sides.append(side[:-1])
    return sides[0] + sides[1]


def draw_box(
    painter: QPainter,
    face: FaceAnalysis,
    frame_to_view: QTransform,
    picture: QRectF,
    label: str,
    emphasis: Emphasis = "usual",
) -> None:
    """A box with rounded corners, dashed when in doubt, and its label on a plate.

    `picture` is the place of the whole frame in the view. A quiet label has a dark plate.
    """
    box = frame_to_view.mapRect(QRectF(*face.box))
    colour = theme.face_colour(face.face_id)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    width = BOX_PX[emphasis]
    shade = theme.colour(theme.VIDEO_GROUND, 0.45)
    painter.setPen(QPen(shade, width + 1.75))  # keeps it visible on white
    painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
    line = QPen(colour, width)
    if face.doubts:
        line.setDashPattern([4, 3])
    painter.setPen(line)
    painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
    if label:
        metrics = QFontMetricsF(painter.font())
        plate = label_plate(metrics, box, label, picture)
        quiet = emphasis == "quiet"
        painter.setPen(QPen(colour, 1) if quiet else QPen(Qt.PenStyle.NoPen))
        painter.setBrush(theme.colour(theme.VIDEO_PLATE) if quiet else colour)
        painter.drawRoundedRect(plate, 5, 5)
        painter.setPen(colour if quiet else QColor(theme.ON_FACE_COLOUR))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, label)
    painter.restore()


def label_plate(metrics: QFontMetricsF, box: QRectF, label: str, picture: QRectF) -> QRectF:
    """The place of a label: on top of the box, or inside where no room is left.

    It never leaves the picture, not even where its face does: nobody would see it. All in view
    coordinates.
    """
    plate = QRectF(0, 0, metrics.horizontalAdvance(label) + 16, metrics.height() + 6)
    plate.moveBottomLeft(box.topLeft() + QPointF(0, -6))
    if plate.top() < picture.top() + PLATE_EDGE:
        plate.moveTopLeft(box.topLeft() + QPointF(6, 6))
    room = picture.adjusted(PLATE_EDGE, PLATE_EDGE, -PLATE_EDGE, -PLATE_EDGE)
    x = max(min(plate.x(), room.right() - plate.width()), room.left())
    y = max(min(plate.y(), room.bottom() - plate.height()), room.top())
    plate.moveTo(x, y)
    return plate
