"""Paints what this audience has shown: two confusion matrices and one sentence."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QRegion
from PySide6.QtWidgets import QWidget

from ferapp.ui.booth import booth_text
from ferapp.ui.booth.booth_session import BoothSession
from ferapp.ui.booth.panels_painter import draw_line, font_of
from ferapp.ui.text.class_words import Language
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.confusion_matrix import ConfusionMatrix
from ferapp.ui.widgets.text_size import percent

_LEFT_TOP = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def paint_results(
    painter: QPainter, place: QRectF, session: BoothSession, language: Language
) -> None:
    colours = theme.current()
    unit = min(place.height(), place.width() / 2)
    head = QRectF(place.left(), place.top(), place.width(), 0.2 * unit)
    painter.setFont(font_of(0.058 * unit, QFont.Weight.DemiBold))
    painter.setPen(QColor(colours.text))
    painter.drawText(
        head, _LEFT_TOP | Qt.TextFlag.TextWordWrap, booth_text.lesson(session, language)
    )
    if not session.strips:
        return
    gap = 0.04 * place.width()
    width = (place.width() - gap) / 2
    names = tuple(language.word(name) for name in session.classes)
    for column, (title, counts) in enumerate(
        (
            ("Rows: what was asked. Columns: the model's answer", session.model_counts()),
            ("Rows: what was asked. Columns: the room's votes", session.room_counts()),
        )
    ):
        left = place.left() + column * (width + gap)
        line = QRectF(left, head.bottom() + 0.02 * unit, width, 0.07 * unit)
        draw_line(painter, line, title, font_of(0.045 * unit), colours.muted)
        room = QRectF(left, line.bottom() + 0.01 * unit, width, 0)
        room.setBottom(place.bottom())
        _paint_matrix(painter, room, names, counts)


def _paint_matrix(
    painter: QPainter, room: QRectF, names: tuple[str, ...], counts: NDArray[np.int64]
) -> None:
    """The widget of the Inspect page, enlarged: rows are what was asked."""
    if not names or room.height() < 1:
        return
    matrix = ConfusionMatrix(has_titles=False)
    matrix.setFont(theme.sized(matrix.font(), 100 / percent()))  # the scale below makes it large
    matrix.show_counts(names, counts)
    natural = (matrix.sizeHint() + matrix.minimumSizeHint()) / 2  # large letters, whole names
    scale = min(room.width() / natural.width(), room.height() / natural.height())
    matrix.resize(QSize(round(room.width() / scale), round(room.height() / scale)))
    painter.save()
    painter.translate(room.topLeft())
    painter.scale(scale, scale)
    matrix.render(painter, QPoint(), QRegion(), QWidget.RenderFlag.DrawChildren)
    painter.restore()
