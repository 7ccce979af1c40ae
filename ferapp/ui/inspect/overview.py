"""The left column of the Inspect page: the evaluation as a whole, in three views."""

import numpy as np
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QLabel,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ferapp.review.evaluation import Evaluation
from ferapp.review.opening import OpenedEvaluation
from ferapp.review.selection import EvaluationComparison
from ferapp.ui.inspect.class_measures import CalibrationCurve, ClassTable
from ferapp.ui.inspect.predicted_counts import PredictedCounts
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.confusion_matrix import CellUnit, ConfusionMatrix
from ferapp.ui.widgets.flow_layout import FlowLayout

_UNITS: tuple[tuple[str, CellUnit, str], ...] = (
    ("Counts", "counts", "The number of samples in each cell."),
    ("% of true", "rows", "Percent of the samples with this label; on the diagonal: recall."),
    (
        "% of predicted",
        "columns",
        "Percent of the samples with this prediction; on the diagonal: precision.",
    ),
)
_METRICS = (
    ("accuracy", "Accuracy", "The share of samples whose prediction is their label."),
    (
        "mean_class",
        "Mean class",
        "The mean of the classes' recalls: every class counts the same, however rare it is.",
    ),
    (
        "ece",
        "ECE",
        "Expected calibration error: the mean gap between confidence and accuracy,\n"
        "over 15 bins. 0 is perfect.",
    ),
    ("samples", "Samples", "How many there are, without pictures that show no face."),
)


