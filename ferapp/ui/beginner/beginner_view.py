"""A folder of pictures is checked, explained, learned in about a minute, and live."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QLabel, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from ferapp.runs.quick.example_folder import make_example
from ferapp.runs.quick.picture_folder import FolderCheck, check_folder
from ferapp.runs.quick.quick_fit import (
    QuickResult,
    quick_arguments,
    quick_result,
    reference_right,
)
from ferapp.runs.run_reader import RunReader, RunSnapshot
from ferapp.runs.task_queue import ReportProgress, TaskFailure, TaskQueue
from ferapp.runs.training_process import TrainingProcess
from ferapp.ui.beginner import beginner_text
from ferapp.ui.beginner.class_rows import ClassRows
from ferapp.ui.beginner.start_card import FolderButtons
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.flow_layout import FlowLayout

POLL_MS = 250
ENDED = "The training ended before it was done. Its run says why."


class BeginnerView(QWidget):
    """`train_requested` has the arguments after `fertrain`; the page starts the process and lets
    the view `follow` it. `ready` is emitted once the new model can go live.
    """

    opened = Signal()  # a folder was chosen: the view should be shown
    train_requested = Signal(list)
    stop_requested = Signal()
    ready = Signal(object)  # a QuickResult
    live_requested = Signal(object)
    run_requested = Signal(str)  # the directory of its run

    def __init__(self, runs: Path, tasks: TaskQueue) -> None:
        super().__init__()
        self._runs, self._tasks = runs, tasks
        self._progress = ""  # written by the task queue's thread
        self._note = ""  # on what is looked at
        self._reader: RunReader | None = None
        self.check: FolderCheck | None = None
        self.training: TrainingProcess | None = None
        self.result: QuickResult | None = None
        self.title = _label(1.35)
        self.classes = ClassRows()
        self.problem = _label(1.1)
        self.problem.setProperty("wrong", True)
        self.text, self.skipped = _label(), _label()
        self.skipped.setProperty("quiet", True)
        self.state = _label()
        self.state.setAccessibleName("Progress")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.progress.setAccessibleName("Progress")
        self.verdict = _label(1.15)
        self.hits = _label()
        self.train = push_button("Train", "Train in a separate process. About a minute.")
        self.stop = push_button("Stop", "Stop the training.")
        self.live = push_button("See it live", "Use the new model on the live page.")
        self.open_run = push_button("Show the run", "Its curves, settings and log.")
        self.buttons = FolderButtons()
        self._lay_out()
        self._connect()
        self._show_only()

    def _lay_out(self) -> None:
        actions = FlowLayout(gap=8)
        for button in (self.train, self.stop, self.live, self.open_run):
            actions.addWidget(button)
        inner = QWidget()
        inner.setObjectName("inner")
        column = QVBoxLayout(inner)
        column.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        column.setSpacing(12)
        self._below_title: tuple[QWidget, ...] = (
            *(self.verdict, self.hits, self.classes, self.problem, self.text, self.skipped),
            *(self.progress, self.state),
        )
        column.addWidget(self.title)
        for widget in self._below_title:
            column.addWidget(widget)
        column.addLayout(actions)
        column.addSpacing(theme.GAP)
        column.addWidget(self.buttons)
        column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)

    def _connect(self) -> None:
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self.poll)
        self.buttons.chosen.connect(self.open_folder)
        self.buttons.example_requested.connect(self.open_example)
        self.train.clicked.connect(self._start)
        self.stop.clicked.connect(self.stop_requested)
        self.live.clicked.connect(lambda: self.live_requested.emit(self.result))
        self.open_run.clicked.connect(self._open_run)

    # --- checking -------------------------------------------------------------------------------

    def open_folder(self, path: str) -> None:
        """Check a folder or zip, and say what Train would do with it."""
        folder = Path(path)
        self._check(folder.name, lambda report: check_folder(folder, report))

    def open_example(self) -> None:
        """The same with the bundled clip's faces."""

        def check_example(report: ReportProgress) -> FolderCheck:
            report("Cutting the example out of the bundled clip…")
            return check_folder(make_example(), report)

        self._check("The example", check_example, beginner_text.EXAMPLE_NOTE)

    def _check(
        self, name: str, work: Callable[[ReportProgress], FolderCheck], note: str = ""
    ) -> None:
        if self.training is not None:  # one at a time: its result would be shown for this folder
            self.opened.emit()
            return
        self.check = self.result = None
        self.classes.show_classes(())
        self.skipped.setText("")
        self._progress, self._note = "Looking at the folders…", note
        self._show_only(self.progress, self.state)
        self.title.setText(name)
        self.progress.setRange(0, 0)
        self.state.setText(self._progress)
        self._timer.start()
        self.opened.emit()
        report = self._tasks.interruptible(self._report)
        self._tasks.submit("folder", lambda: work(report), self._on_check)

    def _report(self, message: str) -> None:
        """Called in the task queue's thread."""
        self._progress = message

    def _on_check(self, result: FolderCheck | TaskFailure) -> None:
        self._timer.stop()
        if isinstance(result, TaskFailure):
            first, _, rest = result.message.partition("\n")
            self._show_problem(first, rest)
            return
        self.classes.show_classes(result.classes)
        self.skipped.setText(beginner_text.skipped_text(result))
        if result.problem:
            self._show_problem(result.problem, result.advice)
            return
        self.check = result
        parts = (self._note, beginner_text.explanation(result), result.advice)
        self.text.setText(" ".join(filter(None, parts)))
        self._show_only(self.classes, self.text, self.skipped, self.train, self.buttons)
        self.train.setFocus()

    def _show_problem(self, problem: str, advice: str) -> None:
        self.problem.setText(problem)
        self.text.setText(advice)
        self._show_only(self.classes, self.problem, self.text, self.skipped, self.buttons)

    # --- training -------------------------------------------------------------------------------

    def _start(self) -> None:
        if self.check is not None and self.training is None:
            self.train_requested.emit(quick_arguments(self.check, self._runs))

    def follow(self, training: TrainingProcess) -> None:
        """Show this training until it ends."""
        self.training, self._reader = training, None
        self.progress.setRange(0, 0)
        self.state.setText(beginner_text.progress_text(None))
        self._show_only(self.classes, self.progress, self.state, self.stop)
        self._timer.start()

    def poll(self) -> None:
        """Show how far the check or the training is."""
        training = self.training
        if training is None:
            self.state.setText(self._progress)
            return
        code = training.poll()
        if training.run is None:
            if code is not None:
                self._end_with(training.last_output() or ENDED)
            return
        self._reader = self._reader or RunReader(training.run)
        reader, check = self._reader, self.check

        def read() -> tuple[RunSnapshot, QuickResult | None]:
            run = reader.read()
            result = quick_result(run) if code is not None else None
            if result is not None and check is not None:
                result = replace(result, reference_right=reference_right(check))
            return run, result

        if code is not None:
            self._timer.stop()  # the last reading, which nothing newer may replace
        self._tasks.submit("quick", read, lambda read: self._on_read(code, read))

    def _on_read(
        self, code: int | None, read: tuple[RunSnapshot, QuickResult | None] | TaskFailure
    ) -> None:
        if isinstance(read, TaskFailure):
            self._end_with(read.message)
            return
        run, result = read
        if result is not None:
            self._show_result(result)
        elif code is None:
            self.state.setText(beginner_text.progress_text(run))
            if run.has_begun:
                self.progress.setRange(0, 100)
                self.progress.setValue(round(100 * run.progress))
        elif self.training is not None:
            self._end_with("Stopped." if run.state == "stopped" else run.reason or ENDED)

    def _end_with(self, message: str) -> None:
        self._timer.stop()
        self.training = None
        self._show_problem(message, "")
        self.train.setVisible(self.check is not None)

    def _show_result(self, result: QuickResult) -> None:
        self._timer.stop()
        self.training, self.result = None, result
        self.title.setText(beginner_text.recognises(result))
        self.verdict.setText(beginner_text.verdict(result))
        self.verdict.setToolTip(beginner_text.verdict_tip(result))
        self.hits.setText(beginner_text.class_hits(result))
        shown = (self.verdict, self.hits, self.classes, self.live, self.open_run, self.buttons)
        self._show_only(*shown)
        self.ready.emit(result)

    def _open_run(self) -> None:
        if self.result is not None:
            self.run_requested.emit(str(self.result.model.parent.parent))

    def _show_only(self, *widgets: QWidget) -> None:
        """These, of everything below the title."""
        actions = (self.train, self.stop, self.live, self.open_run, self.buttons)
        for widget in (*self._below_title, *actions):
            has_text = not isinstance(widget, QLabel) or bool(widget.text())
            widget.setVisible(widget in widgets and (has_text or widget is self.state))


def _label(size: float = 1.0) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if size > 1:
        label.setFont(theme.sized(label.font(), size, QFont.Weight.DemiBold))
    return label
