"""A choice of one among several: a quiet closed box, the list on demand."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import SpacePressesButton

_PAD = 8
_ARROW = 8


class Picker(QComboBox):
    """Closed, it shows the swatch of the chosen entry where there is one, else its words."""

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        self._name = name
        self.setToolTip(tip)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to Freeze
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.installEventFilter(SpacePressesButton(self))
        self.currentTextChanged.connect(self._tell)
        self._tell("")

    def _tell(self, text: str) -> None:
        self.setAccessibleName(self._name)
        self.setAccessibleDescription(text)

    def sizeHint(self) -> QSize:
        shown = self.iconSize().width() if self._swatched() else self._widest()
        return QSize(shown + 3 * _PAD + _ARROW, max(self.fontMetrics().height() + 10, 26))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _swatched(self) -> bool:
        return not self.itemIcon(max(self.currentIndex(), 0)).isNull()

    def _widest(self) -> int:
        words = (self.itemText(i) for i in range(self.count()))
        return max(map(self.fontMetrics().horizontalAdvance, words), default=0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the wheel scrolls the column, it does not change what it passes

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        look = theme.current()
        live = self.isEnabled()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(look.raised))
        edge = look.accent if self.hasFocus() else look.muted if self.underMouse() else look.line
        painter.setPen(QPen(QColor(edge), 1.5 if self.hasFocus() else 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        room = self.rect().adjusted(_PAD + 2, 0, -2 * _PAD - _ARROW, 0)
        if self._swatched():
            swatch = self.iconSize()
            place = QRectF(room.x(), (self.height() - swatch.height()) / 2, 0, 0)
            place.setSize(swatch.toSizeF())
            self.itemIcon(self.currentIndex()).paint(painter, place.toRect())
        else:
            painter.setPen(QColor(look.text if live else look.muted))
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
            elide = Qt.TextElideMode.ElideRight
            words = self.fontMetrics().elidedText(self.currentText(), elide, room.width())
            painter.drawText(room, flags, words)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(look.muted), 1.5))
        tip = QPointF(self.width() - _PAD - _ARROW / 2 - 1, self.height() / 2 + 2)
        half = _ARROW / 2
        painter.drawPolyline([tip + QPointF(-half, -half), tip, tip + QPointF(half, -half)])
