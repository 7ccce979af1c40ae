"""The set-up of the stimuli: a list that is checked, its order, the screen, the consent text."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSpinBox,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.task_queue import TaskFailure, TaskQueue
from ferapp.studies.stimuli.stimulus_list import Stimulus, read_stimulus_list
from ferapp.studies.stimuli.stimulus_plan import (
    StimulusPlan,
    consent_file,
    presentation_order,
    read_consent,
)
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.dialogs import ModelessDialog
from ferapp.ui.widgets.elided_label import ElidedLabel
from ferapp.ui.widgets.file_dialogs import open_file
from ferapp.ui.widgets.log_view import LogView
from ferapp.ui.widgets.picker import Picker
from trainer.files import asset

EXAMPLE = "stimuli/stimuli.csv"
MAX_SEED = 999_999
ABOUT = (
    "A list names pictures and videos: a CSV with the columns file, seconds, fixation, condition. "
    "Each fills a screen for its seconds, after a cross to fixate, while the face is recorded. "
    "When it appeared goes into the recording and its tables."
)
_HEAD = ("", "File", "What it is", "Fixation", "On screen", "Condition")
_ALIGNED_RIGHT = (0, 3, 4)


@dataclass(frozen=True, slots=True)
class CheckedList:
    """A list without a fault, and the consent text that goes with it."""

    file: Path
    stimuli: tuple[Stimulus, ...]
    consent_file: Path
    consent: str


def check_list(file: Path, consent: Path | None) -> CheckedList:
    """`consent` None is the text beside the list, or the app's own. Slow. Raises UsageError."""
    stimuli = read_stimulus_list(file)
    text = consent or consent_file(file)
    return CheckedList(file, stimuli, text, read_consent(text))


