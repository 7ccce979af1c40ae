"""The line below the picture while it is recorded: how it goes, and notes for marked moments."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QSizePolicy

from ferapp.live.status import RecordingStatus
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard

_NO_MARK = "E marks a moment; a note can follow"
_NOTE = "Note for {time}: Enter keeps it, Esc leaves it"


class NoteLine(QLineEdit):
    """Enter tells `kept`, Esc `left`."""

    kept = Signal()
    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.kept.emit()
        else:
            super().keyPressEvent(event)


class RecordBar(QFrame):
    """`noted` carries the time of a mark and the words for it; `done` gives the keyboard back."""

    noted = Signal(float, str)
    done = Signal()

    def __init__(self, mark: QAction, stop: QAction) -> None:
        super().__init__()
        self.setObjectName("lower")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Recording")
        self._marked: float | None = None  # the moment that a note would be for
        self.figures = QLabel()
        self.figures.setFont(theme.sized(self.font(), 1.0))
        self.figures.setAccessibleName("How the recording goes")
        self.whose = QLabel()
        self.whose.setAccessibleName("Whose results it has")
        self.whose.setToolTip("Of two models that are compared the first is recorded.")
        self.whose.hide()
        self.trouble = QLabel()
        self.trouble.setProperty("wrong", True)
        self.trouble.setToolTip(
            "The disk or the computer is too slow for the video. The tables have every row;\n"
            "frames.csv tells which pictures the video lacks."
        )
        self.trouble.hide()
        self.note = NoteLine()
        self.note.setAccessibleName("Note for the marked moment")
        self.note.setMinimumWidth(220)
        self.note.setMaximumWidth(420)
        self.note.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.note.kept.connect(self.keep_note)
        self.note.left.connect(self._leave_note)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, 6, theme.MARGIN, 6)
        row.setSpacing(theme.MARGIN)
        row.addWidget(self.figures)
        row.addWidget(self.whose)
        row.addWidget(self.trouble)
        row.addStretch(1)
        row.addWidget(self.note, 4)
        self.buttons = [self._button("Mark", mark), self._button("Stop", stop)]
        for button in self.buttons:
            row.addWidget(button)
        self._leave_note()
        self.hide()

    def _button(self, text: str, action: QAction) -> QPushButton:
        button = QPushButton(text)
        button.setAccessibleName(f"{text}: recording" if text == "Stop" else text)
        button.setToolTip(action.toolTip())
        button.clicked.connect(lambda: action.trigger())
        enable_keyboard(button)
        return button

    def show_status(self, status: RecordingStatus, first: str = "") -> None:
        """`first` of two models is the one whose results are recorded; "" is the only one."""
        self.whose.setText(f"Records {first} only" if first else "")
        self.whose.setVisible(bool(first))
        marks = f"  ·  {wording.count(status.marks, 'mark')}" if status.marks else ""
        self.figures.setText(f"{wording.count(status.frames, 'picture')}{marks}")
        self.figures.setToolTip(f"It is written into\n{status.folder}")
        self.trouble.setText(f"The video lacks {status.dropped}" if status.dropped else "")
        self.trouble.setVisible(bool(status.dropped))

    def marked(self, time_s: float) -> None:
        """A moment was marked: its note may be typed now."""
        self.keep_note()
        self._marked = time_s
        self.note.setEnabled(True)
        self.note.setPlaceholderText(_NOTE.format(time=wording.duration(time_s)))
        self.note.setFocus()

    def keep_note(self) -> None:
        """Tell what was typed, if anything was."""
        if self._marked is not None and self.note.text().strip():
            self.noted.emit(self._marked, self.note.text().strip())
        self._leave_note()

    def _leave_note(self) -> None:
        self._marked = None
        had = self.note.hasFocus()
        self.note.clear()
        self.note.setEnabled(False)
        self.note.setPlaceholderText(_NO_MARK)
        if had:
            self.done.emit()
