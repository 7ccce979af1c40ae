"""Draws the results over a picture: boxes with labels, landmarks, attribution maps, hidden parts.

Everything is painted as vectors, or scaled by Qt, at the resolution of the view. Frame and crop
coordinates refer to pixel centres (the first pixel's centre is 0, 0), Qt's to pixel corners;
`FRAME_TO_QT` is that half pixel.
"""

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

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

from ferapp.overlays import colour_maps, hidden_painter, palette
from ferapp.overlays.label_text import box_label
from ferapp.overlays.overlay_style import OverlayStyle, displayed_map
from ferapp.vision.types import Analysis, Attribution, Face
from trainer.faces.points import CONTOURS_68

FRAME_TO_QT = QTransform.fromTranslate(0.5, 0.5)
UPSAMPLING = 4
# the only face; the selected one of several; the others
Emphasis = Literal["usual", "strong", "quiet"]
BOX_PX: dict[Emphasis, float] = {"usual": 1.75, "strong": 3.0, "quiet": 1.25}  # line width
CORNER_PX = 8  # radius of a box's corners
LABEL_MARGIN = 4  # px between a label and the edge of the picture
POINT_EDGE = 0.8  # px: the dark edge of a landmark
CONTOUR_PEN = QPen(palette.to_qcolor(palette.LANDMARK, 0.6), 1)  # a wider one is far slower
FRAME_PENS = (
    QPen(palette.to_qcolor(palette.LANDMARK_EDGE, 0.5), 2.5),
    QPen(palette.to_qcolor(palette.LANDMARK, 0.9), 1),
)


def picture_image(picture: NDArray[np.uint8]) -> QImage:
    """A QImage over `picture` (H, W, 4) BGRX without a copy; it does not keep the array alive."""
    height, width = picture.shape[:2]
    return QImage(picture.data, width, height, picture.strides[0], QImage.Format.Format_RGB32)


def grey_image(picture: NDArray[np.uint8]) -> QImage:
    """A QImage with a copy of a grey picture (H, W)."""
    rows = np.ascontiguousarray(picture)
    height, width = rows.shape
    return QImage(rows.data, width, height, width, QImage.Format.Format_Grayscale8).copy()


def crop_image(pixels: NDArray[np.uint8]) -> QImage:
    """A QImage with a copy of a model's crop: grey (S, S), or RGB (S, S, 3)."""
    if pixels.ndim == 2:
        return grey_image(pixels)
    rows = np.ascontiguousarray(pixels)
    height, width = rows.shape[:2]
    return QImage(rows.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def map_image(attribution: NDArray[np.float32], style: OverlayStyle) -> QImage:
    """The coloured attribution map, UPSAMPLING times its size in each direction.

    It fades out over the last tenth at each edge, so that the edge of the crop is not seen.
    """
    values = colour_maps.normalise_map(attribution, style.full_scale)
    pixels = colour_maps.attribution_image(
        colour_maps.upsample_map(values, UPSAMPLING),
        style.opacity,
        style.palette,
        signed=style.signed,
        fades=True,
    )
    height, width = pixels.shape[:2]
    form = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, width, height, 4 * width, form).copy()


def map_images(analysis: Analysis, style: OverlayStyle, model: int = 0) -> list[QImage | None]:
    """One coloured map per face by the model with that index; None where none is displayed."""
    if not style.attribution or style.opacity <= 0:
        return [None] * len(analysis.faces)
    maps = [displayed_map(face.predicted_by(model), style.target) for face in analysis.faces]
    return [map_image(shown[1], style) if shown is not None else None for shown in maps]


