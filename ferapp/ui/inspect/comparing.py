"""The comparison of what is open with another model: its menu, its progress, and its result."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QLabel, QWidget

from ferapp.review.evaluation import Evaluation
from ferapp.review.opening import OpenedEvaluation
from ferapp.review.selection import EvaluationComparison, compare_evaluations
from ferapp.runs.task_queue import TaskFailure, TaskQueue
from ferapp.ui.inspect.inspect_tools import InspectTools
from ferapp.ui.inspect.open_menu import EvaluationMenu
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import MenuButton
from trainer.model_index import find_model

PROGRESS_MS = 100


class Comparing(QObject):
    """`changed` tells of another `comparison`, None without one; `failed` why there is none."""

    changed = Signal()
    failed = Signal(str)

    def __init__(self, tools: InspectTools, tasks: TaskQueue, parent: QWidget) -> None:
        super().__init__(parent)
        self._tools, self._tasks = tools, tasks
        self._opened: OpenedEvaluation | None = None
        self._progress = ""  # written by the task queue's thread
        self.comparison: EvaluationComparison | None = None
        self.menu = EvaluationMenu(
            "Compare with", tools, self.with_source, parent, on_model_chosen=self.with_model
        )
        self.button = MenuButton(
            "Compare with",
            self.menu,
            "Show what another model predicts for the same samples.",
        )
        self.status = QLabel()  # the progress
        self.status.setWordWrap(True)
        self.status.setContentsMargins(theme.MARGIN, theme.GAP, theme.MARGIN, 0)
        self.status.setAccessibleName("Comparison")
        self.status.hide()
        self._timer = QTimer(self, interval=PROGRESS_MS)
        self._timer.timeout.connect(lambda: self.status.setText(self._progress))

    def open(self, opened: OpenedEvaluation) -> None:
        """Something else is open: a comparison, or a running one, was of the previous one."""
        self._end()
        self._opened, self.comparison = opened, None
        self.button.show_value("")

    def with_source(self, source: str) -> None:
        """Compare with another evaluation of the same samples; "" ends the comparison."""
        if source:
            self._start(f"Opening {Path(source).name}…", lambda _: self._open_other(source))
        elif self._opened is not None:
            self._on_compared(None)

    def with_model(self, name: str) -> None:
        """Compare with another model, which classifies the open samples."""
        self._start(
            f"Classifying with {name}…",
            lambda opened: (self._tools.classify(opened, name, self._report), find_model(name)),
            by_model=True,
        )

    def _open_other(self, source: str) -> tuple[Evaluation, Path | None]:
        other = self._tools.open(source, self._report)
        return other.evaluation, other.model

    def _report(self, message: str) -> None:
        """Called in the task queue's thread."""
        self._progress = message

    def _start(
        self,
        message: str,
        evaluate: Callable[[OpenedEvaluation], tuple[Evaluation, Path | None]],
        *,
        by_model: bool = False,
    ) -> None:
        opened = self._opened
        if opened is None:
            return
        shown_name = opened.classified_by if by_model else ""

        def compare() -> EvaluationComparison:
            other, model = evaluate(opened)
            return compare_evaluations(opened.evaluation, other, shown_name, model)

        self._progress = message
        self.status.setText(message)
        self.status.show()
        self._timer.start()
        self._tasks.submit("compare", compare, self._on_compared)

    def _end(self) -> None:
        self._tasks.cancel("compare")
        self._timer.stop()
        self.status.hide()

    def _on_compared(self, result: EvaluationComparison | TaskFailure | None) -> None:
        self._end()
        if isinstance(result, TaskFailure):
            self.failed.emit(result.message)
            result = None
        self.comparison = result
        self.button.show_value(result.name if result else "")
        self.changed.emit()

    def stop(self) -> None:
        self._timer.stop()
