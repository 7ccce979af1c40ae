"""The label doctor, a view of the Inspect page: find wrong labels, decide, train again, compare.

Its searches take minutes, so they run in a task queue of their own: the page's stays free to
explain the suspects.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from ferapp.overlays import label_text
from ferapp.review.diagnosis import Diagnosis, count_reviewed
from ferapp.review.opening import OpenedEvaluation
from ferapp.review.retraining import (
    RetrainedRun,
    RetrainingPlan,
    count_corrections,
    plan_retraining,
    why_not_retrain,
)
from ferapp.review.selection import EvaluationComparison
from ferapp.runs.task_queue import ReportProgress, TaskCancelled, TaskFailure, TaskQueue
from ferapp.ui.inspect.inspect_views import InspectView
from ferapp.ui.label_doctor.doctor_panel import DoctorPanel
from ferapp.ui.label_doctor.retrain_question import ask_to_retrain
from ferapp.ui.label_doctor.suspect_list import ACCEPT, SuspectList
from ferapp.ui.shell.page import DELIVER_MS
from ferapp.ui.text.verdict_text import retrained_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.flow_layout import FlowLayout
from trainer.data.label_review import NONE
from trainer.errors import FerError
from trainer.evaluation.label_errors.review_estimate import estimated_error_rate_after

PROGRESS_MS = 100
RETRAINED_MS = 2000  # between two looks at a training with this review
_TIP = "Find labels that are probably wrong, correct them, and train again."
_FIRST_STEPS = (
    "No suspects yet.\n\nPress “Find suspects” on the left. Each one then comes with its label, a "
    "suggestion, and the five faces that look most like it.\nDecide with one key, and go on to the "
    "next."
)
_ACTIONS = (
    (ACCEPT, "Enter  Accept", "Give the face the suggested label.\nKey: Enter"),
    ("n", "N  Keep", "You looked, and the label is right.\nKey: N"),
    ("f", "F  Drop", "Leave the face out of training.\nKey: F"),
    ("u", "U  Undo", "Undo the last decision.\nKeys: U, Ctrl+Z"),
)


@dataclass(frozen=True, slots=True)
class DoctorTools:
    """What the view calls: `find` and `newest_retrained` in its task queue, they load torch.

    `retrain` opens the Train page with a plan; True starts the training at once.
    """

    find: Callable[[OpenedEvaluation, str, ReportProgress], Diagnosis]
    newest_retrained: Callable[[Path, ReportProgress], RetrainedRun | None]  # of a review
    retrain: Callable[[RetrainingPlan, bool], None]
    models: tuple[str, ...]


class LabelDoctor(InspectView):
    def __init__(self, tools: DoctorTools) -> None:
        self.panel = DoctorPanel(tools.models)
        self.list = SuspectList()
        self.buttons: dict[str, QPushButton] = {}
        self._stack = QStackedWidget()
        middle = QWidget()
        super().__init__("Label doctor", _TIP, self.panel, middle)
        self._tools = tools
        self._tasks = TaskQueue("label doctor")
        self._opened: OpenedEvaluation | None = None
        self._found: dict[tuple[Path, str], Diagnosis] = {}  # by review and split
        self._progress = ""  # written by the task queue's thread
        self._searches = 0  # counts calls of `find`, so that only the latest one goes on
        self._lay_out(middle)
        self._connect()

    def _lay_out(self, middle: QWidget) -> None:
        hint = QLabel(_FIRST_STEPS)
        hint.setWordWrap(True)
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        hint.setContentsMargins(40, 0, 40, 60)
        row = FlowLayout(gap=6)
        for key, text, tip in _ACTIONS:
            button = push_button(text, tip)
            button.setStyleSheet("padding: 3px 10px;")
            button.clicked.connect(lambda _, k=key: self._on_key(k))
            self.buttons[key] = button
            row.addWidget(button)
        review = QWidget()
        column = QVBoxLayout(review)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(row)
        column.addWidget(self.list, 1)
        self._stack.addWidget(hint)
        self._stack.addWidget(review)
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)

    def _connect(self) -> None:
        self.panel.find_requested.connect(self.find)
        self.panel.cancel_requested.connect(self._cancel)
        self.panel.retrain_requested.connect(self._retrain)
        self.list.current_changed.connect(self._on_current)
        self.list.key_typed.connect(self._on_key)
        self._delivery = QTimer(self, interval=DELIVER_MS)
        self._delivery.timeout.connect(self._tasks.deliver)
        self._delivery.start()
        self._progress_timer = QTimer(self, interval=PROGRESS_MS)  # active during a search
        self._progress_timer.timeout.connect(
            lambda: self.panel.show_searching(True, self._progress)
        )
        self._retrained_timer = QTimer(self, interval=RETRAINED_MS)  # while a training goes on
        self._retrained_timer.timeout.connect(self._read_retrained)

    # --- what is open ---------------------------------------------------------------------------

    @property
    def diagnosis(self) -> Diagnosis | None:
        opened = self._opened
        return self._found.get((opened.review, opened.split)) if opened else None

    def show_opened(
        self, opened: OpenedEvaluation | None, comparison: EvaluationComparison | None
    ) -> None:
        if opened is not self._opened:
            self._cancel()
            self.panel.verdict.clear()
            self._opened = opened
            self.panel.features.offer(opened.model if opened else None)
        self.panel.block_find(_why_not_find(opened))
        self._show_diagnosis()
        self._read_retrained()

    def _show_diagnosis(self) -> None:
        diagnosis = self.diagnosis
        has_suspects = diagnosis is not None and bool(diagnosis.suspects)
        self._stack.setCurrentIndex(int(has_suspects))
        self.panel.show_diagnosis(diagnosis)
        self.list.show_suspects(self._opened, diagnosis, self.decisions)
        self._show_review()
        if self.list.isVisible():
            self.list.setFocus()

    # --- finding --------------------------------------------------------------------------------

    def find(self) -> None:
        opened, features = self._opened, self.panel.features.chosen
        if opened is None:
            return
        self._searches += 1
        number, self._progress = self._searches, "Starting…"
        self.panel.show_searching(True, self._progress)
        self._progress_timer.start()
        report = self._tasks.interruptible(self._note_progress)

        def report_or_cancel(message: str) -> None:
            if number != self._searches:
                raise TaskCancelled
            report(message)

        self._tasks.submit(
            "find",
            lambda: self._tools.find(opened, features, report_or_cancel),
            lambda result: self._on_found(opened, result),
        )

    def _note_progress(self, message: str) -> None:
        """Called in the task queue's thread."""
        self._progress = message

    def _cancel(self) -> None:
        self._searches += 1
        self._tasks.cancel("find")
        self._progress_timer.stop()
        self.panel.show_searching(False)

    def _on_found(self, opened: OpenedEvaluation, result: Diagnosis | TaskFailure) -> None:
        self._progress_timer.stop()
        if isinstance(result, TaskFailure):
            self.panel.show_searching(False, result.message)
            return
        nothing = "" if result.suspects else "No label is suspected to be wrong."
        self.panel.show_searching(False, nothing)
        self._found[opened.review, opened.split] = result
        self._show_diagnosis()

    # --- reviewing ------------------------------------------------------------------------------

    def _on_current(self, row: int) -> None:
        self.sample_chosen.emit(row)
        diagnosis, position = self.diagnosis, self.list.position
        if diagnosis is not None and position >= 0:
            suggested = label_text.class_title(diagnosis.suspects[position].suggested)
            self.buttons[ACCEPT].setText(f"Enter  Accept {suggested}")

    def _on_key(self, key: str) -> None:
        """Pass the key on as one of the review's; the label itself is kept."""
        diagnosis, position = self.diagnosis, self.list.position
        if diagnosis is None or position < 0:
            return
        suspect, classes = diagnosis.suspects[position], diagnosis.report.classes
        if key == ACCEPT:
            key = str(classes.index(suspect.suggested) + 1)
        elif key == str(classes.index(suspect.label) + 1):
            key = "n"
        self.key_typed.emit(key)

    def show_decision(self, row: int) -> None:
        """Go on to the next suspect, or back to one whose decision was undone."""
        position = self.list.suspects.position_of(row)
        if position is None:
            return
        self.list.suspects.update_position(position)
        is_decided = self.list.suspects.decision(position) != NONE
        if is_decided and position == self.list.position:
            following = self.list.suspects.next_undecided(position)
            self.list.go_to(following if following >= 0 else position)
        else:
            self.list.go_to(position)
        self._show_review()

    def _show_review(self) -> None:
        diagnosis, opened = self.diagnosis, self._opened
        if diagnosis is None or opened is None:
            return
        rate = estimated_error_rate_after(diagnosis.report, self.decisions)
        self.panel.show_review(diagnosis, count_reviewed(diagnosis.suspects, self.decisions), rate)
        self.panel.show_retraining(
            count_corrections(opened, self.decisions).used,
            why_not_retrain(opened, self.decisions),
        )

    # --- training again -------------------------------------------------------------------------

    def _retrain(self) -> None:
        opened = self._opened
        if opened is None:
            return
        try:
            plan = plan_retraining(opened, self.decisions)
        except FerError as error:
            self.panel.show_retraining(0, str(error))
            return

        def on_answer(start_now: bool) -> None:
            self._tools.retrain(plan, start_now)
            self._retrained_timer.start()

        ask_to_retrain(self.middle.window(), plan, on_answer)

    def _read_retrained(self) -> None:
        """Look for a training with this review, while the view is visible."""
        opened = self._opened
        if opened is not None and self.panel.isVisible():
            self._tasks.submit(
                "retrained",
                lambda: self._tools.newest_retrained(
                    opened.review, self._tasks.interruptible(lambda _: None)
                ),
                self._on_retrained,
            )

    def _on_retrained(self, result: RetrainedRun | TaskFailure | None) -> None:
        if isinstance(result, TaskFailure):
            self._retrained_timer.stop()
            self.panel.verdict.setText(f"The retrained model cannot be compared: {result.message}")
        elif result is not None:
            self.panel.verdict.setText(retrained_text(result))
            if result.verdict is None:  # it goes on, or is resumed
                self._retrained_timer.start()
            else:
                self._retrained_timer.stop()

    def stop(self) -> None:
        for timer in (self._delivery, self._progress_timer, self._retrained_timer):
            timer.stop()
        self._searches += 1
        self._tasks.close()
        self.list.suspects.thumbnails.close()


def _why_not_find(opened: OpenedEvaluation | None) -> str:
    if opened is None:
        return "Open a run or a data set."
    if not opened.evaluation.labelled.any():
        return "These pictures have no labels."
    if opened.data is None:
        return "The pictures are missing, so their labels cannot be judged."
    return ""
