"""The training processes that this window started, and what became of them."""

import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from ferapp.runs.training_process import TrainingProcess
from ferapp.ui.widgets.closing_question import ask_about_process

STOPPED_CODE = 130
CANNOT_STOP = "The training could not be stopped: {}"


class OwnTrainings(QObject):
    """`begun` has a process that has made its run, `ended` one and its exit code: before them
    `polled` has each process, with None as code while it runs. `message` is for the user.
    """

    polled = Signal(object, object)
    begun = Signal(object)
    ended = Signal(object, object)  # on Windows a code may be larger than Qt's int
    message = Signal(str)

    def __init__(self, runs: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self._runs, self._parent = runs, parent
        self.running: list[TrainingProcess] = []
        self.failures: dict[str, str] = {}  # by run: the output of a process that failed

    def launch(self, arguments: Sequence[str], run: Path | None) -> TrainingProcess | None:
        """Start `fertrain` with these arguments; None where it cannot be started."""
        try:
            training = TrainingProcess(arguments, self._runs, run)
        except OSError as error:
            self.message.emit(f"The training could not be started: {error.strerror}")
            return None
        self.failures.pop(str(run), None)
        self.running.append(training)
        self.message.emit("Starting training…" if run is None else "Resuming…")
        return training

    def poll(self) -> None:
        for training in list(self.running):
            self._poll(training)

    def _poll(self, training: TrainingProcess) -> None:
        """Tell of a training that has made its run, and keep the output of one that failed."""
        had_run = training.run is not None
        code = training.poll()
        self.polled.emit(training, code)
        if training.run is not None and not had_run:
            self.begun.emit(training)
        if code is None:
            return
        self.running.remove(training)
        if code in (0, STOPPED_CODE):
            self.failures.pop(str(training.run), None)
        elif code > 0 and training.run is not None:
            self.failures[str(training.run)] = training.last_output()
        self.ended.emit(training, code)

    def works_on(self, run: Path) -> bool:
        """Whether a process works on this run."""
        return any(training.run == run for training in self.running)

    # --- before a run exists --------------------------------------------------------------------

    @property
    def preparing(self) -> TrainingProcess | None:
        """The training that has not made its run yet, because it prepares its data."""
        return next((training for training in self.running if training.run is None), None)

    def preparing_text(self) -> str:
        """How long it has been preparing, and its output; "" where none does."""
        training = self.preparing
        if training is None:
            return ""
        seconds = time.monotonic() - training.started_at
        text = f"Preparing data ({seconds:.0f} s). The first time takes longer."
        return f"{text}\n{training.last_output()}".strip()

    def stop_preparing(self) -> None:
        training = self.preparing
        if training is not None:
            try:
                training.stop()
            except OSError as error:  # it has just made its run
                self.message.emit(CANNOT_STOP.format(error.strerror))
            self._poll(training)

    # --- closing --------------------------------------------------------------------------------

    def may_close(self) -> bool:
        """Ask whether a training should keep running; one that only ends its process is let be."""
        training = [each for each in self.running if each.is_training]
        if not training:
            return True
        answer = ask_about_process(
            self._parent,
            "Training is still running",
            "Training is still running. Keep training after closing?",
            "Nothing is lost either way: a stopped training can be resumed.",
            keep="Keep training",
            stop="Stop training",
        )
        if answer == "stop":
            try:
                for each in training:
                    each.stop()
            except OSError as error:
                self.message.emit(CANNOT_STOP.format(error.strerror))
                return False
        return answer != "cancel"

    def detach(self) -> None:
        """Leave them running without the app."""
        for training in self.running:
            training.detach()
