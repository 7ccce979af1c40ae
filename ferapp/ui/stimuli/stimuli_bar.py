"""The bar below the picture while stimuli are shown: how far it is, and a way to end it."""

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button


class StimuliBar(QFrame):
    """For whoever runs the study; `stop` ends the stimuli in order."""

    def __init__(self, stop: Callable[[], object]) -> None:
        super().__init__()
        self.setObjectName("lower")
        self.setAccessibleName("Stimuli")
        self.state = QLabel()
        self.state.setAccessibleName("Stimulus on the screen")
        self.state.setFont(theme.sized(self.font(), 1.1))
        self.stop = push_button(
            "Stop", "End the stimuli and the recording. On the person's screen: Esc"
        )
        self.stop.clicked.connect(lambda: stop())
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, 6, theme.MARGIN, 6)
        row.setSpacing(theme.MARGIN)
        row.addWidget(self.state, 1)
        row.addWidget(self.stop)
        self.hide()
