"""The check of the form's data: started, shown, cancelled, and its pictures opened."""

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QDialog

from ferapp.overlays import label_text
from ferapp.runs.checks.bad_sample import BadSample, read_bad_sample
from ferapp.runs.checks.data_check import (
    CheckProgress,
    DataCheck,
    DataChoice,
    Flaw,
    ReportCheck,
)
from ferapp.runs.task_queue import TaskCancelled, TaskFailure, TaskQueue
from ferapp.ui.text.time_left import StageClock
from ferapp.ui.train.data.bad_samples import BadSamplesDialog
from ferapp.ui.train.data.data_pictures import PicturesDialog
from ferapp.ui.train.data.data_text import FLAW_TITLES, SKIPPED
from ferapp.ui.train.data.data_view import DataView
from ferapp.ui.train.run_form import RunForm
from trainer.errors import FerError

POLL_MS = 100
BEGINNING = CheckProgress("reading the data set")
CANCELLED = "The check was cancelled. Press Check to go on where it stopped."
CheckTool = Callable[[DataChoice, ReportCheck], DataCheck]


class DataChecking(QObject):
    """Shows what was found while that data is in the form.

    It has a task queue of its own: the first check of a large data set takes minutes, in which
    the runs must go on being read. `changed` tells that a check has begun or ended; `opened` has
    the path of data that could be read.
    """

    changed = Signal()
    opened = Signal(str)

    def __init__(self, check: CheckTool, form: RunForm, view: DataView) -> None:
        super().__init__(view)
        self.check, self._form, self._view = check, form, view
        self.tasks = TaskQueue("data check")
        self.is_running = False
        self._is_cancelled = False
        self._progress = BEGINNING  # written by the task queue's thread
        self._clock = StageClock()
        self.dialog: QDialog | None = None  # the newest
        self.result: tuple[DataChoice, DataCheck | str] = (DataChoice(), "")  # or an error
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._poll)
        form.check_requested.connect(self.start)
        form.data.textChanged.connect(lambda _: self._show_result())
        form.validated.connect(self._show_result)
        view.cancel_requested.connect(self.cancel)
        view.class_chosen.connect(self._show_class)
        view.flaw_chosen.connect(self._show_flaw)

    def start(self, choice: DataChoice) -> None:
        self.is_running, self._is_cancelled = True, False
        self._progress, self._clock = BEGINNING, StageClock()
        report = self.tasks.interruptible(lambda _: None)

        def report_or_cancel(progress: CheckProgress) -> None:
            """In the thread of the queue."""
            report(progress.stage)
            if self._is_cancelled:
                raise TaskCancelled
            self._progress = progress

        self.tasks.submit(
            "check",
            lambda: self.check(choice, report_or_cancel),
            lambda result: self._on_result(choice, result),
        )
        self._view.cancel.setEnabled(True)
        self._timer.start()
        self._poll()
        self.changed.emit()

    def cancel(self) -> None:
        """The check ends at its next report: it works on a folder that a training would use."""
        self._is_cancelled = True
        self._view.show_cancelling()

    def show_error(self, choice: DataChoice, message: str) -> None:
        """Why a training on this data could not begin; "" forgets an earlier reason."""
        self.result = (choice, message)
        self._show_result()

    def forget_error(self) -> None:
        """A training began: an earlier error is outdated."""
        if isinstance(self.result[1], str):
            self.show_error(DataChoice(), "")

    def close(self) -> None:
        self._timer.stop()
        if self.dialog is not None:
            self.dialog.close()
        self.tasks.close()

    def _poll(self) -> None:
        self.tasks.deliver()
        if self.is_running and not self._is_cancelled:
            progress = self._progress
            counted = progress.stage, progress.done, progress.total
            left = self._clock.seconds_left(*counted, time.monotonic())
            self._view.show_progress(progress, left)
        elif not self.tasks.busy:
            self._timer.stop()

    def _on_result(self, choice: DataChoice, result: DataCheck | TaskFailure) -> None:
        self.is_running = False
        if isinstance(result, DataCheck):
            self.result = (choice, result)
            self._form.recipe.show_samples(sum(result.counts.get("train", {}).values()))
            self.opened.emit(choice.path)
            self._form.show_data_problem(choice, result.problem)
        elif self._is_cancelled:
            self.result = (choice, CANCELLED)
        else:
            self.result = (choice, result.message)
            self._form.show_data_problem(choice, result.message)
        self._show_result()
        self.changed.emit()

    def _show_result(self) -> None:
        """The check of the data in the form; a hint where other data was checked."""
        if self.is_running:
            return
        choice, result = self.result
        if choice != self._form.data_choice or not result:
            self._view.show_hint()
        elif isinstance(result, DataCheck):
            self._view.show_check(result)
        else:
            self._view.show_message(result)

    # --- the pictures behind a number -----------------------------------------------------------

    def _show_class(self, split: str, name: str) -> None:
        check = self.result[1]
        if isinstance(check, DataCheck) and check.data is not None:
            title = f"{label_text.class_title(name)}, {split}"
            rows = check.class_rows(split, name)
            self._open(PicturesDialog(self._view.window(), title, check.data, rows))

    def _show_flaw(self, link: str) -> None:
        choice, check = self.result
        if not isinstance(check, DataCheck) or check.data is None:
            return
        if link == SKIPPED:
            source = Path(choice.path).expanduser()
            self._open(
                BadSamplesDialog(
                    self._view.window(),
                    check.skipped,
                    lambda reason, on_done: self._read_bad(source, reason, on_done),
                )
            )
            return
        flaw: Flaw = next(flaw for flaw in FLAW_TITLES if flaw == link)
        rows = check.flawed[flaw]
        self._open(PicturesDialog(self._view.window(), FLAW_TITLES[flaw], check.data, rows))

    def _read_bad(
        self, source: Path, reason: str, on_done: Callable[[BadSample | TaskFailure], None]
    ) -> None:
        def read() -> BadSample:
            try:
                return read_bad_sample(source, reason)
            except (OSError, ValueError) as error:
                raise FerError(str(error)) from error

        self.tasks.submit("bad sample", read, on_done)
        self._timer.start()

    def _open(self, dialog: QDialog) -> None:
        """One at a time."""
        if self.dialog is not None:
            self.dialog.close()
        self.dialog = dialog
        dialog.finished.connect(lambda _: self._forget(dialog))
        dialog.show()

    def _forget(self, dialog: QDialog) -> None:
        if self.dialog is dialog:
            self.dialog = None
