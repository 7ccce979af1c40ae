"""Chips: small toggle buttons, outlined when off, filled when on."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import Toggle


class Chip(Toggle):
    """`struck` strikes the text through while the chip is on: it switches something off."""

    def __init__(self, text: str, tip: str, *, struck: bool = False) -> None:
        super().__init__(text, tip, extra_width=20, min_height=24)
        self._struck = struck
        self.setFont(theme.sized(self.font(), 0.95))
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

    def draw(self, painter: QPainter) -> None:
        colours = theme.current()
        on, enabled = self.isChecked(), self.isEnabled()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        inner = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        fill = colours.accent if enabled else colours.line
        painter.setBrush(QColor(fill) if on else Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(fill if on else colours.muted if enabled else colours.line), 1))
        painter.drawRoundedRect(inner, inner.height() / 2, inner.height() / 2)
        if self.hasFocus():
            outer = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.text), 1.5))
            painter.drawRoundedRect(outer, outer.height() / 2, outer.height() / 2)
        font = self.font()
        font.setStrikeOut(self._struck and on)
        painter.setFont(font)
        text = colours.on_accent if on else colours.text
        painter.setPen(QColor(text if enabled else colours.muted))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
