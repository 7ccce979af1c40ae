"""The three columns of the Inspect page; in a wide window the outer ones get a share of it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ferapp.ui.widgets import theme

LEFT, RIGHT = 372, 384  # px; the left column gives way where there is little room
LEAST = 296  # px, of the left column
WIDE, MORE = 1400, 160  # px; of what is beyond `WIDE` each gets a third, up to `MORE`


class Columns(QWidget):
    """`enlarged` tells how many px the outer columns have beyond their usual width.

    `covered` are the parts below the first widget of the left column.
    """

    enlarged = Signal(int)

    def __init__(
        self,
        left: tuple[QWidget, ...],
        middle: tuple[QWidget, ...],
        right: tuple[QWidget, ...],
    ) -> None:
        super().__init__()
        self._left = QWidget()
        self._left.setMinimumWidth(LEAST)
        column = QVBoxLayout(self._left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in left:
            column.addWidget(widget, 1 if widget is left[-1] else 0)
        grid = QWidget()
        column = QVBoxLayout(grid)
        column.setContentsMargins(theme.MARGIN, 12, 6, 0)
        column.setSpacing(theme.GAP)
        for widget in middle:
            column.addWidget(widget, 1 if widget is middle[-1] else 0)
        inner = QWidget()
        inner.setObjectName("inner")
        column = QVBoxLayout(inner)
        column.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        column.setSpacing(theme.MARGIN - 4)
        for widget in right:
            column.addWidget(widget)
        column.addStretch(1)
        self._right = QScrollArea()
        self._right.setObjectName("column")
        self._right.setFrameShape(QFrame.Shape.NoFrame)
        self._right.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._right.setWidgetResizable(True)
        self._right.setWidget(inner)
        self._right.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.covered = (*left[1:], grid, inner)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._left, 3)
        layout.addWidget(grid, 2)
        layout.addWidget(self._right)
        self._show_widths(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_widths(min(max(self.width() - WIDE, 0) // 3, MORE))

    def _show_widths(self, more: int) -> None:
        self._left.setMaximumWidth(LEFT + more)
        self._right.setFixedWidth(RIGHT + more)
        self.enlarged.emit(more)
