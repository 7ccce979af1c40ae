"""The window in which the model learns one's own face: consent, pictures, training.

What loads OpenCV is injected and works in the desk's thread, and so does all writing.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from ferapp.personal import finetune
from ferapp.personal.examples import Count, Examples
from ferapp.personal.take_session import FrameShot, source_problem
from ferapp.runs.run_reader import Run
from ferapp.runs.task_queue import Desk, Failure
from ferapp.runs.training_process import TrainingChild, ask_to_stop
from ferapp.ui.live.live_page import LivePage
from ferapp.ui.shell.page import COLLECT_MS
from ferapp.ui.teach.consent_view import ConsentView
from ferapp.ui.teach.record_view import RecordView
from ferapp.ui.teach.training_view import TrainingView
from ferapp.ui.widgets.dialogs import Sheet

TITLE = "Teach it your face"
SEE_MS = 30  # between two looks whether there is a new picture
STILL_S = 2.0  # without a new picture: then it is said
LOOK_MS = 500  # between two looks at a training's files
STOPPED = "The training was stopped."
ENDED = "The training ended without a result: it was killed, or memory or disk are full."


@dataclass(frozen=True, slots=True)
class Tools:
    """`pictures` of shots as PNG files; `prepare` class folders for the trainer.

    `sets` are further settings of the training.
    """

    pictures: Callable[[Sequence[FrameShot]], list[bytes]]
    prepare: Callable[[Path, Path], None]
    sets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Stored:
    counts: dict[str, Count]
    missing: str


class TeachSheet(Sheet):
    """`use` gets the model file to be used from now on, `forget` asks to delete everything."""

    used = Signal(str)

    def __init__(
        self,
        parent: QWidget,
        page: LivePage,
        examples: Examples,
        tools: Tools,
        forget: Callable[[], None],
    ) -> None:
        super().__init__(parent, TITLE, QSize(1000, 640))
        self._page, self._examples, self._tools = page, examples, tools
        self._seen: object = None  # the analysis shown last
        self._seen_at = time.monotonic()
        self._stored = _Stored({}, "")
        self._sets: tuple[str, ...] = tools.sets
        self.child: TrainingChild | None = None
        self._run: Path | None = None  # the run that is watched
        self.desk = Desk("teach")
        self.consent = ConsentView(examples.root)
        self.record = RecordView(page.look, self._keep, self._undo)
        self.training = TrainingView()
        self.stack = QStackedWidget()
        for view in (self.consent, self.record, self.training):
            self.stack.addWidget(view)
        self.column.addWidget(self.stack, 1)
        self.place = QLabel(f"Stored in {examples.root}")
        self.place.setProperty("quiet", True)
        self.place.setWordWrap(True)
        self.column.addWidget(self.place)
        self.button("Delete all my data…", "Pictures of you, models trained on them, and more.",
                    forget)  # fmt: skip
        self.finish()
        self._connect()
        if examples.has_consent:
            self._begin()
        else:
            self.place.hide()

    def _connect(self) -> None:
        self.consent.agreed.connect(self._agree)
        self.record.enough.connect(self._show_training)
        self.training.start_wanted.connect(self._train)
        self.training.stop_wanted.connect(self._stop)
        self.training.use_wanted.connect(self.used)
        self.training.back_wanted.connect(lambda: self.stack.setCurrentWidget(self.record))
        self._timers = []
        for interval, call in (
            (COLLECT_MS, self.desk.collect),
            (SEE_MS, self._see),
            (LOOK_MS, self._look),
        ):
            timer = QTimer(self, interval=interval)
            timer.timeout.connect(call)
            timer.start()
            self._timers.append(timer)

    # --- consent and pictures -------------------------------------------------------------------

    def _agree(self) -> None:
        self.desk.ask("consent", self._examples.consent, self._take_consent)

    def _take_consent(self, outcome: Failure | None) -> None:
        if isinstance(outcome, Failure):
            self.consent.show_failure(outcome.words)
        else:
            self._begin()

    def _begin(self) -> None:
        self.place.show()
        self.stack.setCurrentWidget(self.record)
        self.desk.ask("counts", self._read, self._take_counts)
        self.desk.ask("look", self._newest, self._take_run)

    def _see(self) -> None:
        """Show the live page's newest picture; it is recorded only while a take runs."""
        analysis = self._page.analysis
        if self.stack.currentWidget() is self.consent:
            self.consent.show_trouble(source_problem(analysis))
        self.record.show_trouble(source_problem(analysis))
        if self.stack.currentWidget() is not self.record:
            return
        if analysis is self._seen:
            if time.monotonic() - self._seen_at > STILL_S:
                self.record.show_still()
            return
        self._seen, self._seen_at = analysis, time.monotonic()
        if analysis is not None:
            self.record.see(analysis)

    def _keep(self, expression: str, shots: tuple[FrameShot, ...]) -> None:
        def keep() -> _Stored:
            self._examples.add(expression, self._tools.pictures(shots))
            return self._read()

        self.desk.ask("counts", keep, self._take_counts)

    def _undo(self, expression: str) -> None:
        def undo() -> _Stored:
            self._examples.undo(expression)
            return self._read()

        self.desk.ask("counts", undo, self._take_counts)

    def _read(self) -> _Stored:
        return _Stored(self._examples.counts(), self._examples.missing())

    def _take_counts(self, outcome: _Stored | Failure) -> None:
        if isinstance(outcome, Failure):
            self.record.show_failure(outcome.words)
            return
        self._stored = outcome
        self.record.show_counts(outcome.counts, outcome.missing)

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

    def _train(self, layers: finetune.Layers) -> None:
        self.training.show_starting("Reading the pictures …")
        self._run = None
        arguments = finetune.arguments(
            self._examples.prepared, self._examples.runs, layers, self._sets
        )

        def launch() -> TrainingChild:
            self._tools.prepare(self._examples.pictures, self._examples.prepared)
            return TrainingChild(arguments, self._examples.runs)

        self.desk.ask("train", launch, self._take_child)

    def _take_child(self, outcome: TrainingChild | Failure) -> None:
        if isinstance(outcome, Failure):
            self.training.show_idle(outcome.words, wrong=True)
            return
        self.child = outcome
        self.training.show_starting("The training starts: it takes some seconds …")

    def _stop(self) -> None:
        try:
            if self.child is not None:
                self.child.stop()
            elif self._run is not None:  # an earlier window began it
                ask_to_stop(self._run)
        except OSError as error:
            self.training.state.setText(f"It cannot be stopped: {error.strerror}.")

    def _look(self) -> None:
        """How the training goes, by its files."""
        child = self.child
        if child is not None:
            code = child.poll()
            self._run = child.run
            if code is not None:
                self.child = None
                if code != 0:
                    stopped = code == 130 or child.stopped
                    words = STOPPED if stopped else child.words() or "The training was ended."
                    self.training.show_idle(words, wrong=not stopped)
                    self._run = None
                    return
        if self._run is not None:
            self.desk.ask("look", self._newest, self._take_run)

    def _newest(self) -> Run | None:
        return finetune.newest(self._examples.runs)

    def _take_run(self, outcome: Run | Failure | None) -> None:
        if outcome is None or isinstance(outcome, Failure):
            return
        if outcome.goes_on:
            self._run = outcome.path
            self.training.show_run(outcome)
            return
        if self.child is not None:
            return  # how it ended is told by its exit code
        found = finetune.outcome(outcome)
        if found is not None:
            self._run = None
            self.training.show_outcome(found)
        elif self._run is not None:  # it ended while it was watched
            self._run = None
            stopped = outcome.state == "stopped"
            words = STOPPED if stopped else outcome.reason or ENDED
            self.training.show_idle(words, wrong=not stopped)

    # --- the end --------------------------------------------------------------------------------

    def done(self, result: int) -> None:
        """A training goes on without the window; its outcome is there when it opens again."""
        for timer in self._timers:
            timer.stop()
        self.desk.close()
        self.desk.collect()  # a training may have begun just now
        if self.child is not None:
            self.child.leave()
        super().done(result)

    def end_training(self) -> None:
        """At once, with nothing kept: its files are to be deleted."""
        self.desk.forget("train")
        if self.child is not None:
            self.child.kill()
            self.child = None