class SetupDialog(ModelessDialog):
    """`start_requested` has the StimulusPlan and the QScreen; files are read in `tasks`."""

    start_requested = Signal(object, object)
    report_requested = Signal()
    folder_requested = Signal()

    def __init__(self, parent: QWidget, tasks: TaskQueue) -> None:
        super().__init__(parent, "Show stimuli", QSize(860, 640))
        self._tasks, self._window = tasks, parent
        self._checked: CheckedList | None = None
        self._consent: Path | None = None  # chosen; None: the one that goes with the list
        self._problem = ""  # why nothing can be recorded now
        self.file = ElidedLabel("No list yet")
        self.choose = push_button(
            "Choose a list…", "A CSV file. All of its faults are told at once."
        )
        self.example = push_button("Use the example", "Six drawn pictures, 18 seconds.")
        self.table = self._make_table()
        self.faults = LogView("Faults of the list")
        self.faults.setLineWrapMode(LogView.LineWrapMode.WidgetWidth)
        about = QLabel(ABOUT)
        about.setWordWrap(True)
        about.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.about = about
        self.content = QStackedWidget()
        for widget in (about, self.table, self.faults):
            self.content.addWidget(widget)
        self.is_random = Chip("Random order", "Shuffled; the same seed gives the same order again.")
        self.is_random.setChecked(True)
        self.seed = QSpinBox(minimum=0, maximum=MAX_SEED, value=1)
        self.seed.setAccessibleName("Seed")
        self.seed.setToolTip("Another number is another order. The recording notes it.")
        self.new_seed = push_button("New seed", "Draw another seed, for the next person.")
        self.screen_picker = Picker("Screen", "The screen that the person looks at.")
        self.total = QLabel()
        self.total.setWordWrap(True)
        self.total.setFont(theme.sized(self.font(), 1, QFont.Weight.DemiBold))
        self.consent = ElidedLabel("")
        self.choose_consent = push_button(
            "Choose…",
            "A text file that the person reads and agrees to first.\n"
            "consent.txt beside the list is used by itself.",
        )
        self.recording = QLabel()
        self.recording.setWordWrap(True)
        self.outcome = self._make_outcome()
        self._lay_out()
        self.start = self.add_button(
            "Start", "Show the consent text, then record and show the stimuli.", self._start
        )
        self.add_buttons()
        self._connect()
        self._list_screens()
        self._show_plan()

    # --- parts ----------------------------------------------------------------------------------

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, len(_HEAD))
        table.setHorizontalHeaderLabels(_HEAD)
        table.setAccessibleName("Stimuli in the order in which they are shown")
        table.verticalHeader().hide()
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setShowGrid(False)
        table.setFrameShape(QFrame.Shape.NoFrame)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        return table

    def _make_outcome(self) -> QFrame:
        frame = QFrame()
        frame.setObjectName("card")
        self.ending = QLabel()
        self.ending.setWordWrap(True)
        self.report = push_button("Open report", "Mean curves by condition, in the browser.")
        self.folder = push_button("Open folder", "The recording: its tables, events and video.")
        self.report.clicked.connect(self.report_requested)
        self.folder.clicked.connect(self.folder_requested)
        row = QHBoxLayout(frame)
        row.addWidget(self.ending, 1)
        row.addWidget(self.report)
        row.addWidget(self.folder)
        frame.hide()
        return frame

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.addWidget(self.file, 1)
        first.addWidget(self.choose)
        first.addWidget(self.example)
        order = QHBoxLayout()
        order.setSpacing(theme.GAP)
        self._seed_label = QLabel("Seed")
        for widget in (self.is_random, self._seed_label, self.seed, self.new_seed):
            order.addWidget(widget)
        order.addStretch(1)
        consent = QHBoxLayout()
        consent.addWidget(self.consent, 1)
        consent.addWidget(self.choose_consent)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.MARGIN)
        grid.setVerticalSpacing(theme.GAP)
        grid.setColumnStretch(1, 1)
        self._screen_label = QLabel("Screen")
        rows: tuple[tuple[QLabel, QHBoxLayout | QWidget], ...] = (
            (QLabel("Order"), order),
            (self._screen_label, self.screen_picker),
            (QLabel("Consent"), consent),
            (QLabel("Recording"), self.recording),
        )
        for number, (label, part) in enumerate(rows):
            label.setProperty("quiet", True)
            grid.addWidget(label, number, 0)
            if isinstance(part, QHBoxLayout):
                grid.addLayout(part, number, 1)
            else:
                grid.addWidget(part, number, 1)
        column = QVBoxLayout()
        column.setSpacing(theme.MARGIN)
        column.addWidget(self.outcome)
        column.addLayout(first)
        column.addWidget(self.content, 1)
        column.addWidget(self.total)
        column.addLayout(grid)
        self.column.addLayout(column, 1)

    def _connect(self) -> None:
        self.choose.clicked.connect(self._choose_list)
        self.example.clicked.connect(lambda: self.check(asset(EXAMPLE)))
        self.choose_consent.clicked.connect(self._choose_consent)
        self.is_random.toggled.connect(lambda _: self._show_plan())
        self.seed.valueChanged.connect(lambda _: self._show_plan())
        self.new_seed.clicked.connect(lambda: self.seed.setValue(random.randint(1, MAX_SEED)))
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.screenAdded.connect(self._list_screens)
        app.screenRemoved.connect(self._list_screens)

    def _list_screens(self) -> None:
        """The second screen first, if there is one."""
        here = self._window.screen()
        screens = sorted(QGuiApplication.screens(), key=lambda screen: screen is here)
        self.screen_picker.clear()
        for screen in screens:
            size = screen.geometry()
            where = "this one" if screen is here else "the other one"
            self.screen_picker.addItem(
                f"{screen.name()}: {size.width()} × {size.height()}, {where}", screen.name()
            )
        for widget in (self._screen_label, self.screen_picker):
            widget.setVisible(len(screens) > 1)

    # --- the list -------------------------------------------------------------------------------

    def _choose_list(self) -> None:
        filters = "Lists (*.csv *.tsv *.txt);;All files (*)"
        path = open_file(self, "study", "Choose a list of stimuli", filters)
        if path:
            self._consent = None
            self.check(Path(path))

    def _choose_consent(self) -> None:
        filters = "Texts (*.txt);;All files (*)"
        path = open_file(self, "study", "Choose the consent text", filters)
        if path and self._checked is not None:
            self._consent = Path(path)
            self.check(self._checked.file)

    def check(self, file: Path) -> None:
        """Read the list and look at every file in it; then show it, or all of its faults."""
        self._checked = None
        self.file.setText(f"Checking {file.name}…")
        self.file.setToolTip(str(file))
        consent = self._consent
        self._tasks.submit(
            "list", lambda: check_list(file, consent), lambda found: self._show(file, found)
        )
        self._show_plan()

    def _show(self, file: Path, found: CheckedList | TaskFailure) -> None:
        self.file.setText(str(file))
        if isinstance(found, TaskFailure):
            self.faults.setPlainText(found.message)
        else:
            self._checked = found
        self._show_plan()
        if isinstance(found, TaskFailure):
            self.content.setCurrentWidget(self.faults)
            self.total.setText("Nothing is shown before the list is corrected.")

    @property
    def plan(self) -> StimulusPlan | None:
        """What would be shown now."""
        checked = self._checked
        if checked is None:
            return None
        seed = self.seed.value() if self.is_random.isChecked() else None
        order = presentation_order(checked.stimuli, seed)
        return StimulusPlan(checked.file, order, seed, checked.consent_file, checked.consent)

    def _show_plan(self) -> None:
        plan = self.plan
        for widget in (self._seed_label, self.seed, self.new_seed):
            widget.setEnabled(self.is_random.isChecked())
        self.choose_consent.setEnabled(plan is not None)
        self.start.setEnabled(plan is not None and not self._problem)
        self.start.setToolTip(
            self._problem or "Show the consent text, then record and show the stimuli."
        )
        self.content.setCurrentWidget(self.table if plan is not None else self.about)
        self.total.setText(_total(plan.stimuli, plan.seconds) if plan is not None else "")
        self.consent.setText(str(plan.consent_file) if plan is not None else "")
        self.consent.setToolTip(plan.consent if plan is not None else "")
        self._fill(plan.stimuli if plan is not None else ())

    def _fill(self, stimuli: Sequence[Stimulus]) -> None:
        self.table.setRowCount(len(stimuli))
        for row, stimulus in enumerate(stimuli):
            width, height = stimulus.size
            cells = (
                str(row + 1),
                stimulus.file,
                f"{'video' if stimulus.is_video else 'picture'}, {width} × {height}",
                f"{stimulus.fixation:g} s",
                f"{stimulus.seconds:g} s",
                stimulus.condition,
            )
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(str(stimulus.path))
                if column in _ALIGNED_RIGHT:
                    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    item.setTextAlignment(right)
                self.table.setItem(row, column, item)

    # --- what the controller tells --------------------------------------------------------------

    def show_recording(self, text: str, problem: str) -> None:
        """What is recorded with what, or why nothing can be."""
        self._problem = problem
        self.recording.setText(problem or text)
        self.recording.setProperty("wrong", bool(problem))
        self.recording.style().polish(self.recording)
        self.start.setEnabled(self._checked is not None and not problem)

    def show_outcome(self, text: str, *, has_recording: bool, has_report: bool = False) -> None:
        """How the stimuli ended."""
        self.ending.setText(text)
        self.folder.setVisible(has_recording)
        self.report.setVisible(has_report)
        self.outcome.show()

    def _start(self) -> None:
        name = self.screen_picker.currentData()
        screens = QGuiApplication.screens()
        screen = next((screen for screen in screens if screen.name() == name), screens[0])
        if self.plan is not None:
            self.start_requested.emit(self.plan, screen)


def _total(stimuli: Sequence[Stimulus], seconds: float) -> str:
    counts = Counter(stimulus.condition or "no condition" for stimulus in stimuli)
    kinds = ", ".join(f"{count} {name}" for name, count in counts.items())
    text = (
        f"{len(stimuli)} {'stimulus' if len(stimuli) == 1 else 'stimuli'} ({kinds}), "
        f"{wording.duration(round(seconds))} with the fixations."
    )
    if any(stimulus.is_video for stimulus in stimuli):
        text += " Videos are shown without sound."
    return text
