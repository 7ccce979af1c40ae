"""The window in which a model learns the user's face: consent, pictures, training.

What loads OpenCV is injected and runs in a task queue, and so does all writing.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from ferapp.personal import finetune
from ferapp.personal.examples import ExampleCount, ExampleStore
from ferapp.personal.take_session import FrameShot, source_problem
from ferapp.runs.run_reader import RunSnapshot
from ferapp.runs.task_queue import TaskFailure, TaskQueue
from ferapp.runs.training_process import TrainingProcess, request_stop
from ferapp.ui.live.live_page import LivePage
from ferapp.ui.shell.page import DELIVER_MS
from ferapp.ui.teach.consent_view import ConsentView
from ferapp.ui.teach.record_view import RecordView
from ferapp.ui.teach.training_view import TrainingView
from ferapp.ui.widgets.dialogs import ModelessDialog

TITLE = "Teach it your face"
PICTURE_MS = 30  # between two checks for a new picture
STALLED_S = 2.0  # without a new picture
REFRESH_MS = 500  # between two reads of a training's files
STOPPED_CODE = 130
STOPPED = "Training was stopped."
ENDED = "Training ended without a result: it was killed, or ran out of memory or disk space."


@dataclass(frozen=True, slots=True)
class TeachTools:
    """`crop_pngs` makes PNG files of shots, `prepare` prepares class folders for the trainer.

    `settings` are further settings of the training.
    """

    crop_pngs: Callable[[Sequence[FrameShot]], list[bytes]]
    prepare: Callable[[Path, Path], None]
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _StoredExamples:
    counts: dict[str, ExampleCount]
    missing: str


class TeachWindow(ModelessDialog):
    """`model_chosen` has the model file to use; `delete_all` opens the deletion of all data."""

    model_chosen = Signal(str)

    def __init__(
        self,
        parent: QWidget,
        page: LivePage,
        examples: ExampleStore,
        tools: TeachTools,
        delete_all: Callable[[], None],
    ) -> None:
        super().__init__(parent, TITLE, QSize(1000, 640))
        self._page, self._examples, self._tools = page, examples, tools
        self._last_analysis: object = None
        self._last_analysis_at = time.monotonic()
        self._stored = _StoredExamples({}, "")
        self.training_process: TrainingProcess | None = None  # None if an earlier window started it
        self._run: Path | None = None  # the run that is followed
        self.tasks = TaskQueue("teach")
        self.consent = ConsentView(examples.root)
        self.record = RecordView(page.overlay_style, self._store_take, self._undo_take)
        self.training = TrainingView()
        self.stack = QStackedWidget()
        for view in (self.consent, self.record, self.training):
            self.stack.addWidget(view)
        self.column.addWidget(self.stack, 1)
        self.location = QLabel(f"Stored in {examples.root}")
        self.location.setProperty("quiet", True)
        self.location.setWordWrap(True)
        self.column.addWidget(self.location)
        self.add_button(
            "Delete all my data…", "Pictures of you, models trained on them, and more.", delete_all
        )
        self.add_buttons()
        self._connect()
        if examples.has_consent:
            self._show_recording()
        else:
            self.location.hide()

    def _connect(self) -> None:
        self.consent.agreed.connect(self._agree)
        self.record.training_requested.connect(self._show_training)
        self.training.start_requested.connect(self._start_training)
        self.training.stop_requested.connect(self._stop_training)
        self.training.use_requested.connect(self.model_chosen)
        self.training.back_requested.connect(lambda: self.stack.setCurrentWidget(self.record))
        self._timers = []
        for interval, callback in (
            (DELIVER_MS, self.tasks.deliver),
            (PICTURE_MS, self._show_new_picture),
            (REFRESH_MS, self._refresh_training),
        ):
            timer = QTimer(self, interval=interval)
            timer.timeout.connect(callback)
            timer.start()
            self._timers.append(timer)

    # --- consent and pictures -------------------------------------------------------------------

    def _agree(self) -> None:
        self.tasks.submit("consent", self._examples.consent, self._on_consent)

    def _on_consent(self, result: TaskFailure | None) -> None:
        if isinstance(result, TaskFailure):
            self.consent.show_failure(result.message)
        else:
            self._show_recording()

    def _show_recording(self) -> None:
        self.location.show()
        self.stack.setCurrentWidget(self.record)
        self.tasks.submit("examples", self._read_examples, self._on_examples)
        self.tasks.submit("run", self._newest_run, self._on_run)

    def _show_new_picture(self) -> None:
        """Show the live page's newest picture; it is recorded only while a take is under way."""
        analysis = self._page.analysis
        problem = source_problem(analysis)
        if self.stack.currentWidget() is self.consent:
            self.consent.show_source_problem(problem)
        self.record.show_source_problem(problem)
        if self.stack.currentWidget() is not self.record:
            return
        if analysis is self._last_analysis:
            if time.monotonic() - self._last_analysis_at > STALLED_S:
                self.record.show_stalled()
            return
        self._last_analysis, self._last_analysis_at = analysis, time.monotonic()
        if analysis is not None:
            self.record.show_analysis(analysis)

    def _store_take(self, expression: str, shots: tuple[FrameShot, ...]) -> None:
        def store() -> _StoredExamples:
            self._examples.add(expression, self._tools.crop_pngs(shots))
            return self._read_examples()

        self.tasks.submit("examples", store, self._on_examples)

    def _undo_take(self, expression: str) -> None:
        def undo() -> _StoredExamples:
            self._examples.undo(expression)
            return self._read_examples()

        self.tasks.submit("examples", undo, self._on_examples)

    def _read_examples(self) -> _StoredExamples:
        return _StoredExamples(self._examples.counts(), self._examples.missing())

    def _on_examples(self, result: _StoredExamples | TaskFailure) -> None:
        if isinstance(result, TaskFailure):
            self.record.show_failure(result.message)
            return
        self._stored = result
        self.record.show_counts(result.counts, result.missing)

    # --- training -------------------------------------------------------------------------------

    def _show_training(self) -> None:
        self.record.pause()
        counts = self._stored.counts
        self.training.show_examples(
            sum(count.train for count in counts.values()),
            sum(count.val for count in counts.values()),
            tuple(name for name, count in counts.items() if not count.train),
        )
        self.stack.setCurrentWidget(self.training)

    def _start_training(self, layers: finetune.TrainedLayers) -> None:
        self.training.show_starting("Reading the pictures…")
        self._run = None
        arguments = finetune.finetune_arguments(
            self._examples.prepared, self._examples.runs, layers, self._tools.settings
        )

        def launch() -> TrainingProcess:
            self._tools.prepare(self._examples.pictures, self._examples.prepared)
            return TrainingProcess(arguments, self._examples.runs)

        self.tasks.submit("train", launch, self._on_launched)

    def _on_launched(self, result: TrainingProcess | TaskFailure) -> None:
        if isinstance(result, TaskFailure):
            self.training.show_idle(result.message, is_error=True)
            return
        self.training_process = result
        self.training.show_starting("Starting training. This takes a few seconds…")

    def _stop_training(self) -> None:
        try:
            if self.training_process is not None:
                self.training_process.stop()
            elif self._run is not None:
                request_stop(self._run)
        except OSError as error:
            self.training.state.setText(f"Training could not be stopped: {error.strerror}")

    def _refresh_training(self) -> None:
        """Follow the training by its files."""
        process = self.training_process
        if process is not None:
            code = process.poll()
            self._run = process.run
            if code is not None:
                self.training_process = None
                if code != 0:
                    was_stopped = code == STOPPED_CODE or process.was_killed_early
                    reason = process.last_output() or "Training ended unexpectedly."
                    self._show_ended(was_stopped, reason)
                    return
        if self._run is not None:
            self.tasks.submit("run", self._newest_run, self._on_run)

    def _show_ended(self, was_stopped: bool, reason: str) -> None:
        self._run = None
        self.training.show_idle(STOPPED if was_stopped else reason, is_error=not was_stopped)

    def _newest_run(self) -> RunSnapshot | None:
        return finetune.newest_run(self._examples.runs)

    def _on_run(self, run: RunSnapshot | TaskFailure | None) -> None:
        if run is None or isinstance(run, TaskFailure):
            return
        if run.is_active:
            self._run = run.path
            self.training.show_run(run)
            return
        if self.training_process is not None:
            return  # its exit code will tell how it ended
        result = finetune.finetune_result(run)
        if result is not None:
            self._run = None
            self.training.show_result(result)
        elif self._run is not None:
            self._show_ended(run.state == "stopped", run.reason or ENDED)

    # --- closing --------------------------------------------------------------------------------

    def done(self, result: int) -> None:
        """A training keeps running; its result is shown when the window opens again."""
        for timer in self._timers:
            timer.stop()
        self.tasks.close()
        self.tasks.deliver()  # a training may just have been launched
        if self.training_process is not None:
            self.training_process.detach()
        super().done(result)

    def kill_training(self) -> None:
        """Kill it at once: its files will be deleted."""
        self.tasks.cancel("train")
        if self.training_process is not None:
            self.training_process.kill()
            self.training_process = None
