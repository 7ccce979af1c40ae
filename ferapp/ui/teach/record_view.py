"""Prompts for one expression after the other, and takes pictures of the followed face."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.personal.examples import TAKES, ExampleCount
from ferapp.personal.take_session import (
    SHOTS,
    FrameShot,
    TakePhase,
    TakeSession,
    TakeState,
    next_prompt,
)
from ferapp.ui.live.video_view import VideoView
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.vision.types import Analysis

COLUMN_WIDTH = 330  # px
TRAIN_TIP = "Train a model on these pictures."


class RecordView(QWidget):
    """The live picture, the prompt, and the pictures of each class so far.

    It stores nothing itself: `store` gets the class and the shots of a take, `undo` the class whose
    last take should be deleted. The owner answers through `show_counts` or `show_failure`.
    """

    training_requested = Signal()

    def __init__(
        self,
        style: OverlayStyle,
        store: Callable[[str, tuple[FrameShot, ...]], None],
        undo: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._store, self._undo = store, undo
        self._counts: dict[str, ExampleCount] = {}
        self._take: TakeSession | None = None  # None while paused
        self._last_class = ""  # of the take stored last
        self._is_storing = False
        self._source_problem = ""  # why the source cannot be recorded
        self.prompt = ""
        self.view = VideoView(lambda _: None)
        self.view.set_overlay_style(replace(style, attribution=False, landmarks=False, boxes=True))
        self.view.set_message("No picture yet.")
        self.title = QLabel()
        self.title.setWordWrap(True)
        self.title.setFont(theme.sized(self.font(), 1.6, QFont.Weight.DemiBold))
        self.countdown = QLabel()
        self.countdown.setFont(theme.sized(self.font(), 3.2, QFont.Weight.DemiBold))
        self.countdown.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.countdown.setAccessibleName("Countdown")
        self.instruction = QLabel()
        self.instruction.setWordWrap(True)
        self.instruction.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.source_problem = _notice()
        self.failure = _notice()
        self.begin = push_button(
            "Begin", "Count down and take pictures, one expression after another."
        )
        self.skip = push_button("Skip", "Leave out this expression.")
        self.redo = push_button("Redo last", "Delete the last pictures and take them again.")
        self.train = push_button("Continue to training", TRAIN_TIP)
        self.chips: dict[str, Chip] = {}
        self.count_labels: dict[str, QLabel] = {}
        self._grid = QGridLayout()
        self._lay_out()
        self.begin.clicked.connect(self._begin_or_pause)
        self.skip.clicked.connect(self._skip)
        self.redo.clicked.connect(self._redo)
        self.train.clicked.connect(self.training_requested)

    def _lay_out(self) -> None:
        self._grid.setHorizontalSpacing(theme.MARGIN)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self.countdown.setMinimumHeight(self.countdown.fontMetrics().height())
        self.instruction.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        buttons = QHBoxLayout()
        for button in (self.begin, self.skip, self.redo):
            buttons.addWidget(button)
        buttons.addStretch(1)
        side = QWidget()
        side.setFixedWidth(COLUMN_WIDTH)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        for widget in (self.title, self.instruction, self.countdown):
            column.addWidget(widget)
        column.addLayout(buttons)
        column.addWidget(self.source_problem)
        column.addWidget(self.failure)
        column.addSpacing(theme.GAP)
        column.addLayout(self._grid)
        column.addStretch(1)
        column.addWidget(self.train)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.MARGIN)
        layout.addWidget(self.view, 1)
        layout.addWidget(side)

    # --- pictures so far ------------------------------------------------------------------------

    def show_counts(self, counts: dict[str, ExampleCount], missing: str) -> None:
        """`missing` says what training still needs, "" when there is enough."""
        self._is_storing = False
        self._counts = counts
        for name, count in counts.items():
            if name not in self.chips:
                self._add_row(name)
            held_out = f", {count.val} held out" if count.val else ""
            pictures = wording.count(count.train + count.val, "picture")
            self.count_labels[name].setText(pictures + held_out)
            self.count_labels[name].setProperty("quiet", not count.takes)
        self.train.setEnabled(not missing)
        self.train.setToolTip(missing or TRAIN_TIP)
        self.redo.setEnabled(bool(self._last_class))
        self._show_prompt()

    def show_failure(self, message: str) -> None:
        """The pictures could not be stored: pause."""
        self._is_storing = False
        self.failure.setText(message)
        self.failure.show()
        self.pause()

    def _add_row(self, name: str) -> None:
        row = self._grid.rowCount()
        chip = Chip(name.capitalize(), f"You will be asked for this. Click to leave out {name}.")
        chip.setChecked(True)
        chip.toggled.connect(lambda _: self._show_prompt())
        self.chips[name] = chip
        self.count_labels[name] = QLabel()
        self._grid.addWidget(chip, row, 0)
        self._grid.addWidget(self.count_labels[name], row, 1)

    @property
    def selected_classes(self) -> frozenset[str]:
        return frozenset(name for name, chip in self.chips.items() if chip.isChecked())

    def _show_prompt(self) -> None:
        """Ask for the next expression; a take that is under way restarts only for another one."""
        prompt = next_prompt(self._counts, self.selected_classes) or ""
        if prompt != self.prompt or self._take is None:
            self.prompt = prompt
            if self._take is not None:
                self._take = TakeSession() if prompt else None
        if prompt:
            number = self._counts[prompt].takes + 1
            self.title.setText(f"Show: {prompt}")
            self.instruction.setText(f"Round {number} of {TAKES}, with {SHOTS} pictures each time.")
        else:
            self.title.setText("All done")
            self.instruction.setText(
                "There are enough pictures of every selected expression. Continue to training."
            )
        self._update_buttons()

    def _update_buttons(self) -> None:
        is_running = self._take is not None
        self.begin.setText("Pause" if is_running else "Begin")
        self.begin.setEnabled(is_running or bool(self.prompt and not self._source_problem))
        self.source_problem.setText(self._source_problem)
        # while running, the instruction shows it
        self.source_problem.setVisible(bool(self._source_problem) and not is_running)
        self.skip.setEnabled(bool(self.prompt))
        if not is_running:
            self.countdown.setText("")

    # --- taking pictures ------------------------------------------------------------------------

    def show_source_problem(self, problem: str) -> None:
        """Why nothing can be recorded now; "" when it can."""
        if problem != self._source_problem:
            self._source_problem = problem
            self._update_buttons()

    def show_analysis(self, analysis: Analysis) -> None:
        """Show a new picture with its faces, and record it if a take is under way."""
        self.view.show_analysis(analysis)
        if self._take is None or self._is_storing:
            return
        state = self._take.add(analysis)
        self._show_state(state)
        if state.phase is TakePhase.DONE:
            self._is_storing = True
            self._last_class = self.prompt
            shots, self._take = self._take.shots, TakeSession()
            self._store(self.prompt, shots)

    def show_stalled(self) -> None:
        """No new picture has arrived for a while."""
        if self._take is not None and not self._is_storing:
            self.countdown.setText("…")
            self.instruction.setText(
                "No frames are arriving. Choose your camera under Source on the Live page."
            )

    def _show_state(self, state: TakeState) -> None:
        self.failure.hide()
        if state.phase is TakePhase.WAITING:
            self.countdown.setText("…")
            self.instruction.setText(state.reason)
        elif state.phase is TakePhase.COUNTDOWN:
            self.countdown.setText(str(state.seconds))
            self.instruction.setText(f"Look into the camera and show {self.prompt}.")
        else:
            self.countdown.setText("●")
            self.instruction.setText(
                f"Hold it: picture {state.pictures} of {SHOTS}. Move your head a little."
            )

    def pause(self) -> None:
        self._take = None
        self._update_buttons()

    def _begin_or_pause(self) -> None:
        if self._take is not None:
            self.pause()
            return
        self.failure.hide()
        self._take = TakeSession()
        self._update_buttons()

    def _skip(self) -> None:
        self.chips[self.prompt].setChecked(False)

    def _redo(self) -> None:
        name, self._last_class = self._last_class, ""
        self.chips[name].setChecked(True)
        if self._take is not None:
            self._take = TakeSession()
        self._is_storing = True
        self._undo(name)


def _notice() -> QLabel:
    label = QLabel()
    label.setProperty("notice", True)
    label.setWordWrap(True)
    label.hide()
    return label