def paint_faces(
    painter: QPainter,
    analysis: Analysis,
    frame_to_view: QTransform,
    style: OverlayStyle,
    maps: list[QImage | None],
    model: int = 0,
) -> None:
    """Draw the results of one model over the painted picture; `maps` are its `map_images`.

    Hidden areas are drawn whatever the style, so that the result is not mistaken for
    one of the whole face; what hiding changes is beside the label of the box. A video recorded
    with overlays gets no second ones.
    """
    if analysis.frame.has_overlays:
        return
    height, width = analysis.picture.shape[:2]
    picture = frame_to_view.mapRect(QRectF(-0.5, -0.5, width, height))
    _draw_hidden(painter, analysis, frame_to_view)
    for face, image in zip(analysis.faces, maps, strict=True):
        prediction = face.predicted_by(model)
        if image is not None and prediction is not None and prediction.attribution is not None:
            draw_attribution(painter, prediction.attribution, frame_to_view, image)
    for face in analysis.faces:
        if style.crop_frame and model == 0:  # faces have the crop of the first model
            draw_crop_frame(painter, face, frame_to_view)
        if style.landmarks:
            draw_landmarks(painter, face, frame_to_view)
    for face in sorted(analysis.faces, key=lambda face: _stacking(face, analysis)):
        label = box_label(face, analysis, model)
        if style.boxes:
            dashed, emphasis = bool(face.issues(model)), _emphasis(face, analysis)
            draw_box(painter, face, frame_to_view, picture, label, emphasis, dashed=dashed)
        if style.boxes and analysis.hidden:
            box = frame_to_view.mapRect(QRectF(*face.box))
            plate = label_plate(QFontMetricsF(painter.font()), box, label, picture)
            hidden_painter.draw_effect(painter, face, model, plate, picture)


def _draw_hidden(painter: QPainter, analysis: Analysis, frame_to_view: QTransform) -> None:
    for face in analysis.faces:
        if face.crop is not None:
            to_view = crop_to_view(face.crop.from_frame, frame_to_view)
            hidden_painter.draw_hidden(painter, face.crop, to_view)


def _stacking(face: Face, analysis: Analysis) -> tuple[bool, float]:
    """Sort key of the drawing order: larger faces later, the selected one last, on top."""
    return face.face_id == analysis.selected_id, face.box[2] * face.box[3]


def _emphasis(face: Face, analysis: Analysis) -> Emphasis:
    if analysis.selected_id is None or len(analysis.faces) == 1:
        return "usual"
    return "strong" if face.face_id == analysis.selected_id else "quiet"


def crop_to_view(from_frame: NDArray[np.float32], frame_to_view: QTransform) -> QTransform:
    """From the pixel corners of a crop to the view; `frame_to_view` takes pixel centres."""
    (a, b, c), (d, e, f) = from_frame.astype(float).tolist()
    frame_to_crop = QTransform(a, d, b, e, c, f)
    to_frame, invertible = frame_to_crop.inverted()
    if not invertible:
        return QTransform.fromScale(0, 0)
    return QTransform.fromTranslate(-0.5, -0.5) * to_frame * frame_to_view


def draw_attribution(
    painter: QPainter, attribution: Attribution, frame_to_view: QTransform, image: QImage
) -> None:
    """Lay the image of a map exactly over the frame pixels of its crop."""
    size = attribution.maps.shape[-1]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setTransform(crop_to_view(attribution.from_frame, frame_to_view), True)
    painter.drawImage(QRectF(0, 0, size, size), image)
    painter.restore()


def draw_landmarks(painter: QPainter, face: Face, frame_to_view: QTransform) -> None:
    """The 68 landmarks as dots and their contours as thin lines."""
    if face.landmarks is None:
        return
    points = [frame_to_view.map(QPointF(x, y)) for x, y in face.landmarks.tolist()]
    width = abs(frame_to_view.m11()) * face.box[2]  # m11 is negative in a mirror
    radius = min(max(width / 140, 1.2), 2.4)  # legible on a small face, fine on a large one
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(CONTOUR_PEN)
    for contour in CONTOURS_68:
        painter.drawPolyline(QPolygonF([points[i] for i in contour]))
    draw_points(painter, points, radius)
    painter.restore()


