"""The bar below the picture while the booth is on another screen."""

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button


class BoothBar(QFrame):
    """What the booth waits for, its keys, and buttons for those that matter most.

    `press` gets the id of a key of the booth.
    """

    def __init__(self, press: Callable[[str], object]) -> None:
        super().__init__()
        self.setObjectName("lower")
        self.setAccessibleName("Booth")
        self.state, self.keys = QLabel(), QLabel()
        self.state.setFont(theme.sized(self.font(), 1.1))
        self.keys.setProperty("quiet", True)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, 6, theme.MARGIN, 6)
        row.setSpacing(theme.MARGIN)
        row.addWidget(self.state)
        row.addWidget(self.keys, 1)
        for name, text, tip in (
            ("go", "Continue", "Go to the next step. Key: Enter"),
            ("results", "Results", "What the model and the room said so far. Key: M"),
            (
                "close",
                "Close",
                "Show the results. Press again to close and delete everything. Key: Esc",
            ),
        ):
            button = push_button(text, tip)
            button.clicked.connect(lambda _=False, name=name: press(name))
            row.addWidget(button)
        self.hide()