class Overview(QWidget):
    """Where no sample has a label, a single view shows what was predicted."""

    def __init__(self) -> None:
        super().__init__()
        self.name = QLabel()
        self.name.setFont(theme.sized(self.font(), 1.2, QFont.Weight.DemiBold))
        self.name.setWordWrap(True)
        self.name.setAccessibleName("Evaluation")
        self.model = QLabel()
        self.model.setProperty("quiet", True)
        self.model.setToolTip("The model whose predictions these are.")
        self.note = QLabel()
        self.note.setProperty("notice", True)
        self.note.setWordWrap(True)
        self.note.hide()
        self.metrics = {key: QLabel("–") for key, _, _ in _METRICS}
        self._captions = {key: QLabel(name) for key, name, _ in _METRICS}
        self.comparison = QLabel()
        self.comparison.setWordWrap(True)
        self.comparison.hide()
        self.matrix = ConfusionMatrix()
        self.table = ClassTable()
        self.calibration = CalibrationCurve()
        self.predicted = PredictedCounts()
        self.units = [Chip(name, tip) for name, _, tip in _UNITS]
        self.hide_correct = Chip(
            "Mistakes only", "Hide the diagonal, and scale the colours to the mistakes."
        )
        self.views = [
            Chip("Confusion", "Which class is predicted as which. Click a cell for its samples."),
            Chip("Classes", "Recall and precision of each class."),
            Chip("Calibration", "Whether the model's confidence matches its accuracy."),
        ]
        self._stack = QStackedWidget()
        self._lay_out()

    def _lay_out(self) -> None:
        self._add_views()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        layout.setSpacing(theme.GAP + 2)
        layout.addWidget(self.name)
        layout.addWidget(self.model)
        layout.addWidget(self.note)
        layout.addLayout(self._metrics_grid())
        layout.addWidget(self.comparison)
        layout.addLayout(_exclusive_row(self.views, self))
        layout.addWidget(self._stack, 1)
        for index, chip in enumerate(self.views):
            chip.toggled.connect(lambda on, i=index: self._stack.setCurrentIndex(i) if on else None)

    def _metrics_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(0)
        for column, (key, name, tip) in enumerate(_METRICS):
            value, caption = self.metrics[key], self._captions[key]
            value.setFont(theme.sized(self.font(), 1.2, QFont.Weight.DemiBold))
            value.setAccessibleName(name)
            caption.setProperty("quiet", True)
            for label in (value, caption):
                label.setToolTip(tip)
            grid.addWidget(value, 0, column)
            grid.addWidget(caption, 1, column)
        grid.setColumnStretch(len(_METRICS), 1)
        return grid

    def _add_views(self) -> None:
        confusion = QWidget()
        column = QVBoxLayout(confusion)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(_exclusive_row(self.units, confusion, self.hide_correct))
        column.addWidget(self.matrix, 1)
        for chip, (_, unit, _) in zip(self.units, _UNITS, strict=True):
            chip.toggled.connect(lambda on, u=unit: self.matrix.show_unit(u) if on else None)
        self.hide_correct.toggled.connect(lambda on: self.matrix.show_diagonal(not on))
        self._stack.addWidget(confusion)
        for widget in (self.table, self.calibration, self.predicted):
            page = QWidget()
            column = QVBoxLayout(page)
            column.setContentsMargins(0, 0, 0, 0)
            column.addWidget(widget)
            column.addStretch(1)
            self._stack.addWidget(page)

    def _show_views(self, has_labels: bool) -> None:
        """Without labels nothing can be right, wrong or calibrated."""
        if not has_labels:
            self.views[0].setChecked(True)
        index = [chip.isChecked() for chip in self.views].index(True)
        self._stack.setCurrentIndex(index if has_labels else len(self.views))
        for chip in self.views:
            chip.setVisible(has_labels)
        for key in ("accuracy", "mean_class", "ece"):
            self.metrics[key].setVisible(has_labels)
            self._captions[key].setVisible(has_labels)

    def show_empty(self, title: str) -> None:
        self.name.setText(title)
        for label in (self.model, self.note, self.comparison):
            label.hide()
        for value in self.metrics.values():
            value.setText("–")
        self.matrix.show_counts((), np.zeros((0, 0), np.int64))
        self.table.show_evaluation(None)
        self.calibration.show_evaluation(None)

    def show_opened(
        self, opened: OpenedEvaluation, comparison: EvaluationComparison | None
    ) -> None:
        evaluation = opened.evaluation
        self.name.setText(evaluation.name)
        model = f"Model: {opened.classified_by}" if opened.classified_by else ""
        for label, text in ((self.model, model), (self.note, opened.note)):
            label.setText(text)
            label.setVisible(bool(text))
        has_labels = bool(evaluation.labelled.any())
        self._show_views(has_labels or not len(evaluation))
        self._show_comparison(evaluation, comparison)
        self.metrics["accuracy"].setText(_percent(evaluation.scores.accuracy))
        self.metrics["mean_class"].setText(_percent(evaluation.scores.mean_class_accuracy))
        self.metrics["ece"].setText(f"{evaluation.calibration.error:.3f}" if has_labels else "–")
        self.metrics["samples"].setText(f"{len(evaluation) - int(evaluation.faceless.sum()):,}")
        self.matrix.show_counts(evaluation.classes, evaluation.confusion_with_unlabelled)
        self.table.show_evaluation(evaluation)
        self.calibration.show_evaluation(evaluation)
        self.predicted.show_counts(
            evaluation.classes, evaluation.confusion_with_unlabelled.sum(axis=0)
        )

    def _show_comparison(
        self, evaluation: Evaluation, comparison: EvaluationComparison | None
    ) -> None:
        self.comparison.hide()
        if comparison is None or np.isnan(comparison.accuracy - comparison.other_accuracy):
            return
        gap = 100 * (comparison.accuracy - comparison.other_accuracy)
        better = "better" if gap > 0 else "worse"
        text = f"{abs(gap):.1f}\u00a0points {better} than {comparison.name}"
        self.comparison.setText(text if abs(gap) >= 0.05 else f"Same accuracy as {comparison.name}")
        self.comparison.setToolTip(
            f"Of the {wording.count(len(comparison.other_rows), 'sample')} in both:\n"
            f"{_percent(comparison.accuracy)} correct by {evaluation.name},\n"
            f"{_percent(comparison.other_accuracy)} correct by {comparison.name}."
        )
        self.comparison.show()


def _exclusive_row(chips: list[Chip], parent: QWidget, *others: QWidget) -> FlowLayout:
    """A row of chips of which exactly one is on, at first the first, and other widgets."""
    row = FlowLayout()
    group = QButtonGroup(parent)
    for chip in chips:
        group.addButton(chip)
        row.addWidget(chip)
    chips[0].setChecked(True)
    for widget in others:
        row.addWidget(widget)
    return row


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:.1f}\u00a0%"
