"""The consent to being recorded: what is stored, where, what for, and how to delete it."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ferapp.personal.examples import picture_side
from ferapp.personal.take_session import SHOTS
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button


class ConsentView(QWidget):
    """`agreed` is emitted when the user agrees."""

    agreed = Signal()

    def __init__(self, folder: Path) -> None:
        super().__init__()
        title = QLabel("Before the app learns your face")
        title.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        how = QLabel(
            "You show an expression; the app counts down and takes pictures of your face. A copy "
            "of the default model is trained on them, in about a minute. Some pictures are held "
            "out to show you whether it helped."
        )
        how.setWordWrap(True)
        side = picture_side()
        facts = (
            (
                "What is stored",
                f"{SHOTS} small grey pictures of your face each time ({side} × {side} pixels) "
                "with the name of the expression, and models trained on them. Nothing around your "
                "face is stored.",
            ),
            ("Where", f"{folder}\nOn this computer only, readable only by your user account."),
            ("What for", "To train models for you. Nothing is ever sent anywhere."),
            (
                "How to delete it",
                "Choose “Delete all my data…” at any time, here or in the Menu. It deletes the "
                "pictures and every model trained on them.",
            ),
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.MARGIN)
        grid.setVerticalSpacing(theme.GAP + 2)
        grid.setColumnStretch(1, 1)
        for row, (title_text, description) in enumerate(facts):
            head, text = QLabel(title_text), QLabel(description)
            head.setFont(theme.sized(self.font(), 1, QFont.Weight.DemiBold))
            text.setWordWrap(True)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(head, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(text, row, 1)
        note = QLabel("Record only yourself, or somebody who is with you and agrees to this too.")
        note.setProperty("quiet", True)
        note.setWordWrap(True)
        self.source_problem = QLabel()
        self.source_problem.setWordWrap(True)
        self.source_problem.setProperty("notice", True)
        self.source_problem.hide()
        self.agree = push_button("I agree, begin", "Nothing is stored until you press this.")
        self.agree.clicked.connect(self.agreed)
        self.error = QLabel()
        self.error.setProperty("wrong", True)
        self.error.setWordWrap(True)
        self.error.hide()
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
        column.addWidget(self.source_problem)
        column.addLayout(line)
        column.addWidget(self.error)
        column.addStretch(1)

    def show_source_problem(self, problem: str) -> None:
        """Why nothing could be recorded now; "" when it could."""
        self.source_problem.setText(problem)
        self.source_problem.setVisible(bool(problem))

    def show_failure(self, message: str) -> None:
        self.error.setText(message)
        self.error.show()
