"""The three columns of the Inspect page; in a wide window the outer ones widen too."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.text_size import fix_width, scaled

LEFT, RIGHT = 372, 384  # px; the left column shrinks in a narrow window
MIN_LEFT = 296  # px
WIDE, MAX_EXTRA = 1400, 160  # px; each gets a third of the width beyond `WIDE`, up to `MAX_EXTRA`


class InspectColumns(QWidget):
    """`extra_width_changed` has the px that each outer column has beyond its usual width.

    `below_first` are all parts except the first widget of the left column.
    """

    extra_width_changed = Signal(int)

    def __init__(
        self,
        left: tuple[QWidget, ...],
        middle: tuple[QWidget, ...],
        right: tuple[QWidget, ...],
    ) -> None:
        super().__init__()
        self._left = QWidget()
        self._left.setMinimumWidth(MIN_LEFT)
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
        self.below_first = (*left[1:], grid, inner)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._left, 3)
        layout.addWidget(grid, 2)
        layout.addWidget(self._right)
        self._set_extra_width(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._set_extra_width(min(max(self.width() - WIDE, 0) // 3, MAX_EXTRA))

    def _set_extra_width(self, extra: int) -> None:
        self._left.setMaximumWidth(scaled(LEFT) + extra)
        fix_width(self._right, lambda _: scaled(RIGHT) + extra)
        self.extra_width_changed.emit(extra)
