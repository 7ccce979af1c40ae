"""What is stored, where, and how it goes away: read and agreed to before anything is recorded."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ferapp.personal.examples import picture_side
from ferapp.personal.take_session import SHOTS
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import by_keyboard


class ConsentView(QWidget):
    """`agreed` once the person says so."""

    agreed = Signal()

    def __init__(self, folder: Path) -> None:
        super().__init__()
        title = QLabel("Before it learns your face")
        title.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        how = QLabel(
            "You show an expression, the app counts down and takes some pictures of your face. "
            "From these a copy of the default model learns, in about a minute. Some pictures are "
            "held out: on them you see whether it helped."
        )
        how.setWordWrap(True)
        side = picture_side()
        facts = (
            (
                "What is stored",
                f"{SHOTS} small grey pictures of your face each time, {side} × {side} pixels, "
                "with the name of the expression, and models trained on them. Nothing around your "
                "face.",
            ),
            ("Where", f"{folder}\nOn this computer only, readable by your user only."),
            ("For what", "To train models for you. Nothing is ever sent anywhere."),
            (
                "How to delete it",
                "“Delete all my data…”, here or in the window's Menu, at any time. It removes the "
                "pictures and every model trained on them.",
            ),
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.MARGIN)
        grid.setVerticalSpacing(theme.GAP + 2)
        grid.setColumnStretch(1, 1)
        for row, (name, words) in enumerate(facts):
            head, text = QLabel(name), QLabel(words)
            head.setFont(theme.sized(self.font(), 1, QFont.Weight.DemiBold))
            text.setWordWrap(True)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(head, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(text, row, 1)
        note = QLabel("Only record yourself, or somebody who sits here and agrees to this too.")
        note.setProperty("quiet", True)
        note.setWordWrap(True)
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        self.trouble.setProperty("notice", True)
        self.trouble.hide()
        self.agree = QPushButton("I agree, begin")
        self.agree.setToolTip("Nothing is stored before you press this.")
        self.agree.setAutoDefault(False)
        by_keyboard(self.agree)
        self.agree.clicked.connect(self.agreed)
        self.wrong = QLabel()
        self.wrong.setProperty("wrong", True)
        self.wrong.setWordWrap(True)
        self.wrong.hide()
        line = QHBoxLayout()
        line.addWidget(self.agree)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.MARGIN)
        column.addWidget(title)
        column.addWidget(how)
        column.addLayout(grid)
        column.addWidget(note)
        column.addWidget(self.trouble)
        column.addLayout(line)
        column.addWidget(self.wrong)
        column.addStretch(1)

    def show_trouble(self, words: str) -> None:
        """Why nothing could be recorded now; "" when it could."""
        self.trouble.setText(words)
        self.trouble.setVisible(bool(words))

    def show_failure(self, words: str) -> None:
        self.wrong.setText(words)
        self.wrong.show()
