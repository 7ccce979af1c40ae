"""Prompts one expression after the other and takes pictures of the followed face."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ferapp.overlays.overlay_style import Look
from ferapp.personal.examples import TAKES, Count
from ferapp.personal.take_session import (
    SHOTS,
    FrameShot,
    TakePhase,
    TakeSession,
    TakeState,
    next_prompt,
)
from ferapp.ui.live.video_view import VideoView
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import by_keyboard
from ferapp.ui.widgets.chips import Chip
from ferapp.vision.types import Analysis

COLUMN = 330  # px


class RecordView(QWidget):
    """The live picture, what to show now, and what there is of each class.

    It keeps nothing itself: `keep` gets the class and the pictures of a take, `undo` the class
    whose last take shall go. Both answer through `show_counts` or `show_failure`.
    """

    enough = Signal()  # on to the training

    def __init__(
        self,
        look: Look,
        keep: Callable[[str, tuple[FrameShot, ...]], None],
        undo: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._keep, self._undo = keep, undo
        self._counts: dict[str, Count] = {}
        self._take: TakeSession | None = None  # None while it is paused
        self._last = ""  # the class whose take was kept last
        self._busy = False  # a take is on its way to the disk
        self._trouble = ""  # why what plays is not recorded
        self.prompt = ""
        self.view = VideoView(lambda _: None)
        self.view.set_look(replace(look, attribution=False, landmarks=False, boxes=True))
        self.view.set_message("No picture yet.")
        self.title = QLabel()
        self.title.setWordWrap(True)
        self.title.setFont(theme.sized(self.font(), 1.6, QFont.Weight.DemiBold))
        self.count_down = QLabel()
        self.count_down.setFont(theme.sized(self.font(), 3.2, QFont.Weight.DemiBold))
        self.count_down.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.count_down.setAccessibleName("Countdown")
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.trouble = QLabel()
        self.trouble.setProperty("notice", True)
        self.trouble.setWordWrap(True)
        self.trouble.hide()
        self.wrong = QLabel()
        self.wrong.setProperty("notice", True)
        self.wrong.setWordWrap(True)
        self.wrong.hide()
        self.begin = self._button("Begin", "Count down and take pictures, class by class.")
        self.skip = self._button("Skip", "Leave this expression out.")
        self.redo = self._button("Redo last", "Delete the pictures taken last and take them anew.")
        self.train = self._button("Go on to the training", "Let a model learn from these.")
        self.chips: dict[str, Chip] = {}
        self.figures: dict[str, QLabel] = {}
        self._grid = QGridLayout()
        self._lay_out()
        self.begin.clicked.connect(self._begin_or_pause)
        self.skip.clicked.connect(self._skip)
        self.redo.clicked.connect(self._redo)
        self.train.clicked.connect(self.enough)

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        by_keyboard(button)
        return button

    def _lay_out(self) -> None:
        self._grid.setHorizontalSpacing(theme.MARGIN)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self.count_down.setMinimumHeight(self.count_down.fontMetrics().height())
        self.words.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        line = QHBoxLayout()
        for button in (self.begin, self.skip, self.redo):
            line.addWidget(button)
        line.addStretch(1)
        side = QWidget()
        side.setFixedWidth(COLUMN)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        for widget in (self.title, self.words, self.count_down):
            column.addWidget(widget)
        column.addLayout(line)
        column.addWidget(self.trouble)
        column.addWidget(self.wrong)
        column.addSpacing(theme.GAP)
        column.addLayout(self._grid)
        column.addStretch(1)
        column.addWidget(self.train)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.MARGIN)
        layout.addWidget(self.view, 1)
        layout.addWidget(side)

    # --- what there is --------------------------------------------------------------------------

    def show_counts(self, counts: dict[str, Count], missing: str) -> None:
        """`missing` is what a training lacks, "" when there is enough."""
        self._busy = False
        self._counts = counts
        for name, count in counts.items():
            if name not in self.chips:
                self._add_row(name)
            held = f", {count.val} held out" if count.val else ""
            self.figures[name].setText(f"{count.train + count.val} pictures{held}")
            self.figures[name].setProperty("quiet", not count.takes)
        self.train.setEnabled(not missing)
        self.train.setToolTip(missing or "Let a model learn from these.")
        self.redo.setEnabled(bool(self._last))
        self._next()

    def show_failure(self, words: str) -> None:
        """What was taken is not kept: nothing goes on by itself."""
        self._busy = False
        self.wrong.setText(words)
        self.wrong.show()
        self.pause()

    def _add_row(self, name: str) -> None:
        row = self._grid.rowCount()
        chip = Chip(name.capitalize(), f"Asked for. A click leaves {name} out.")
        chip.setChecked(True)
        chip.toggled.connect(lambda _: self._next())
        self.chips[name] = chip
        self.figures[name] = QLabel()
        self._grid.addWidget(chip, row, 0)
        self._grid.addWidget(self.figures[name], row, 1)

    @property
    def wanted(self) -> frozenset[str]:
        return frozenset(name for name, chip in self.chips.items() if chip.isChecked())

    def _next(self) -> None:
        """What to show next; a take that counts down already goes on with its class."""
        prompt = next_prompt(self._counts, self.wanted) or ""
        if prompt != self.prompt or self._take is None:
            self.prompt = prompt
            if self._take is not None:
                self._take = TakeSession() if prompt else None
        if prompt:
            number = self._counts[prompt].takes + 1
            self.title.setText(f"Show: {prompt}")
            self.words.setText(f"{SHOTS} pictures each time. This is time {number} of {TAKES}.")
        else:
            self.title.setText("That is all")
            self.words.setText(
                "Every expression that is asked for has its pictures. Go on to the training."
            )
        self._show_buttons()

    def _show_buttons(self) -> None:
        running = self._take is not None
        self.begin.setText("Pause" if running else "Begin")
        self.begin.setEnabled(running or bool(self.prompt and not self._trouble))
        self.trouble.setText(self._trouble)
        self.trouble.setVisible(bool(self._trouble) and not running)  # else it is waited for
        self.skip.setEnabled(bool(self.prompt))
        if not running:
            self.count_down.setText("")

    # --- the takes ------------------------------------------------------------------------------

    def show_trouble(self, words: str) -> None:
        """Why nothing can be recorded now; "" when it can."""
        if words != self._trouble:
            self._trouble = words
            self._show_buttons()

    def see(self, analysis: Analysis) -> None:
        """One more picture with its faces."""
        self.view.show_analysis(analysis)
        if self._take is None or self._busy:
            return
        state = self._take.add(analysis)
        self._show_state(state)
        if state.phase is TakePhase.DONE:
            self._busy = True
            self._last = self.prompt
            shots, self._take = self._take.shots, TakeSession()
            self._keep(self.prompt, shots)

    def show_still(self) -> None:
        """No new picture has come for a while."""
        if self._take is not None and not self._busy:
            self.count_down.setText("…")
            self.words.setText(
                "No new picture comes. Go to the Live page and choose your camera in Source."
            )

    def _show_state(self, state: TakeState) -> None:
        self.wrong.hide()
        if state.phase is TakePhase.WAITING:
            self.count_down.setText("…")
            self.words.setText(state.reason)
        elif state.phase is TakePhase.COUNTDOWN:
            self.count_down.setText(str(state.seconds))
            self.words.setText(f"Look into the camera and show {self.prompt}.")
        else:
            self.count_down.setText("●")
            self.words.setText(
                f"Hold it: picture {state.pictures} of {SHOTS}. Move your head a little."
            )

    def pause(self) -> None:
        self._take = None
        self._show_buttons()

    def _begin_or_pause(self) -> None:
        if self._take is not None:
            self.pause()
            return
        self.wrong.hide()
        self._take = TakeSession()
        self._show_buttons()

    def _skip(self) -> None:
        self.chips[self.prompt].setChecked(False)

    def _redo(self) -> None:
        name, self._last = self._last, ""
        self.chips[name].setChecked(True)
        if self._take is not None:
            self._take = TakeSession()
        self._busy = True
        self._undo(name)
