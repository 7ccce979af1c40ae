"""Paints what moves over a timeline: the cursor, and the selected interval."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter

from ferapp.overlays.palette import to_qcolor
from ferapp.ui.timeline.strip.strip_layout import StripLayout
from ferapp.ui.widgets import theme

_SOFT = 7  # px of the selection's edges


def paint_cursor(painter: QPainter, x: float, axis_top: float) -> None:
    """The time of the displayed picture: a line down to the axis, with a triangle below it."""
    accent = QColor(theme.current().accent)
    painter.fillRect(QRectF(x - 0.75, 4, 1.5, axis_top - 2), accent)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(accent)
    top = axis_top + 1
    painter.drawPolygon([QPointF(x, top - 3), QPointF(x + 5, top + 5), QPointF(x - 5, top + 5)])


def paint_interval(painter: QPainter, layout: StripLayout, start: float, end: float) -> None:
    """The interval with soft edges."""
    left, right = layout.x_of(start), layout.x_of(end)
    accent = theme.current().accent
    full, none = to_qcolor(accent, 0.20), to_qcolor(accent, 0.0)
    height = layout.axis.top()
    painter.fillRect(QRectF(left, 0, right - left, height), full)
    for edge, outside in ((left, left - _SOFT), (right, right + _SOFT)):
        fade = QLinearGradient(edge, 0, outside, 0)
        fade.setColorAt(0, full)
        fade.setColorAt(1, none)
        painter.fillRect(QRectF(min(edge, outside), 0, _SOFT, height), fade)
