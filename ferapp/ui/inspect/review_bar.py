"""The user's decisions about a sample, by button or key, with undo and export."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ferapp.overlays import label_text
from ferapp.review.decisions import Review, ReviewStep
from ferapp.review.evaluation import Evaluation
from ferapp.runs.task_queue import TaskFailure
from ferapp.ui.inspect.review_steps import ReviewSteps
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.file_dialogs import save_file
from trainer.data.label_review import NONE, Decision
from trainer.errors import FerError

_COLUMNS = 4


class ReviewBar(QWidget):
    """`decided`, and before it `undone`, have the sample's row; `message` is for the user."""

    decided = Signal(int)
    undone = Signal(int)
    message = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.review: Review | None = None  # None where it cannot be read
        self.steps = ReviewSteps(self)
        self._evaluation: Evaluation | None = None
        self._row = -1  # of the shown sample
        self._selected: NDArray[np.int64] = np.zeros(0, np.int64)
        self._classes: tuple[str, ...] = ()
        self._decision = NONE
        self.title = QLabel("Your decision")
        self.title.setFont(theme.sized(self.font(), 1.0, QFont.Weight.DemiBold))
        self.state = QLabel()
        self.state.setProperty("quiet", True)
        self.labels: list[Chip] = []
        self._grid = QGridLayout()
        self._grid.setSpacing(2)
        self.keep = Chip("N  Keep", "You looked, and the label is right.\nKey: N")
        self.keep.clicked.connect(self._toggle_kept)
        self.flag = Chip("F  Drop", "Training with this review leaves this sample out.\nKey: F")
        self.flag.clicked.connect(self._toggle_flag)
        self.undo_button = push_button("U  Undo", "Undo the last decision.")
        self.undo_button.clicked.connect(self._undo)
        self.export_button = push_button("Export…", "Save all decisions as a CSV file.")
        self.export_button.clicked.connect(self._export)
        head = QHBoxLayout()
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.state)
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        buttons.addWidget(self.keep)
        buttons.addWidget(self.flag)
        buttons.addStretch(1)
        for button in (self.undo_button, self.export_button):
            button.setStyleSheet("padding: 3px 10px;")
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addLayout(head)
        layout.addLayout(self._grid)
        layout.addLayout(buttons)
        self.setToolTip(
            "Decisions are saved beside the evaluation; the data set is not changed.\n"
            "Digits relabel, 0 restores the data set's label, N keeps it, F drops the sample,\n"
            "U undoes."
        )

    @property
    def decisions(self) -> dict[str, Decision]:
        """By sample id."""
        return self.review.decisions if self.review is not None else {}

    def open(self, evaluation: Evaluation, path: Path) -> None:
        """Review an evaluation; its decisions are, or will be, in the file at `path`."""
        self._evaluation, self._row = evaluation, -1
        try:
            self.review = Review(path)
        except FerError as error:
            self.review = None
            self.message.emit(str(error))
        self._make_chips(evaluation.classes)

    def show_sample(self, row: int) -> None:
        """−1 is none."""
        self._row = row
        self._show_decision()

    def select_rows(self, rows: NDArray[np.int64]) -> None:
        """Decide about all of these from now on, where there are several."""
        self._selected = rows
        count = wording.count(len(rows), "face")
        self.title.setText(f"Your decision about {count}" if self.decides_many else "Your decision")

    @property
    def decides_many(self) -> bool:
        return len(self._selected) > 1

    def _make_chips(self, classes: tuple[str, ...]) -> None:
        if classes == self._classes:
            return
        self._classes = classes
        for chip in self.labels:
            self._grid.removeWidget(chip)
            chip.deleteLater()
        self.labels = []
        for index, name in enumerate(classes):
            key = f"{index + 1}  " if index < 9 else ""
            tip = f"Label this face {name}." + f"\nKey: {index + 1}" * (index < 9)
            chip = Chip(f"{key}{label_text.class_title(name)}", tip)
            chip.clicked.connect(lambda _, k=index: self.relabel(k))
            self._grid.addWidget(chip, index // _COLUMNS, index % _COLUMNS)
            self.labels.append(chip)

    def _show_decision(self) -> None:
        evaluation, row = self._evaluation, self._row
        is_reviewing, count = False, 0
        label, decision = "", NONE
        if evaluation is not None and self.review is not None and row >= 0:
            is_reviewing, count = True, len(self.decisions)
            label = evaluation.classes[evaluation.label[row]] if evaluation.label[row] >= 0 else ""
            decision = self.review.decision(str(evaluation.sample_id[row]))
        self._decision = decision
        for name, chip in zip(self._classes, self.labels, strict=True):
            chip.setChecked(is_reviewing and name == (decision.label or label))
            chip.setEnabled(is_reviewing)
        for mark, is_set in ((self.keep, decision.kept), (self.flag, decision.flag)):
            mark.setChecked(is_set)
            mark.setEnabled(is_reviewing)
        self.export_button.setEnabled(count > 0)
        state = wording.count(count, "decision") if count else "no decisions yet"
        was_relabelled = bool(decision.label and label)
        self.state.setText(f"was {label} · {state}" if was_relabelled else state)

    def relabel(self, index: int) -> None:
        """Give the sample this class; its own label undoes an earlier relabelling."""
        if index < len(self._classes):
            self._decide(label=self._classes[index])

    def handle_key(self, key: str) -> bool:
        """Whether the key is one of the review's: digits relabel, n keeps, f drops, u undoes."""
        if self.review is None or self._row < 0:
            return False
        if key == "n":
            self._toggle_kept()
        elif key == "f":
            self._toggle_flag()
        elif key == "u":
            self._undo()
        elif key == "0":
            self._decide(label="")
        elif key.isdecimal() and int(key) <= len(self._classes):
            self.relabel(int(key) - 1)
        else:
            return False
        return True

    def _toggle_flag(self) -> None:
        self._decide(flag=not self._decision.flag)

    def _toggle_kept(self) -> None:
        self._decide(label="", flag=False, kept=not self._decision.kept)

    def _decide(self, **changes: Any) -> None:
        """About the sample that is shown, or about all that are selected."""
        if self._row >= 0:
            self.decide_rows(
                self._selected if self.decides_many else np.array([self._row]), changes
            )

    def decide_rows(self, rows: NDArray[np.int64], changes: dict[str, Any]) -> None:
        """Change the decisions about rows (M,): `label`, `flag`, `kept`, which is else taken back.

        One undo takes all back.
        """
        evaluation, review = self._evaluation, self.review
        if evaluation is None or review is None or not len(rows):
            return
        self.steps.run(
            review,
            lambda: review.plan(_decisions_about(evaluation, review, rows, changes)),
            len(rows),
            lambda result: self._on_decided(review, rows, result),
        )

    def _on_decided(
        self, review: Review, rows: NDArray[np.int64], result: ReviewStep | TaskFailure | None
    ) -> None:
        if isinstance(result, TaskFailure):
            self.message.emit(result.message)
        elif len(rows) > 1:
            self.message.emit(f"{wording.count(len(rows), 'face')} decided. U undoes it.")
        if review is self.review:  # nothing else was opened meanwhile
            self._show_decision()
            self.decided.emit(int(rows[0]))

    def _undo(self) -> None:
        review = self.review
        if review is not None and self._evaluation is not None:
            self.steps.run(
                review,
                review.plan_undo,
                review.undo_size,
                lambda result: self._on_undone(review, result),
            )

    def _on_undone(self, review: Review, result: ReviewStep | TaskFailure | None) -> None:
        if isinstance(result, TaskFailure):
            self.message.emit(result.message)
        elif result is None:
            self.message.emit("There is nothing to undo.")
        elif review is self.review and self._evaluation is not None:
            row = self._evaluation.row_of[next(iter(result.after))]
            self.undone.emit(row)
            self._show_decision()
            self.decided.emit(row)

    def stop(self) -> None:
        """Save what was decided, because the window closes."""
        self.steps.close()

    def _export(self) -> None:
        evaluation = self._evaluation
        if self.review is None or evaluation is None:
            return
        path, _ = save_file(self, "export", "Export the review", "review.csv", "Table (*.csv)")
        if not path:
            return
        labels = {
            str(sample_id): evaluation.classes[label] if label >= 0 else ""
            for sample_id, label in zip(
                evaluation.sample_id, evaluation.label.tolist(), strict=True
            )
        }
        try:
            count = self.review.export(Path(path), labels)
        except FerError as error:
            self.message.emit(str(error))
        else:
            self.message.emit(f"{wording.count(count, 'decision')} saved in {Path(path).name}")


def _decisions_about(
    evaluation: Evaluation, review: Review, rows: NDArray[np.int64], changes: dict[str, Any]
) -> dict[str, Decision]:
    """By sample id; a label that the data set has, too, is none."""
    decisions = dict[str, Decision]()
    for row in rows.tolist():
        sample_id, label = str(evaluation.sample_id[row]), int(evaluation.label[row])
        decision = replace(review.decision(sample_id), **{"kept": False, **changes})
        if label >= 0 and decision.label == evaluation.classes[label]:
            decision = replace(decision, label="")
        decisions[sample_id] = decision
    return decisions
