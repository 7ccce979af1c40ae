"""The Train page: runs on the left; the form of a new one, one run, or several compared.

The files of a run are its truth: the page shows what stands in them, whoever launched it. What
loads torch or OpenCV is injected and works in the desk's thread.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.data_check import DataCheck
from ferapp.runs.run_names import title_of
from ferapp.runs.run_reader import Run, Runs
from ferapp.runs.side_by_side import SideBySide
from ferapp.runs.task_queue import Failure
from ferapp.runs.training_process import TrainingChild, ask_to_stop, resume_command
from ferapp.ui.shell.page import Links, Page
from ferapp.ui.train.compare_view import CompareView
from ferapp.ui.train.data_view import DataView
from ferapp.ui.train.form_fields import values_of
from ferapp.ui.train.run_form import TrainForm
from ferapp.ui.train.run_list import RunList
from ferapp.ui.train.run_view import RunView
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import by_keyboard
from trainer.training.run_dir import RunDir

LOOK_MS = 700  # between two looks at the files
WORDS_MS = 150
LIST_WIDTH = 268  # px


@dataclass(frozen=True, slots=True)
class Tools:
    """What works in the desk's thread."""

    check_data: Callable[[Path, Callable[[str], None]], DataCheck]
    compare: Callable[[Sequence[Path], Mapping[str, str]], SideBySide]  # and what each is called
    runs: Path  # the folder of runs


