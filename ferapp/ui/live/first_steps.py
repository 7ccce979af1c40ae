"""A card on the picture at the first launch: what to try."""

from PySide6.QtCore import QMargins, QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard
from ferapp.ui.widgets.text_size import scaled

WIDTH = 300  # px: beside a face in the middle of the picture, not over it
STEPS = (
    ("Smile.", "The bars on the right respond immediately."),
    ("See why.", "Warm colours on the face speak for the expression, cool ones against it."),
    ("Space", "freezes the picture for a closer look. Press it again to continue."),
    ("?", "lists all keys. Hover over anything to see what it means."),
)


class FirstSteps(QFrame):
    done = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("First steps")
        self.setAccessibleDescription("\n".join(" ".join(step) for step in STEPS))
        title = QLabel("First steps")
        title.setFont(theme.sized(self.font(), 1.15, QFont.Weight.DemiBold))
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(theme.GAP)
        grid.setColumnStretch(1, 1)
        for row, (head, text) in enumerate(STEPS):
            lead, body = QLabel(head), QLabel(text)
            lead.setFont(theme.sized(self.font(), 1.0, QFont.Weight.DemiBold))
            body.setWordWrap(True)
            grid.addWidget(lead, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(body, row, 1, Qt.AlignmentFlag.AlignTop)
        self.button = QPushButton("Got it")
        self.button.setToolTip("Hide this card. F1 shows and hides it.")
        self.button.clicked.connect(self.done)
        enable_keyboard(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(QMargins(16, 10, 12, 12))
        layout.setSpacing(theme.GAP)
        top = QHBoxLayout()
        top.addWidget(title, 1)
        top.addWidget(self.button)
        layout.addLayout(top)
        layout.addLayout(grid)
        self.hide()

    def size_in(self, room: int) -> QSize:
        layout = self.layout()
        assert layout is not None
        width = min(scaled(WIDTH), room)
        return QSize(width, layout.totalHeightForWidth(width))
