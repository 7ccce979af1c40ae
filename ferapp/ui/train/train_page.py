"""The Train page: runs on the left; beside them the form, one run, or several compared.

The page shows what a run's files say, whoever started it. Whatever loads torch or OpenCV is
injected and runs in the page's task queue.
"""

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

from ferapp.review.retraining import RetrainingPlan
from ferapp.runs.checks.data_check import DataChoice
from ferapp.runs.compare import ComparedRuns
from ferapp.runs.run_reader import RunFolder, RunSnapshot
from ferapp.runs.task_queue import TaskFailure
from ferapp.runs.training_process import TrainingProcess, request_stop, resume_arguments
from ferapp.ui.beginner.beginner_flow import BeginnerFlow
from ferapp.ui.run_table.run_desk import RunDesk
from ferapp.ui.shell.page import Links, Page
from ferapp.ui.train.compare_view import CompareView
from ferapp.ui.train.data.data_checking import CheckTool, DataChecking
from ferapp.ui.train.data.data_view import DataView
from ferapp.ui.train.own_trainings import CANNOT_STOP, STOPPED_CODE, OwnTrainings
from ferapp.ui.train.rate.rate_finder_control import RateFinderControl
from ferapp.ui.train.run_form import RunForm
from ferapp.ui.train.run_verdicts import FindVerdict, RunVerdicts
from ferapp.ui.train.run_view import RunView
from ferapp.ui.train_queue.queue_control import QueueControl
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.text_size import fix_width, release_width, scaled
from trainer.reports.run_list.run_names import run_title
from trainer.training.run_dir import RunDir

REFRESH_MS = 700  # between two reads of the runs' files
LIST_WIDTH = 268  # px


@dataclass(frozen=True, slots=True)
class TrainTools:
    """What the page calls in its task queue, and the folder of runs."""

    check_data: CheckTool
    verdict: FindVerdict  # of a run with a review
    compare: Callable[  # with displayed names
        [Sequence[Path], Mapping[str, str]], tuple[ComparedRuns, ...]
    ]
    runs: Path
    notify: Callable[[str, str], None] = lambda title, text: None  # that a run has ended
    recent_data: Callable[[], Sequence[str]] = tuple  # paths of data, the newest first
    remember_data: Callable[[str], None] = lambda path: None


