"""A snapshot for a talk: picture, bars, the last seconds, model and date on one slide.

Any thread may draw it once there is a QGuiApplication.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPen, QTransform

from ferapp.overlays import label_text, overlay_painter
from ferapp.overlays.overlay_style import OverlayStyle, target_class
from ferapp.ui.widgets.theme import Theme
from ferapp.vision.overlay_methods import ACTION_UNITS, OVERLAY_METHODS
from ferapp.vision.types import Analysis, Prediction
from trainer.prior import TRAINED

SIZE = QSize(1280, 720)  # points
SCALE = 2  # pixels a point
SECONDS = 20.0
_PICTURE = QRectF(40, 40, 800, 600)
_COLUMN = QRectF(880, 40, 360, 600)
_FOOTER = QRectF(40, 660, 1200, 32)
_ROW, _BAR = 33.0, 13.0  # of the bars, points
_NAMED = 0.1  # probability from which a line of the plot has its name
_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight


@dataclass(frozen=True, slots=True)
class RecentShares:
    """Seconds before the picture (n,) ≤ 0, and the shown probabilities then (n, K); NaN: gaps."""

    times: NDArray[np.float64]
    shares: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SlideContent:
    """`model` is the name of the model that looks; the colours are those of `theme`."""

    analysis: Analysis
    style: OverlayStyle
    recent: RecentShares
    model: str
    when: datetime
    theme: Theme


def draw_slide(content: SlideContent) -> QImage:
    """The slide, SIZE times SCALE; the picture is never mirrored."""
    image = QImage(SIZE * SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(SCALE)
    image.fill(QColor(content.theme.window))
    face = content.analysis.selected_face
    prediction = face.prediction if face is not None else None
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        _draw_picture(painter, content)
        if prediction is not None:
            _draw_bars(painter, prediction, content.theme)
            plot = QRectF(_COLUMN)
            plot.setTop(_COLUMN.top() + 96 + _ROW * len(prediction.classes) + 24)
            _draw_plot(painter, plot, prediction.classes, content.recent, content.theme)
        _draw_footer(painter, content, prediction)
    image.setDevicePixelRatio(1)
    return image


def _font(points: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    font = QFont()
    font.setPixelSize(points)
    font.setWeight(weight)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def _draw_picture(painter: QPainter, content: SlideContent) -> None:
    analysis = content.analysis
    height, width = analysis.picture.shape[:2]
    scale = min(_PICTURE.width() / width, _PICTURE.height() / height)
    rect = QRectF(0, 0, width * scale, height * scale)
    rect.moveCenter(_PICTURE.center())
    to_slide = overlay_painter.FRAME_TO_QT * QTransform.fromScale(scale, scale)
    to_slide *= QTransform.fromTranslate(rect.x(), rect.y())
    painter.save()
    outline = QPainterPath()
    outline.addRoundedRect(rect, 12, 12)
    painter.setClipPath(outline)
    painter.drawImage(rect, overlay_painter.picture_image(analysis.picture))
    painter.setFont(_font(17, QFont.Weight.DemiBold))
    maps = overlay_painter.map_images(analysis, content.style)
    overlay_painter.paint_faces(painter, analysis, to_slide, content.style, maps)
    painter.restore()


def _draw_bars(painter: QPainter, prediction: Prediction, theme: Theme) -> None:
    """The headline, and a bar for each class."""
    top = prediction.top
    line = QRectF(_COLUMN.x(), _COLUMN.y(), _COLUMN.width(), 44)
    painter.setPen(QColor(theme.text))
    painter.setFont(_font(34, QFont.Weight.DemiBold))
    painter.drawText(line, _LEFT, label_text.face_label(prediction))
    painter.setPen(QColor(theme.muted))
    painter.setFont(_font(16))
    painter.drawText(line.translated(0, 40), _LEFT, "Apparent expression")
    names, values = 96.0, 60.0
    for i, name in enumerate(prediction.classes):
        share, y = float(prediction.smoothed[i]), _COLUMN.y() + 96 + i * _ROW
        row = QRectF(_COLUMN.x(), y, _COLUMN.width(), _ROW)
        painter.setFont(_font(17, QFont.Weight.Bold if i == top else QFont.Weight.Normal))
        painter.setPen(QColor(theme.text if i == top else theme.muted))
        painter.drawText(row, _LEFT, label_text.class_title(name))
        painter.drawText(row, _RIGHT, label_text.percent(share))
        width = row.width() - names - values
        track = QRectF(row.x() + names, y + (_ROW - _BAR) / 2, width, _BAR)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.line))
        painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
        painter.setBrush(QColor(theme.expression(name, i)))
        painter.save()
        painter.setClipRect(QRectF(track.x(), y, share * width, _ROW))
        painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
        painter.restore()


def _draw_plot(
    painter: QPainter,
    room: QRectF,
    classes: tuple[str, ...],
    recent: RecentShares,
    theme: Theme,
) -> None:
    """A line for each class over the last SECONDS, with the names of those that are likely."""
    painter.setFont(_font(14))
    plot = room.adjusted(46, 8, -84, -24)  # shares at the left, names at the right, times below
    for share in (0.0, 0.5, 1.0):
        y = plot.bottom() - share * plot.height()
        painter.setPen(QPen(QColor(theme.line), 1))
        painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
        painter.setPen(QColor(theme.muted))
        painter.drawText(QRectF(room.x(), y - 10, 40, 20), _RIGHT, label_text.percent(share))
    painter.setPen(QColor(theme.muted))
    below = QRectF(plot.left(), plot.bottom() + 4, plot.width(), 20)
    painter.drawText(below, _LEFT, f"{SECONDS:.0f} s ago")
    painter.drawText(below, _RIGHT, "now")
    if not len(recent.times) or recent.shares.shape[1] != len(classes):
        return
    x = plot.right() + recent.times / SECONDS * plot.width()
    names = list[tuple[float, int]]()
    for i, name in enumerate(classes):
        path, is_drawn = QPainterPath(), False
        heights = plot.bottom() - recent.shares[:, i].astype(float) * plot.height()
        for px, py in zip(x.tolist(), heights.tolist(), strict=True):
            if py != py:  # a gap
                is_drawn = False
            elif is_drawn:
                path.lineTo(px, py)
            else:
                path.moveTo(px, py)
                is_drawn = True
        painter.strokePath(path, QPen(QColor(theme.expression(name, i)), 2.2))
        if is_drawn and recent.shares[-1, i] > _NAMED:
            names.append((float(heights[-1]), i))
    below_y = plot.top() - 16.0
    for y_name, i in sorted(names):  # from the top, none over another
        below_y = max(y_name - 8, below_y + 16)
        painter.setPen(QColor(theme.expression(classes[i], i)))
        place = QRectF(plot.right() + 8, below_y, 80, 16)
        painter.drawText(place, _LEFT, label_text.class_title(classes[i]))


def _draw_footer(painter: QPainter, content: SlideContent, prediction: Prediction | None) -> None:
    painter.setFont(_font(15))
    painter.setPen(QColor(content.theme.muted))
    facts = [f"Model {content.model}"] if content.model else []
    if prediction is not None:
        prior = prediction.model.prior
        facts.append(f"class balance {'as trained' if prior == TRAINED else prior}")
        if content.style.attribution and prediction.attribution is not None:
            facts.append(_explanation(prediction, content.style))
    painter.drawText(_FOOTER, _LEFT, "   ·   ".join(facts))
    date = f"{content.when.day} {content.when:%B %Y, %H:%M}"
    painter.drawText(_FOOTER, _RIGHT, date)


def _explanation(prediction: Prediction, style: OverlayStyle) -> str:
    """`colours: Grad × Input for Happy`."""
    method = OVERLAY_METHODS[prediction.model.method]
    name = label_text.class_title(prediction.classes[target_class(prediction, style.target)])
    if method.name == ACTION_UNITS:
        return f"colours: action units of {name}"
    return f"colours: {method.title}" + (f" for {name}" if method.depends_on_class else "")
