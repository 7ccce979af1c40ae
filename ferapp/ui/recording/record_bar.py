"""The bar below the picture during a recording: its progress, and notes for marked moments."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QSizePolicy

from ferapp.live.status import RecordingStatus
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard

_NO_MARK = "E: mark this moment"
_NOTE = "Note for {time} (Enter: save, Esc: discard)"


class NoteEdit(QLineEdit):
    """Enter emits `saved`, Esc `discarded`."""

    saved = Signal()
    discarded = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.discarded.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.saved.emit()
        else:
            super().keyPressEvent(event)


class RecordBar(QFrame):
    """`noted` carries the time of a mark and its note; `done` returns the keyboard focus."""

    noted = Signal(float, str)
    done = Signal()

    def __init__(self, mark: QAction, stop: QAction) -> None:
        super().__init__()
        self.setObjectName("lower")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Recording")
        self._marked_s: float | None = None  # the marked moment that the note belongs to
        self.progress = QLabel()
        self.progress.setFont(theme.sized(self.font(), 1.0))
        self.progress.setAccessibleName("Progress of the recording")
        self.model = QLabel()
        self.model.setAccessibleName("Recorded model")
        self.model.setToolTip("Of two compared models, the first is recorded.")
        self.model.hide()
        self.dropped = QLabel()
        self.dropped.setProperty("wrong", True)
        self.dropped.setToolTip(
            "The disk or the computer is too slow for the video. The tables are complete;\n"
            "frames.csv lists the frames that the video lacks."
        )
        self.dropped.hide()
        self.note = NoteEdit()
        self.note.setAccessibleName("Note for the marked moment")
        self.note.setMinimumWidth(220)
        self.note.setMaximumWidth(420)
        self.note.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.note.saved.connect(self.save_note)
        self.note.discarded.connect(self._clear_note)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, 6, theme.MARGIN, 6)
        row.setSpacing(theme.MARGIN)
        row.addWidget(self.progress)
        row.addWidget(self.model)
        row.addWidget(self.dropped)
        row.addStretch(1)
        row.addWidget(self.note, 4)
        self.buttons = [self._button("Mark", mark), self._button("Stop", stop)]
        for button in self.buttons:
            row.addWidget(button)
        self._clear_note()
        self.hide()

    def _button(self, text: str, action: QAction) -> QPushButton:
        button = QPushButton(text)
        button.setAccessibleName(f"{text}: recording" if text == "Stop" else text)
        button.setToolTip(action.toolTip())
        button.clicked.connect(lambda: action.trigger())
        enable_keyboard(button)
        return button

    def show_status(self, status: RecordingStatus, first: str = "") -> None:
        """`first` is the title of the first of two compared models, whose results are recorded."""
        self.model.setText(f"Records {first} only" if first else "")
        self.model.setVisible(bool(first))
        marks = f"  ·  {wording.count(status.marks, 'mark')}" if status.marks else ""
        self.progress.setText(f"{wording.count(status.frames, 'frame')}{marks}")
        self.progress.setToolTip(f"Written to\n{status.folder}")
        self.dropped.setText(
            f"The video lacks {wording.count(status.dropped, 'frame')}" if status.dropped else ""
        )
        self.dropped.setVisible(bool(status.dropped))

    def start_note(self, time_s: float) -> None:
        """Let the user type a note for the moment just marked."""
        self.save_note()
        self._marked_s = time_s
        self.note.setEnabled(True)
        self.note.setPlaceholderText(_NOTE.format(time=wording.duration(time_s)))
        self.note.setFocus()

    def save_note(self) -> None:
        """Emit the typed note, if there is one."""
        if self._marked_s is not None and self.note.text().strip():
            self.noted.emit(self._marked_s, self.note.text().strip())
        self._clear_note()

    def _clear_note(self) -> None:
        self._marked_s = None
        had_focus = self.note.hasFocus()
        self.note.clear()
        self.note.setEnabled(False)
        self.note.setPlaceholderText(_NO_MARK)
        if had_focus:
            self.done.emit()