class TrainPage(Page):
    def __init__(self, tools: Tools, links: Links) -> None:
        super().__init__("train")
        self._tools, self._links = tools, links
        self._runs = Runs(tools.runs)
        self._said = ""  # by the desk's thread while data is checked
        self._found: tuple[str, DataCheck | str] = ("", "")  # of the data at this path
        self._launched = ""  # path of the data that the newest training was given
        self._shown = ""  # path of the run that is shown
        self._stopping: set[str] = set()
        self._failures: dict[str, str] = {}  # what a child printed at its end, by run
        self.trainings: list[TrainingChild] = []
        self.run: Run | None = None
        self.new = QPushButton("New run")
        self.new.setToolTip("A form for a new training.")
        by_keyboard(self.new)
        self.list = RunList()
        self.empty = QLabel("No runs yet. Choose a recipe and a data set, and start one.")
        self.empty.setWordWrap(True)
        self.empty.setProperty("quiet", True)
        self.empty.setContentsMargins(12, 8, 12, 8)
        self.form = TrainForm(tools.runs)
        self.data = DataView()
        self.view = RunView()
        self.comparison = CompareView()
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self._look()

    def _lay_out(self) -> None:
        left = QWidget()
        left.setFixedWidth(LIST_WIDTH)
        column = QVBoxLayout(left)
        column.setContentsMargins(8, 10, 4, 8)
        column.addWidget(self.new)
        column.addWidget(self.empty)
        column.addWidget(self.list, 1)
        self._new_page = QWidget()
        halves = QHBoxLayout(self._new_page)
        halves.setContentsMargins(0, 0, 0, 0)
        halves.setSpacing(0)
        halves.addWidget(self.form, 1)
        halves.addWidget(self.data, 1)
        for widget in (self._new_page, self.view, self.comparison):
            self._stack.addWidget(widget)
        self._stack.setObjectName("inner")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP - 4)
        layout.addWidget(left)
        layout.addWidget(self._stack, 1)

    def _connect(self) -> None:
        self.new.clicked.connect(self._show_form)
        self.list.chosen.connect(self._choose)
        self.list.entries.checked_changed.connect(self._compare)
        self.form.start_wanted.connect(self.start)
        self.form.check_wanted.connect(self._check)
        self.form.data.textChanged.connect(lambda _: self._tell_of_data())
        self.data.stop_wanted.connect(self._stop_preparing)
        self.view.stop_wanted.connect(self._stop)
        self.view.resume_wanted.connect(self._resume)
        self.view.live_wanted.connect(self._go_live)
        self.view.inspect_wanted.connect(lambda: self._links.inspect(self._shown))
        self.view.again_wanted.connect(lambda: self._again({}))
        self.view.smaller_wanted.connect(self._with_half_the_batch)
        self.comparison.live_wanted.connect(self._compare_live)
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        self._words = QTimer(self, interval=WORDS_MS)
        self._words.timeout.connect(lambda: self.data.show_words(self._said))

    # --- runs, as their files tell them ---------------------------------------------------------

    def _look(self) -> None:
        """Ask for what is new, where somebody sees it or a child is to be minded."""
        for child in list(self.trainings):
            self._mind(child)
        self._tell_of_preparing()
        if not self.isVisible() and not self.trainings:
            return
        self._ask()

    def _ask(self) -> None:
        shown = Path(self._shown) if self._shown else None
        self.desk.ask("look", lambda: self._read(shown), self._take_runs)

    def _read(self, shown: Path | None) -> tuple[tuple[Run, ...], Run | None]:
        runs = self._runs.list()
        return runs, self._runs.read(shown) if shown is not None else None

    def _take_runs(self, outcome: tuple[tuple[Run, ...], Run | None] | Failure) -> None:
        if isinstance(outcome, Failure):
            self.toast.tell(outcome.words)
            return
        runs, shown = outcome
        self.empty.setVisible(not runs)
        self.list.show_runs(runs)
        if shown is not None and str(shown.path) == self._shown:
            self._show(shown)

    def _show(self, run: Run) -> None:
        self.run = run
        if not run.goes_on:
            self._stopping.discard(self._shown)
        self.view.show_run(run, self._failures.get(self._shown, ""))
        stopping = self._shown in self._stopping
        self.view.stop.setText("Stopping …" if stopping else "Stop")
        if self._stack.currentWidget() is not self.comparison:
            self._stack.setCurrentWidget(self.view)

    def _choose(self, path: str) -> None:
        self._shown = path
        if path:
            self._ask()

    def _show_form(self) -> None:
        self.list.choose("")
        self._stack.setCurrentWidget(self._new_page)

    # --- launching ------------------------------------------------------------------------------

    def start(self, arguments: list[str]) -> None:
        """Train with what stands after `fertrain`."""
        self._launch(arguments, None)

    def _launch(self, arguments: list[str], run: Path | None) -> None:
        try:
            child = TrainingChild(arguments, self._tools.runs, run)
        except OSError as error:
            self.toast.tell(f"The training cannot be started: {error.strerror}")
            return
        self.trainings.append(child)
        self._launched = self.form.data_path
        self.toast.tell("Training begins …" if run is None else "It goes on …")
        self._look()

    def _mind(self, child: TrainingChild) -> None:
        """A child that made its run is shown; the words of one that failed are kept."""
        had_run = child.run is not None
        code = child.poll()
        if child.run is not None and not had_run:
            self.list.choose(str(child.run))
            if isinstance(self._found[1], str):  # it could begin, whatever was said before
                self._find("", "")
        if code is None:
            return
        self.trainings.remove(child)
        if code in (0, 130):
            self._failures.pop(str(child.run), None)
        elif child.stopped:
            self._find(self._launched, "The training was stopped before it began.")
        elif child.run is None:
            self._find(self._launched, child.words())
            self.toast.tell("The training could not begin.")
        elif code > 0:
            self._failures[str(child.run)] = child.words()

    @property
    def _preparing(self) -> TrainingChild | None:
        """The training that has not made its run."""
        return next((child for child in self.trainings if child.run is None), None)

    def _tell_of_preparing(self) -> None:
        """A training that reads its data, or a check; both at once would prepare the same twice."""
        child, told, held = self._preparing, "", ""
        if child is not None:
            seconds = time.monotonic() - child.began
            told = (
                f"A training prepares its data, for {seconds:.0f} seconds so far. The first time "
                f"that takes long. Then its run appears on the left.\n{child.words()}"
            ).strip()
            held = "A training prepares its data. Wait until it has begun, or stop it."
        elif self._words.isActive():
            held = "The data is being checked."
        self.data.show_preparing(told)
        self.form.hold(held)

    def _stop_preparing(self) -> None:
        child = self._preparing
        if child is not None:
            try:
                child.stop()
            except OSError as error:  # it made its run just now
                self.toast.tell(f"It cannot be asked to stop: {error.strerror}")
            self._mind(child)
            self._look()

    def _stop(self) -> None:
        run = self.run
        if run is None:
            return
        try:
            ask_to_stop(run.path)
        except OSError as error:
            self.toast.tell(f"It cannot be asked to stop: {error.strerror}")
            return
        self._stopping.add(str(run.path))
        self.view.stop.setText("Stopping …")

    def _resume(self) -> None:
        run = self.run
        if run is None or not run.can_resume:
            return
        if any(child.run == run.path for child in self.trainings):
            return  # it begins already, which its files do not say yet
        self._failures.pop(str(run.path), None)
        self._launch(resume_command(run.path), run.path)

    # --- what to do with a run ------------------------------------------------------------------

    def _go_live(self) -> None:
        if self.run is not None:
            self._links.go_live(str(RunDir(self.run.path).best))

    def _compare_live(self) -> None:
        first, second = self.list.entries.checked[:2]
        self._links.compare_live(str(RunDir(first.path).best), str(RunDir(second.path).best))

    def _again(self, changes: dict[str, str]) -> None:
        """The settings of the run that is shown, in the form."""
        run = self.run
        if run is None or run.config is None:
            return
        sets = {**values_of(run.config), **changes}
        self.form.fill("default", run.data, sets, title_of(run.name))
        self._show_form()
        for name in run.config.objective.unregistered:
            self.toast.tell(f"The loss “{name}” is unknown here: the form leaves it out")

    def _with_half_the_batch(self) -> None:
        run = self.run
        if run is None or run.config is None:
            return
        optim = run.config.optim
        self._again(
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
                self._stack.setCurrentWidget(self.view if self._shown else self._new_page)
            return
        self._stack.setCurrentWidget(self.comparison)
        self.comparison.show_waiting(len(checked))
        paths, names = [run.path for run in checked], dict(self.list.entries.names)
        self.desk.ask("compare", lambda: self._tools.compare(paths, names), self._take_comparison)

    def _take_comparison(self, outcome: SideBySide | Failure) -> None:
        if isinstance(outcome, Failure):
            self.comparison.show_failure(outcome.words)
        else:
            self.comparison.show_comparison(outcome, len(self.list.entries.checked))

    # --- data -----------------------------------------------------------------------------------

    def _check(self, path: str) -> None:
        self._said = "Reading the data set …"
        self._words.start()
        self._tell_of_preparing()
        self.desk.ask(
            "data",
            lambda: self._tools.check_data(Path(path), self._say),
            lambda outcome: self._take_check(path, outcome),
        )

    def _say(self, words: str) -> None:
        """Called in the desk's thread."""
        self._said = words

    def _take_check(self, path: str, outcome: DataCheck | Failure) -> None:
        self._words.stop()
        found = outcome.words if isinstance(outcome, Failure) else outcome
        self.form.refuse(path, found if isinstance(found, str) else found.problem)
        self._find(path, found)
        self._tell_of_preparing()

    def _find(self, path: str, found: DataCheck | str) -> None:
        self._found = (path, found)
        self._tell_of_data()

    def _tell_of_data(self) -> None:
        """What was found of the data that the form names; of other data nothing."""
        if self._words.isActive():
            return
        path, found = self._found
        if path != self.form.data_path or not found:
            self.data.show_nothing()
        elif isinstance(found, DataCheck):
            self.data.show_check(found)
        else:
            self.data.show_words(found)

    # --- the end --------------------------------------------------------------------------------

    def may_close(self) -> bool:
        """Where a training runs that was launched here: shall it go on?"""
        if not self.trainings:
            return True
        answer = ask_about_training(self)
        if answer == "stop":
            try:
                for child in self.trainings:
                    child.stop()
            except OSError as error:
                self.toast.tell(f"It cannot be asked to stop: {error.strerror}")
                return False
        return answer != "cancel"

    def stop(self) -> None:
        self._timer.stop()
        self._words.stop()
        for child in self.trainings:
            child.leave()
        super().stop()


def ask_about_training(parent: QWidget) -> str:
    """`go on`, `stop` or `cancel`."""
    box = QMessageBox(parent)
    box.setWindowTitle("A training runs")
    box.setText("A training runs. Shall it go on without the window?")
    box.setInformativeText("Either way nothing is lost: a stopped training can be resumed.")
    buttons: dict[Any, str] = {
        box.addButton("Go on", QMessageBox.ButtonRole.AcceptRole): "go on",
        box.addButton("Stop and keep", QMessageBox.ButtonRole.DestructiveRole): "stop",
        box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole): "cancel",
    }
    box.exec()
    return buttons.get(box.clickedButton(), "cancel")
