"""The Train page: runs on the left; beside them the form, one run, or several compared.

The page shows what a run's files say, whoever started it. Whatever loads torch or OpenCV is
injected and runs in the page's task queue.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ferapp.review.retraining import RetrainingPlan, Verdict
from ferapp.runs.compare import ComparedRuns
from ferapp.runs.data_check import DataCheck, DataChoice
from ferapp.runs.run_reader import RunFolder, RunSnapshot
from ferapp.runs.task_queue import ReportProgress, TaskFailure
from ferapp.runs.training_process import TrainingProcess, request_stop, resume_arguments
from ferapp.ui.beginner.beginner_flow import BeginnerFlow
from ferapp.ui.run_table.run_desk import RunDesk
from ferapp.ui.shell.page import Links, Page
from ferapp.ui.text.verdict_text import verdict_text
from ferapp.ui.train.compare_view import CompareView
from ferapp.ui.train.data_view import DataView
from ferapp.ui.train.run_form import RunForm
from ferapp.ui.train.run_view import RunView
from ferapp.ui.train_queue.queue_control import QueueControl
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.closing_question import ask_about_process
from ferapp.ui.widgets.text_size import fix_width, release_width, scaled
from trainer.reports.run_list.run_names import run_title
from trainer.training.run_dir import RunDir

REFRESH_MS = 700  # between two reads of the runs' files
PROGRESS_MS = 150
LIST_WIDTH = 268  # px
STOPPED_CODE = 130
CANNOT_STOP = "The training could not be stopped: {}"


@dataclass(frozen=True, slots=True)
class TrainTools:
    """What the page calls in its task queue, and the folder of runs."""

    check_data: Callable[[DataChoice, ReportProgress], DataCheck]
    verdict: Callable[[Path, ReportProgress], Verdict | None]  # of a run with a review
    compare: Callable[  # with displayed names
        [Sequence[Path], Mapping[str, str]], tuple[ComparedRuns, ...]
    ]
    runs: Path
    notify: Callable[[str, str], None] = lambda title, text: None  # that a run has ended


class TrainPage(Page):
    drop_text = "Drop a folder of class folders: it is checked, then you can train on it"

    def __init__(self, tools: TrainTools, links: Links) -> None:
        super().__init__("train")
        self._tools, self._links = tools, links
        self._runs = RunFolder(tools.runs)
        self._check_progress = ""  # written by the task queue's thread
        self._checked: tuple[DataChoice, DataCheck | str] = (DataChoice(), "")  # or an error
        self._launch_data = DataChoice()  # the data that the newest training was given
        self._shown_path = ""  # of the run that is shown
        self._stopping: set[str] = set()  # paths of runs
        self._resuming: set[str] = set()  # whose files do not show yet that they were resumed
        self._failures: dict[str, str] = {}  # by run: the output of a process that failed
        self._verdicts: dict[str, str] = {}  # by run: whether the corrected labels helped
        self.trainings: list[TrainingProcess] = []
        self.run: RunSnapshot | None = None
        self.new_run = push_button("New run", "Open the form for a new training.")
        self.desk = RunDesk(self.tasks, self.toast)
        self.list = self.desk.table
        self.empty = QLabel("No runs yet. Choose a recipe and a data set, then start one.")
        self.empty.setWordWrap(True)
        self.empty.setProperty("quiet", True)
        self.empty.setContentsMargins(12, 8, 12, 8)
        self.form = RunForm(tools.runs)
        self.queue = QueueControl(tools.runs, self.tasks, self.form, self)
        self.data = DataView()
        self.view = RunView()
        self.comparison = CompareView()
        self.beginner = BeginnerFlow(tools.runs, self.tasks, links, self.toast, self._launch)
        self._form_page = QWidget()
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self._refresh()

    def _lay_out(self) -> None:
        """From the outside in: a new parent visits every widget that it gets."""
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP - 4)
        left = self._left = QWidget()
        layout.addWidget(left)
        layout.addWidget(self._stack, 1)
        self._stack.setObjectName("inner")
        for widget in (self._form_page, self.view, self.comparison, self.beginner.view):
            self._stack.addWidget(widget)
        fix_width(left, lambda _: scaled(LIST_WIDTH))
        column = QVBoxLayout(left)
        column.setContentsMargins(8, 10, 4, 8)
        column.addWidget(self.new_run)
        column.addWidget(self.queue.strip)
        column.addWidget(self.empty)
        column.addWidget(self.desk, 1)
        halves = QHBoxLayout(self._form_page)
        halves.setContentsMargins(0, 0, 0, 0)
        halves.setSpacing(0)
        halves.addWidget(self.form, 1)
        right = QVBoxLayout()
        right.setContentsMargins(theme.GAP, 10, theme.MARGIN, 0)
        halves.addLayout(right, 1)
        right.addWidget(self.beginner.card)
        right.addWidget(self.data, 1)

    def _connect(self) -> None:
        self.new_run.clicked.connect(self._show_form)
        self.list.chosen.connect(self._on_run_chosen)
        self.list.entries.checked_changed.connect(self._compare)
        self.desk.widened.connect(self._widen_table)
        self.desk.changed.connect(self._read_runs)
        self.queue.start_now.connect(self.start)
        self.queue.launched.connect(self._watch)
        self.queue.message.connect(self.toast.show_message)
        self.queue.ended.connect(self._tools.notify)
        self.form.check_requested.connect(self._check_data)
        self.form.data.textChanged.connect(lambda _: self._show_check())
        self.form.validated.connect(self._show_check)
        self.data.stop_requested.connect(self._stop_preparing)
        self.view.stop_requested.connect(self._stop)
        self.view.resume_requested.connect(self._resume)
        self.view.live_requested.connect(self._go_live)
        self.view.inspect_requested.connect(lambda: self._links.inspect(self._shown_path))
        self.view.cells_requested.connect(
            lambda cells: self._links.inspect_cells(self._shown_path, cells)
        )
        self.view.epochs_requested.connect(lambda: self._links.inspect_epochs(self._shown_path))
        self.view.duplicate_requested.connect(lambda: self._duplicate({}))
        self.view.halve_batch_requested.connect(self._start_with_half_the_batch)
        self.comparison.live_requested.connect(self._compare_live)
        self.beginner.view.opened.connect(self._show_beginner)
        self.beginner.view.run_requested.connect(self.list.choose)
        self._timer = QTimer(self, interval=REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self._timer.start()
        self._check_timer = QTimer(self, interval=PROGRESS_MS)  # active while data is checked
        self._check_timer.timeout.connect(lambda: self.data.show_message(self._check_progress))

    # --- reading runs ---------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Read what is new, while the page is visible or a training needs watching."""
        for training in list(self.trainings):
            self._poll(training)
        self._show_resume()
        self._show_preparing()
        if self.isVisible() or self.trainings or self.queue.is_watching:
            self._read_runs()

    def _read_runs(self) -> None:
        shown = Path(self._shown_path) if self._shown_path else None

        def read() -> tuple[tuple[RunSnapshot, ...], RunSnapshot | None]:
            runs = self._runs.list()
            return runs, self._runs.read(shown) if shown is not None else None

        self.tasks.submit("runs", read, self._on_runs)

    def _on_runs(
        self, result: tuple[tuple[RunSnapshot, ...], RunSnapshot | None] | TaskFailure
    ) -> None:
        if isinstance(result, TaskFailure):
            self.toast.show_message(result.message)
            return
        runs, shown = result
        self.empty.setVisible(not runs)
        self.form.data.show_recent(run.data for run in runs)
        self.desk.show_runs(runs)
        self.queue.advance(runs, self.trainings)
        if shown is not None and str(shown.path) == self._shown_path:
            self._show_run(shown)

    def _show_run(self, run: RunSnapshot) -> None:
        self.run = run
        if not run.is_active:
            self._stopping.discard(self._shown_path)
        self.view.show_run(run, self._failures.get(self._shown_path, ""))
        self.view.stop.setText("Stopping…" if self._shown_path in self._stopping else "Stop")
        if run.is_active:
            self._resuming.discard(self._shown_path)
        self._show_resume()
        self._show_verdict(run)
        if self._stack.currentWidget() is not self.comparison:
            self._stack.setCurrentWidget(self.view)

    def _show_verdict(self, run: RunSnapshot) -> None:
        """Whether the corrected labels of a run that has ended helped."""
        path, has_review = str(run.path), bool(run.config and run.config.data.review)
        if run.is_active:
            self._verdicts.pop(path, None)
        elif has_review and run.has_model and path not in self._verdicts:
            self._verdicts[path] = "Comparing with the former run…"
            self.tasks.submit(
                "verdict",
                lambda: self._tools.verdict(run.path, self.tasks.interruptible(lambda _: None)),
                lambda result: self._on_verdict(path, result),
            )
        self.view.show_verdict(self._verdicts.get(path, ""))

    def _on_verdict(self, path: str, result: Verdict | TaskFailure | None) -> None:
        if isinstance(result, TaskFailure):
            self._verdicts[path] = f"It cannot be compared with its former run: {result.message}"
        else:
            self._verdicts[path] = verdict_text(result) if result is not None else ""
        if path == self._shown_path:
            self.view.show_verdict(self._verdicts[path])

    def _show_resume(self) -> None:
        """A killed process takes a moment to end, and a resumed one to begin."""
        has_process = self._has_process(Path(self._shown_path))
        self.view.resume.setDisabled(has_process)
        if not has_process:
            self._resuming.discard(self._shown_path)
        elif self._shown_path in self._resuming:
            self.view.show_resuming()

    def _on_run_chosen(self, path: str) -> None:
        self._shown_path = path
        if path:
            self._read_runs()

    def _widen_table(self, on: bool) -> None:
        """The table over the whole page, or cards beside what is shown."""
        self._stack.setHidden(on)
        if on:
            release_width(self._left)
        else:
            fix_width(self._left, lambda _: scaled(LIST_WIDTH))

    def _show_form(self) -> None:
        self.desk.wide.setChecked(False)
        self.list.choose("")
        self._stack.setCurrentWidget(self._form_page)

    def take_drop(self, paths: Sequence[str]) -> bool:
        return self.beginner.take_drop(paths)

    def _show_beginner(self) -> None:
        self.list.choose("")
        self._stack.setCurrentWidget(self.beginner.view)

    # --- starting and stopping ------------------------------------------------------------------

    def start(self, arguments: list[str]) -> None:
        """Train with these arguments after `fertrain`."""
        self._launch(arguments, None)

    def retrain(self, plan: RetrainingPlan, start_now: bool) -> None:
        """Put a run with corrected labels into the form, and start it where that is wanted."""
        self.form.fill_from(plan.config, plan.data, plan.name, {})
        self._show_form()
        if start_now and self.form.validate():
            self.start(self.form.arguments)

    def _launch(self, arguments: list[str], run: Path | None) -> TrainingProcess | None:
        try:
            training = TrainingProcess(arguments, self._tools.runs, run)
        except OSError as error:
            self.toast.show_message(f"The training could not be started: {error.strerror}")
            return None
        self._launch_data = self.form.data_choice
        self.toast.show_message("Starting training…" if run is None else "Resuming…")
        self._watch(training)
        return training

    def _watch(self, training: TrainingProcess) -> None:
        self.trainings.append(training)
        self._refresh()

    def _poll(self, training: TrainingProcess) -> None:
        """Show a training that has made its run, and keep the output of one that failed."""
        had_run = training.run is not None
        code = training.poll()
        is_new = training.run is not None and not had_run
        is_queued = self.queue.settle(training, code)
        if is_new and not is_queued and not self.beginner.owns(training):
            self.list.choose(str(training.run))
            if isinstance(self._checked[1], str):  # it started: an earlier error is outdated
                self._set_check(DataChoice(), "")
        if code is None:
            return
        self.trainings.remove(training)
        if code in (0, STOPPED_CODE):
            self._failures.pop(str(training.run), None)
        elif training.was_killed_early:
            self._set_check(self._launch_data, "Training was stopped before it began.")
        elif training.run is None and not is_queued:
            self._set_check(self._launch_data, training.last_output())
            self.toast.show_message("Training could not begin.")
        elif code > 0 and training.run is not None:
            self._failures[str(training.run)] = training.last_output()

    @property
    def _preparing(self) -> TrainingProcess | None:
        """The training that has not made its run yet, because it prepares its data."""
        return next((training for training in self.trainings if training.run is None), None)

    def _show_preparing(self) -> None:
        """Block the form while data is prepared or checked: both write the same cache folder."""
        training, message, reason = self._preparing, "", ""
        if training is not None:
            seconds = time.monotonic() - training.started_at
            message = (
                f"Preparing data ({seconds:.0f} s). The first time takes longer.\n"
                f"{training.last_output()}"
            ).strip()
            reason = "Another training is preparing its data. Wait for it or stop it."
        elif self._check_timer.isActive():
            reason = "The data is being checked."
        self.data.show_preparing(message)
        self.form.block(reason)

    def _stop_preparing(self) -> None:
        training = self._preparing
        if training is not None:
            try:
                training.stop()
            except OSError as error:  # it has just made its run
                self.toast.show_message(CANNOT_STOP.format(error.strerror))
            self._poll(training)
            self._refresh()

    def _stop(self) -> None:
        run = self.run
        if run is None:
            return
        try:
            request_stop(run.path)
        except OSError as error:
            self.toast.show_message(CANNOT_STOP.format(error.strerror))
            return
        self._stopping.add(str(run.path))
        self.view.stop.setText("Stopping…")

    def _resume(self) -> None:
        run = self.run
        if run is None or not run.can_resume:
            return
        if self._has_process(run.path):
            return
        self._failures.pop(str(run.path), None)
        self._launch(resume_arguments(run.path), run.path)
        if self._has_process(run.path):
            self._resuming.add(str(run.path))
            self.view.show_resuming()

    def _has_process(self, run: Path) -> bool:
        """Whether a process works on this run."""
        return any(training.run == run for training in self.trainings)

    # --- using a run ----------------------------------------------------------------------------

    def _go_live(self) -> None:
        if self.run is not None:
            self._links.go_live(str(RunDir(self.run.path).best))

    def _compare_live(self) -> None:
        first, second = self.list.entries.checked[:2]
        self._links.compare_live(str(RunDir(first.path).best), str(RunDir(second.path).best))

    def _duplicate(self, changes: dict[str, str]) -> None:
        """Put the settings of the shown run into the form; `changes` are texts by key."""
        run = self.run
        if run is None or run.config is None:
            return
        self.form.fill_from(run.config, run.data, run_title(run.name), changes)
        self._show_form()
        for name in run.config.objective.unregistered:
            self.toast.show_message(f"The loss “{name}” is unknown here: the form leaves it out")

    def _start_with_half_the_batch(self) -> None:
        run = self.run
        if run is None or run.config is None:
            return
        optim = run.config.optim
        self._duplicate(
            {
                "optim.batch_size": str(max(1, optim.batch_size // 2)),
                "optim.accumulate": str(2 * optim.accumulate),
            }
        )
        if self.form.validate() and not run.config.objective.unregistered:
            self.start(self.form.arguments)

    def _compare(self) -> None:
        checked = self.list.entries.checked
        if len(checked) < 2:
            if self._stack.currentWidget() is self.comparison:
                self._stack.setCurrentWidget(self.view if self._shown_path else self._form_page)
            return
        self._stack.setCurrentWidget(self.comparison)
        self.comparison.show_progress(len(checked))
        paths, names = [run.path for run in checked], dict(self.list.entries.names)
        self.tasks.submit("compare", lambda: self._tools.compare(paths, names), self._on_comparison)

    def _on_comparison(self, result: tuple[ComparedRuns, ...] | TaskFailure) -> None:
        if isinstance(result, TaskFailure):
            self.comparison.show_failure(result.message)
        else:
            self.comparison.show_comparison(result)

    # --- checking data --------------------------------------------------------------------------

    def _check_data(self, choice: DataChoice) -> None:
        self._check_progress = "Reading the data set…"
        self._check_timer.start()
        self._show_preparing()
        self.tasks.submit(
            "data",
            lambda: self._tools.check_data(choice, self._report_check),
            lambda result: self._on_check(choice, result),
        )

    def _report_check(self, message: str) -> None:
        """Called in the task queue's thread."""
        self._check_progress = message

    def _on_check(self, choice: DataChoice, result: DataCheck | TaskFailure) -> None:
        self._check_timer.stop()
        checked = result.message if isinstance(result, TaskFailure) else result
        problem = checked if isinstance(checked, str) else checked.problem
        self.form.show_data_problem(choice, problem)
        self._set_check(choice, checked)
        self._show_preparing()

    def _set_check(self, choice: DataChoice, checked: DataCheck | str) -> None:
        self._checked = (choice, checked)
        if isinstance(checked, DataCheck):
            self.form.recipe.show_samples(sum(checked.counts.get("train", {}).values()))
        self._show_check()

    def _show_check(self) -> None:
        """Show the check of the data in the form; a hint where other data was checked."""
        if self._check_timer.isActive():
            return
        choice, checked = self._checked
        if choice != self.form.data_choice or not checked:
            self.data.show_hint()
        elif isinstance(checked, DataCheck):
            self.data.show_check(checked)
        else:
            self.data.show_message(checked)

    # --- closing --------------------------------------------------------------------------------

    def may_close(self) -> bool:
        """Ask whether a training started here should keep running."""
        if not self.trainings:
            return True
        answer = ask_about_process(
            self,
            "Training is still running",
            "Training is still running. Keep training after closing?",
            "Nothing is lost either way: a stopped training can be resumed.",
            keep="Keep training",
            stop="Stop training",
        )
        if answer == "stop":
            try:
                for training in self.trainings:
                    training.stop()
            except OSError as error:
                self.toast.show_message(CANNOT_STOP.format(error.strerror))
                return False
        return answer != "cancel"

    def stop(self) -> None:
        self._timer.stop()
        self._check_timer.stop()
        self.form.recipe.stop()
        for training in self.trainings:
            training.detach()
        super().stop()
        self.queue.close()
