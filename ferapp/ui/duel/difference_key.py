"""The key to the map of where both sides differ."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.overlays import palette
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.duel.side_colours import difference_palette
from ferapp.ui.live.face.attribution_key import BAR, gradient, paint_gradient
from ferapp.ui.widgets import theme

_WIDTH = 300  # px
_PADDING = 8  # px


class DifferenceKey(QWidget):
    """On a plate, over the picture."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._palette = ""
        self._gradient: QImage | None = None
        self.setFont(theme.sized(self.font(), 0.9))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Key to the difference of both maps")
        self.setToolTip(
            "A's map minus B's, each scaled to its own maximum.\n"
            "Full colour: strongest in one map and absent in the other, or opposed.\n"
            "Transparent: both maps agree, or neither shows anything."
        )

    def sizeHint(self) -> QSize:
        return QSize(_WIDTH, BAR + self.fontMetrics().height() + 2 + 2 * _PADDING)

    def show_style(self, style: OverlayStyle) -> None:
        name = difference_palette(style)
        if name != self._palette:
            self._palette = name
            self._gradient = gradient(name, signed=True, width=256)
            self.update()

    def texts(self) -> tuple[str, str, str]:
        return "−1  more in B", "same", "more in A  +1"

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._gradient is None:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.to_qcolor(palette.VIDEO_PLATE))
            painter.drawRoundedRect(QRectF(self.rect()), theme.RADIUS, theme.RADIUS)
            bar = QRectF(_PADDING, _PADDING, self.width() - 2 * _PADDING, BAR)
            paint_gradient(painter, bar, self._gradient)
            painter.setPen(QColor(palette.VIDEO_TEXT))
            line = QRectF(_PADDING, bar.bottom() + 2, bar.width(), self.fontMetrics().height())
            sides = (
                Qt.AlignmentFlag.AlignLeft,
                Qt.AlignmentFlag.AlignHCenter,
                Qt.AlignmentFlag.AlignRight,
            )
            for side, text in zip(sides, self.texts(), strict=True):
                painter.drawText(line, side, text)
