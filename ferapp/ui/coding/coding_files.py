"""Importing codings, and saving them for other programs."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from ferapp.runs.task_queue import TaskFailure, TaskQueue
from ferapp.studies.coding.coded_interval import CodedInterval
from ferapp.studies.coding.coding_file import CodingFormat, import_coding, write_coding

_CODINGS = "Codings (*.csv *.tsv *.eaf);;All files (*)"


class CodingFiles:
    """Asks for a file and works in the background; `report` gets a message for the user."""

    def __init__(self, window: QWidget, report: Callable[[str], None]) -> None:
        self._window, self._report = window, report

    def import_into(self, stored: Path, tasks: TaskQueue, on_done: Callable[[], None]) -> None:
        """Add the coders of a file to `stored`; `on_done` is called when they are there."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Import a coding", "", _CODINGS)
        if not path:
            return

        def done(result: str | TaskFailure) -> None:
            self._report(result.message if isinstance(result, TaskFailure) else result)
            if not isinstance(result, TaskFailure):
                on_done()

        tasks.submit("import", lambda: import_coding(stored, Path(path)), done)

    def save_as(
        self,
        form: CodingFormat,
        intervals: Sequence[CodedInterval],
        clip: Path,
        tasks: TaskQueue,
    ) -> None:
        name = f"{clip.stem}.coding{form.suffix}"
        title = f"Save as: {form.title}"
        path, _ = QFileDialog.getSaveFileName(
            self._window, title, name, f"{form.title} (*{form.suffix})"
        )
        if not path:
            return
        file = Path(path) if Path(path).suffix else Path(path).with_suffix(form.suffix)

        def done(result: object) -> None:
            failure = result.message if isinstance(result, TaskFailure) else ""
            self._report(f"Could not be saved: {failure}" if failure else f"Saved as {file}")

        tasks.submit("save as", lambda: write_coding(file, intervals, clip, form), done)
