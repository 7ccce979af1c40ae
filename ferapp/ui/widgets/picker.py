"""A drop-down list in the style of the window."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import SpacePressesButton

_PAD = 8
_ARROW = 8


class Picker(QComboBox):
    """Closed, it shows the chosen entry's icon if it has one, else its text."""

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        self._name = name
        self.setToolTip(tip)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # Space still freezes after a click
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.installEventFilter(SpacePressesButton(self))
        self.currentTextChanged.connect(self._describe)
        self._describe("")

    def _describe(self, text: str) -> None:
        self.setAccessibleName(self._name)
        self.setAccessibleDescription(text)

    def sizeHint(self) -> QSize:
        width = self.iconSize().width() if self._has_icon() else self._widest()
        return QSize(width + 3 * _PAD + _ARROW, max(self.fontMetrics().height() + 10, 26))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _has_icon(self) -> bool:
        return not self.itemIcon(max(self.currentIndex(), 0)).isNull()

    def _widest(self) -> int:
        texts = (self.itemText(i) for i in range(self.count()))
        return max(map(self.fontMetrics().horizontalAdvance, texts), default=0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the wheel scrolls the page instead of changing the choice

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        colours = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(colours.raised))
        edge = (
            colours.accent
            if self.hasFocus()
            else colours.muted
            if self.underMouse()
            else colours.line
        )
        painter.setPen(QPen(QColor(edge), 1.5 if self.hasFocus() else 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        room = self.rect().adjusted(_PAD + 2, 0, -2 * _PAD - _ARROW, 0)
        if self._has_icon():
            size = self.iconSize()
            rect = QRectF(room.x(), (self.height() - size.height()) / 2, 0, 0)
            rect.setSize(size.toSizeF())
            self.itemIcon(self.currentIndex()).paint(painter, rect.toRect())
        else:
            painter.setPen(QColor(colours.text if self.isEnabled() else colours.muted))
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
            elide = Qt.TextElideMode.ElideRight
            text = self.fontMetrics().elidedText(self.currentText(), elide, room.width())
            painter.drawText(room, flags, text)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colours.muted), 1.5))
        tip = QPointF(self.width() - _PAD - _ARROW / 2 - 1, self.height() / 2 + 2)
        half = _ARROW / 2
        painter.drawPolyline([tip + QPointF(-half, -half), tip, tip + QPointF(half, -half)])
