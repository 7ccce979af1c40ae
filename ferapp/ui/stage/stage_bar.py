"""The bar below the picture while an audience watches on another screen."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from ferapp.ui.stage.audience_view import AudienceView
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard
from ferapp.ui.widgets.chips import Chip

_HEIGHT = 84  # px of the preview


class StageBar(QFrame):
    """What the audience sees, small, and the controls that its keys have, too."""

    def __init__(self, stage: QAction) -> None:
        super().__init__()
        self.setObjectName("lower")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Stage")
        self.preview = AudienceView()
        self.preview.setToolTip("What the audience sees.")
        self.state = QLabel()
        self.state.setAccessibleName("State of the stage")
        self.state.setFont(theme.sized(self.font(), 1.1))
        self.screen_name = QLabel()
        self.screen_name.setProperty("quiet", True)
        self.freeze = Chip(
            "Freeze audience", "The audience keeps seeing this picture. Key on the stage: F"
        )
        self.black = Chip("Black", "The audience sees a black screen. Key on the stage: B")
        self.leave = QPushButton("Leave the stage")
        self.leave.setToolTip("Close the audience's window. Key: Esc")
        self.leave.clicked.connect(lambda: stage.setChecked(False))
        enable_keyboard(self.leave)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, 6, theme.MARGIN, 6)
        row.setSpacing(theme.MARGIN)
        row.addWidget(self.preview)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addStretch(1)
        texts.addWidget(self.state)
        texts.addWidget(self.screen_name)
        texts.addStretch(1)
        row.addLayout(texts)
        row.addStretch(1)
        for control in (self.freeze, self.black, self.leave):
            row.addWidget(control)
        self.show_state(frozen=False, black=False)
        self.hide()

    def show_screen(self, name: str, size: QSize) -> None:
        """The audience's screen: its name, and its size for the shape of the preview."""
        self.screen_name.setText(f"{name}, {size.width()} × {size.height()}")
        self.preview.setFixedSize(round(_HEIGHT * size.width() / size.height()), _HEIGHT)

    def show_state(self, *, frozen: bool, black: bool) -> None:
        self.state.setText(
            "The audience sees a black screen"
            if black
            else "The audience's picture is frozen"
            if frozen
            else "The audience sees this"
        )
        self.freeze.setChecked(frozen)
        self.black.setChecked(black)