def draw_points(painter: QPainter, points: Iterable[QPointF], radius: float) -> None:
    """White dots with a dark edge, which are seen on every colour of a map and of a picture."""
    dot = _dot(round(radius, 1), painter.device().devicePixelRatio())
    half = dot.deviceIndependentSize().width() / 2
    for point in points:
        painter.drawImage(QPointF(point.x() - half, point.y() - half), dot)


@lru_cache(maxsize=32)
def _dot(radius: float, pixel_ratio: float) -> QImage:
    """A landmark as a picture: drawing 68 copies of it is faster than drawing circles."""
    side = 2 * math.ceil((radius + POINT_EDGE) * pixel_ratio) + 1
    dot = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    dot.fill(Qt.GlobalColor.transparent)
    dot.setDevicePixelRatio(pixel_ratio)
    centre = QPointF(side, side) / (2 * pixel_ratio)
    with QPainter(dot) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for colour, size in (
            (palette.LANDMARK_EDGE, radius + POINT_EDGE),
            (palette.LANDMARK, radius),
        ):
            painter.setBrush(QColor(colour))
            painter.drawEllipse(centre, size, size)
    return dot


def draw_crop_frame(painter: QPainter, face: Face, frame_to_view: QTransform) -> None:
    """A thin line around the part of the picture that the model sees."""
    if face.crop is None:
        return
    side = len(face.crop.pixels)
    corners = QPolygonF(QRectF(0, 0, side, side))
    frame = crop_to_view(face.crop.from_frame, frame_to_view).map(corners)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in FRAME_PENS:
        painter.setPen(pen)
        painter.drawPolygon(frame)
    painter.restore()


def draw_box(
    painter: QPainter,
    face: Face,
    frame_to_view: QTransform,
    picture: QRectF,
    label: str,
    emphasis: Emphasis = "usual",
    *,
    dashed: bool = False,
) -> None:
    """A box with rounded corners and its label on a plate; a quiet label has a dark plate.

    `picture` is the rectangle of the whole frame in the view.
    """
    box = frame_to_view.mapRect(QRectF(*face.box))
    colour = palette.face_colour(face)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    width = BOX_PX[emphasis]
    shade = palette.to_qcolor(palette.VIDEO_BACKGROUND, 0.45)
    painter.setPen(QPen(shade, width + 1.75))  # keeps the line visible on white
    painter.drawRoundedRect(box, CORNER_PX, CORNER_PX)
    line = QPen(colour, width)
    if dashed:
        line.setDashPattern([4, 3])
    painter.setPen(line)
    painter.drawRoundedRect(box, CORNER_PX, CORNER_PX)
    if label:
        plate = label_plate(QFontMetricsF(painter.font()), box, label, picture)
        quiet = emphasis == "quiet"
        painter.setPen(QPen(colour, 1) if quiet else QPen(Qt.PenStyle.NoPen))
        painter.setBrush(palette.to_qcolor(palette.VIDEO_PLATE) if quiet else colour)
        painter.drawRoundedRect(plate, 5, 5)
        painter.setPen(colour if quiet else QColor(palette.ON_FACE_COLOUR))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, label)
    painter.restore()


def label_plate(metrics: QFontMetricsF, box: QRectF, label: str, picture: QRectF) -> QRectF:
    """Rectangle of a label: above the box, or inside where there is no room above.

    Always inside the picture, even where its face is not. All in view coordinates.
    """
    plate = QRectF(0, 0, metrics.horizontalAdvance(label) + 16, metrics.height() + 6)
    plate.moveBottomLeft(box.topLeft() + QPointF(0, -6))
    if plate.top() < picture.top() + LABEL_MARGIN:
        plate.moveTopLeft(box.topLeft() + QPointF(6, 6))
    room = picture.adjusted(LABEL_MARGIN, LABEL_MARGIN, -LABEL_MARGIN, -LABEL_MARGIN)
    x = max(min(plate.x(), room.right() - plate.width()), room.left())
    y = max(min(plate.y(), room.bottom() - plate.height()), room.top())
    plate.moveTo(x, y)
    return plate