class TrainPage(Page):
    drop_text = "Drop a folder of class folders: it is checked, then you can train on it"

    def __init__(self, tools: TrainTools, links: Links) -> None:
        super().__init__("train")
        self._tools, self._links = tools, links
        self._runs = RunFolder(tools.runs)
        self._launch_data = DataChoice()  # the data that the newest training was given
        self._shown_path = ""  # of the run that is shown
        self._stopping: set[str] = set()  # paths of runs
        self._resuming: set[str] = set()  # whose files do not show yet that they were resumed
        self.own = OwnTrainings(tools.runs, self)
        self.run: RunSnapshot | None = None
        self.new_run = push_button("New run", "Open the form for a new training.")
        self.desk = RunDesk(self.tasks, self.toast)
        self.list = self.desk.table
        self.empty = QLabel("No runs yet. Choose a recipe and a data set, then start one.")
        self.empty.setWordWrap(True)
        self.empty.setProperty("quiet", True)
        self.empty.setContentsMargins(12, 8, 12, 8)
        self.form = RunForm(tools.runs, tools.recent_data)
        self.queue = QueueControl(tools.runs, self.tasks, self.form, self)
        self.data = DataView()
        self.checking = DataChecking(tools.check_data, self.form, self.data)
        self.rate_finder = RateFinderControl(self.form)
        self.verdicts = RunVerdicts(tools.verdict, self.tasks, self)
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
        self.rate_finder.message.connect(self.toast.show_message)
        self.checking.changed.connect(self._show_preparing)
        self.checking.opened.connect(self._remember)
        self.data.stop_requested.connect(self._stop_preparing)
        self.verdicts.changed.connect(self._show_verdict)
        self.own.message.connect(self.toast.show_message)
        self.own.polled.connect(self.queue.settle)
        self.own.begun.connect(self._on_begun)
        self.own.ended.connect(self._on_ended)
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

    # --- reading runs ---------------------------------------------------------------------------

    @property
    def trainings(self) -> list[TrainingProcess]:
        """The processes that this window started."""
        return self.own.running

    def _refresh(self) -> None:
        """Read what is new, while the page is visible or a training needs watching."""
        self.own.poll()
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
        self.form.chooser.show_recent(run.data for run in runs)
        self.desk.show_runs(runs)
        self.queue.advance(runs, self.trainings)
        if shown is not None and str(shown.path) == self._shown_path:
            self._show_run(shown)

    def _show_run(self, run: RunSnapshot) -> None:
        self.run = run
        if not run.is_active:
            self._stopping.discard(self._shown_path)
        self.view.show_run(run, self.own.failures.get(self._shown_path, ""))
        self.view.stop.setText("Stopping…" if self._shown_path in self._stopping else "Stop")
        if run.is_active:
            self._resuming.discard(self._shown_path)
        self._show_resume()
        self.view.show_verdict(self.verdicts.text(run))
        if self._stack.currentWidget() is not self.comparison:
            self._stack.setCurrentWidget(self.view)

    def _show_verdict(self, path: str) -> None:
        if self.run is not None and path == self._shown_path == str(self.run.path):
            self.view.show_verdict(self.verdicts.text(self.run))

    def _show_resume(self) -> None:
        """A killed process takes a moment to end, and a resumed one to begin."""
        has_process = self.own.works_on(Path(self._shown_path))
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
        training = self.own.launch(arguments, run)
        if training is not None:
            self._launch_data = self.form.data_choice
            self._remember(self.form.data_path if run is None else "")
            self._refresh()
        return training

    def _remember(self, path: str) -> None:
        """Offer this data again, after a restart too."""
        if path:
            self._tools.remember_data(str(Path(path).expanduser().absolute()))

    def _watch(self, training: TrainingProcess) -> None:
        self.own.running.append(training)
        self._refresh()

    def _on_begun(self, training: TrainingProcess) -> None:
        if not self.queue.owns(training) and not self.beginner.owns(training):
            self.list.choose(str(training.run))
            self.checking.forget_error()

    def _on_ended(self, training: TrainingProcess, code: int) -> None:
        """Say why a training could not begin; the run says why one failed later."""
        if code in (0, STOPPED_CODE) or training.run is not None:
            return
        if training.was_killed_early:
            self.checking.show_error(self._launch_data, "Training was stopped before it began.")
        elif not self.queue.owns(training):
            self.checking.show_error(self._launch_data, training.last_output())
            self.toast.show_message("Training could not begin.")

    def _show_preparing(self) -> None:
        """Block the form while data is prepared or checked: both write the same cache folder."""
        message, reason = self.own.preparing_text(), ""
        if message:
            reason = "Another training is preparing its data. Wait for it or stop it."
        elif self.checking.is_running:
            reason = "The data is being checked."
        self.data.show_preparing(message)
        self.form.block(reason)

    def _stop_preparing(self) -> None:
        self.own.stop_preparing()
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
        if self.own.works_on(run.path):
            return
        self._launch(resume_arguments(run.path), run.path)
        if self.own.works_on(run.path):
            self._resuming.add(str(run.path))
            self.view.show_resuming()

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

    # --- closing --------------------------------------------------------------------------------

    def may_close(self) -> bool:
        """Ask whether a training started here should keep running."""
        return self.own.may_close()

    def stop(self) -> None:
        self._timer.stop()
        self.checking.close()
        self.rate_finder.close()
        self.form.recipe.stop()
        self.own.detach()
        super().stop()
        self.queue.close()
