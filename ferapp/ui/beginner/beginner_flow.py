"""The first training on the Train page: its card, its view, and what they ask of the page."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from ferapp.runs.quick.quick_fit import QuickResult
from ferapp.runs.task_queue import TaskQueue
from ferapp.runs.training_process import TrainingProcess
from ferapp.ui.beginner.beginner_text import recognises
from ferapp.ui.beginner.beginner_view import BeginnerView
from ferapp.ui.beginner.start_card import StartCard
from ferapp.ui.shell.page import Links
from ferapp.ui.widgets.toast import Toast

Launch = Callable[[list[str], Path | None], TrainingProcess | None]  # None where it said why not


class BeginnerFlow(QObject):
    """`card` invites to a first training, `view` shows it; `launch` starts its process."""

    def __init__(
        self, runs: Path, tasks: TaskQueue, links: Links, toast: Toast, launch: Launch
    ) -> None:
        super().__init__()
        self._links, self._toast, self._launch = links, toast, launch
        self.card = StartCard()
        self.view = BeginnerView(runs, tasks)
        self.card.buttons.chosen.connect(self.view.open_folder)
        self.card.buttons.example_requested.connect(self.view.open_example)
        self.view.train_requested.connect(self._start)
        self.view.stop_requested.connect(self._stop)
        self.view.ready.connect(self._on_ready)
        self.view.live_requested.connect(self._go_live)

    def take_drop(self, paths: Sequence[str]) -> bool:
        """Check a dropped folder or zip; False for anything else."""
        if not paths or not (Path(paths[0]).is_dir() or Path(paths[0]).suffix.lower() == ".zip"):
            return False
        self.view.open_folder(paths[0])
        return True

    def owns(self, training: TrainingProcess) -> bool:
        """Whether the view, not the list of runs, shows this training."""
        return training is self.view.training

    def _start(self, arguments: list[str]) -> None:
        training = self._launch(arguments, None)
        if training is not None:
            self.view.follow(training)

    def _stop(self) -> None:
        if self.view.training is not None:
            try:
                self.view.training.stop()
            except OSError as error:
                self._toast.show_message(f"The training could not be stopped: {error.strerror}")

    def _on_ready(self, result: QuickResult) -> None:
        """Live at once where the person still waits for it."""
        if self.view.isVisible():
            self._go_live(result)
        else:
            go_live = partial(self._go_live, result)
            self._toast.show_message("Your model is ready.", "See it live", go_live)

    def _go_live(self, result: QuickResult) -> None:
        self._links.go_live(str(result.model))
        self._links.announce_live(recognises(result))
