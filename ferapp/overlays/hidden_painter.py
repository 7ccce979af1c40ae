"""Draws what is hidden from the model: the fill it gets, a soft outline, and the effect."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen, QTransform

from ferapp.overlays import palette
from ferapp.overlays.colour_maps import upsample_map
from ferapp.overlays.label_text import effect_text
from ferapp.vision.types import Crop, Face

UPSAMPLING = 4
_LINE = 0.5  # how much of a pixel is hidden where the outline runs
_GAP = 5  # px between the label of a face and the effect


def draw_hidden(painter: QPainter, crop: Crop, crop_to_view: QTransform) -> None:
    """The model's own pixels over the picture, where it does not see the face.

    A light line with a dark rim, visible on every picture, runs around them.
    """
    if crop.covered is None or not crop.covered.any():
        return
    used = crop.covered > 0
    rows, columns = _extent(used.sum(axis=1)), _extent(used.sum(axis=0))
    part = np.s_[rows, columns]
    covered = upsample_map(_smooth(_smooth(crop.covered[part].T).T), UPSAMPLING)
    off = np.abs(covered - _LINE)
    light, dark = np.clip(1.6 - off / 0.08, 0, 1), np.clip(1.6 - off / 0.16, 0, 1) * 0.55
    line = light + (1 - light) * dark
    fill = np.clip(upsample_map(crop.covered[part], UPSAMPLING), 0, 1)
    seen = np.asarray(crop.pixels[part] / 255, np.float32)
    blue_green_red = [seen] if seen.ndim == 2 else [seen[..., channel] for channel in (2, 1, 0)]
    filled = np.stack([upsample_map(each, UPSAMPLING) for each in blue_green_red], axis=-1)
    pixels = np.empty((*fill.shape, 4), np.uint8)  # premultiplied BGRA
    under = ((1 - line) * fill)[..., None] * np.clip(filled, 0, 1)
    pixels[..., :3] = 255 * (0.95 * light[..., None] + under)
    pixels[..., 3] = 255 * (line + (1 - line) * fill)
    height, width = pixels.shape[:2]
    form = QImage.Format.Format_ARGB32_Premultiplied
    image = QImage(pixels.data, width, height, 4 * width, form)  # shares its array while drawn
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setTransform(crop_to_view, True)
    place = QRectF(columns.start, rows.start, width / UPSAMPLING, height / UPSAMPLING)
    painter.drawImage(place, image)
    painter.restore()


def _extent(counts: NDArray[np.intp]) -> slice:
    """The rows, or columns, with pixels that are hidden, and a margin for the line around them."""
    indices = np.nonzero(counts)[0]
    return slice(max(int(indices[0]) - 2, 0), min(int(indices[-1]) + 3, len(counts)))


def _smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row averaged with its neighbours, so that the line does not follow single pixels."""
    padded = np.pad(values, ((1, 1), (0, 0)), mode="edge")
    return np.asarray((padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4, np.float32)


def draw_effect(painter: QPainter, face: Face, model: int, label: QRectF, picture: QRectF) -> None:
    """`Sad 83 → 38 %` beside the `label` of a face; in its colour where the answer changed."""
    prediction = face.predicted_by(model)
    if prediction is None or prediction.unmasked is None:
        return
    text = effect_text(prediction)
    plate = effect_plate(QFontMetricsF(painter.font()), text, label, picture)
    changed = int(prediction.unmasked.argmax()) != prediction.top
    colour = palette.face_colour(face)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 1))
    painter.setBrush(colour if changed else palette.to_qcolor(palette.VIDEO_PLATE))
    painter.drawRoundedRect(plate, 5, 5)
    painter.setPen(QColor(palette.ON_FACE_COLOUR if changed else palette.VIDEO_TEXT))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def effect_plate(metrics: QFontMetricsF, text: str, label: QRectF, picture: QRectF) -> QRectF:
    """Above the label, or below it where there is no room; all in view coordinates."""
    plate = QRectF(0, 0, metrics.horizontalAdvance(text) + 20, metrics.height() + 8)
    plate.moveBottomLeft(label.topLeft() - QPointF(0, _GAP))
    if plate.top() < picture.top() + _GAP:
        plate.moveTopLeft(label.bottomLeft() + QPointF(0, _GAP))
    plate.moveLeft(max(min(plate.x(), picture.right() - plate.width() - _GAP), picture.left()))
    return plate
