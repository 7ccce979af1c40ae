"""A gear beside the source: resolution and rate of the camera that plays."""

import math

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QStyle, QStyleOptionToolButton, QStylePainter, QToolButton

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard

_TEETH = 8
_OUTER, _ROOT, _HOLE = 7.0, 5.2, 2.4  # px, radii of the gear
_TOOTH = 0.27  # half the width of a tooth, in steps from one tooth to the next


class CameraButton(QToolButton):
    """Opens `menu`, that of the camera's resolutions and rates."""

    def __init__(self, menu: QMenu, tip: str) -> None:
        super().__init__()
        self.setMenu(menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolTip(tip)
        self.setAccessibleName("Camera resolution and rate")
        enable_keyboard(self)

    def sizeHint(self) -> QSize:
        return QSize(30, self.fontMetrics().height() + 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        option.text = ""
        option.features &= ~QStyleOptionToolButton.ToolButtonFeature.HasMenu  # no arrow
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)
        painter.setRenderHint(painter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.current().text), 1.3))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.translate(self.width() / 2, self.height() / 2)
        painter.drawPath(_gear())
        painter.end()


def _gear() -> QPainterPath:
    """Around (0, 0)."""
    path = QPainterPath()
    for tooth in range(_TEETH):
        for side, radius in ((-0.4, _ROOT), (-_TOOTH, _OUTER), (_TOOTH, _OUTER), (0.4, _ROOT)):
            angle = 2 * math.pi * (tooth + side) / _TEETH
            point = QPointF(radius * math.cos(angle), radius * math.sin(angle))
            if path.elementCount():
                path.lineTo(point)
            else:
                path.moveTo(point)
    path.closeSubpath()
    path.addEllipse(QPointF(0, 0), _HOLE, _HOLE)
    return path
