"""Whether the corrected labels of a run helped: compared once it has ended, and remembered."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ferapp.review.retraining import Verdict
from ferapp.runs.run_reader import RunSnapshot
from ferapp.runs.task_queue import ReportProgress, TaskFailure, TaskQueue
from ferapp.ui.text.verdict_text import verdict_text

FindVerdict = Callable[[Path, ReportProgress], Verdict | None]


class RunVerdicts(QObject):
    """`changed` has the path of a run whose text is another one now."""

    changed = Signal(str)

    def __init__(self, find: FindVerdict, tasks: TaskQueue, parent: QObject) -> None:
        super().__init__(parent)
        self._find, self._tasks = find, tasks
        self._texts: dict[str, str] = {}  # by path

    def text(self, run: RunSnapshot) -> str:
        """The verdict as sentences, "" for a run without a review; asks for it where it can."""
        path, has_review = str(run.path), bool(run.config and run.config.data.review)
        if run.is_active:
            self._texts.pop(path, None)
        elif has_review and run.has_model and path not in self._texts:
            self._texts[path] = "Comparing with the former run…"
            self._tasks.submit(
                "verdict",
                lambda: self._find(run.path, self._tasks.interruptible(lambda _: None)),
                lambda result: self._on_verdict(path, result),
            )
        return self._texts.get(path, "")

    def _on_verdict(self, path: str, result: Verdict | TaskFailure | None) -> None:
        if isinstance(result, TaskFailure):
            self._texts[path] = f"It cannot be compared with its former run: {result.message}"
        else:
            self._texts[path] = verdict_text(result) if result is not None else ""
        self.changed.emit(path)
