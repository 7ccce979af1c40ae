"""The left column of the Inspect page: the evaluation as a whole, in four views."""

import numpy as np
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QButtonGroup,
    QLabel,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ferapp.review.evaluation import Evaluation
from ferapp.review.opening import OpenedEvaluation
from ferapp.review.selection import EvaluationComparison
from ferapp.ui.inspect.figures.class_measures import CalibrationCurve, ClassTable
from ferapp.ui.inspect.figures.curves_view import CurvesView
from ferapp.ui.inspect.figures.predicted_counts import PredictedCounts
from ferapp.ui.text import wording
from ferapp.ui.text.figure_text import (
    accuracy_text,
    ece_text,
    evaluation_conditions,
    interval_tip,
    margin_text,
)
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.confusion_matrix import CellUnit, ConfusionMatrix
from ferapp.ui.widgets.figure_row import FigureRow
from ferapp.ui.widgets.flow_layout import FlowLayout
from ferapp.ui.widgets.vertical_scroll import CompactWidget
from trainer.evaluation.intervals import Interval

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
_CONDITIONS_TIP = (
    "What all figures below are of: the split, the model's epoch, the number of labelled samples,\n"
    "and whether probabilities are the network's own (raw) or divided by its temperature\n"
    "(calibrated), which changes the ECE and confidences, and no prediction."
)
_BOOTSTRAP = "bootstrap, 2,000 draws"


class Overview(CompactWidget):
    """Where no sample has a label, a single view shows what was predicted."""

    def __init__(self) -> None:
        super().__init__()
        self._evaluation: Evaluation | None = None
        self._intervals: dict[str, Interval] = {}
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
        self._figures = FigureRow(_METRICS)
        self.metrics = self._figures.figures
        self.conditions = QLabel()
        self.conditions.setProperty("quiet", True)
        self.conditions.setWordWrap(True)
        self.conditions.setToolTip(_CONDITIONS_TIP)
        self.conditions.setAccessibleName("What was measured")
        self.comparison = QLabel()
        self.comparison.setWordWrap(True)
        self.comparison.hide()
        self.matrix = ConfusionMatrix()
        self.table = ClassTable()
        self.calibration = CalibrationCurve()
        self.curves = CurvesView()
        self.predicted = PredictedCounts()
        self.units = [Chip(name, tip) for name, _, tip in _UNITS]
        self.hide_correct = Chip(
            "Mistakes only", "Hide the diagonal, and scale the colours to the mistakes."
        )
        self.views = [
            Chip("Confusion", "Which class is predicted as which. Click a cell for its samples."),
            Chip("Classes", "Recall, precision and F1 of each class."),
            Chip("Calibration", "Whether the model's confidence matches its accuracy."),
            Chip("Curves", "ROC and precision–recall curves, with their thresholds."),
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
        layout.addLayout(self._figures)
        layout.addWidget(self.conditions)
        layout.addWidget(self.comparison)
        layout.addLayout(_exclusive_row(self.views, self))
        layout.addWidget(self._stack, 1)
        for index, chip in enumerate(self.views):
            chip.toggled.connect(lambda on, i=index: self._stack.setCurrentIndex(i) if on else None)

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
        for widget in (self.table, self.calibration, self.curves, self.predicted):
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
        self.conditions.setVisible(has_labels)
        for key in ("accuracy", "mean_class", "ece"):
            self.metrics[key].setVisible(has_labels)
        self.metrics["samples"].setVisible(not has_labels)  # else n is among the conditions

    def show_empty(self, title: str, reason: str) -> None:
        self.name.setText(title)
        for label in (self.model, self.comparison, self.conditions):
            label.hide()
        self.note.setText(reason)
        self.note.show()
        for figure in self.metrics.values():
            figure.show_value("–")
        self.matrix.show_counts((), np.zeros((0, 0), np.int64))
        self.table.show_evaluation(None)
        self.calibration.show_evaluation(None)
        self.curves.show_evaluation(None)

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
        self.conditions.setText(evaluation_conditions(evaluation))
        self.metrics["samples"].show_value(f"{len(evaluation) - int(evaluation.faceless.sum()):,}")
        known = self._intervals if self._evaluation is evaluation else {}
        self.show_figures(evaluation, known)
        self.matrix.show_counts(evaluation.classes, evaluation.confusion_with_unlabelled)
        self.table.show_evaluation(evaluation)
        self.calibration.show_evaluation(evaluation)
        self.curves.show_evaluation(evaluation)
        self.predicted.show_counts(
            evaluation.classes, evaluation.confusion_with_unlabelled.sum(axis=0)
        )

    def show_figures(self, evaluation: Evaluation, intervals: dict[str, Interval]) -> None:
        """Without their intervals at first: those take a moment."""
        self._evaluation, self._intervals = evaluation, intervals
        scores = evaluation.scores
        shares = {
            "accuracy": (scores.accuracy, "accuracy", "Wilson"),
            "mean_class": (scores.mean_class_accuracy, "mean_class_accuracy", _BOOTSTRAP),
        }
        for key, (value, name, method) in shares.items():
            interval = intervals.get(name)
            margin, tip = margin_text(value, interval), interval_tip(interval, method)
            self.metrics[key].show_value(accuracy_text(value), margin, tip)
        error, interval = evaluation.calibration.error, intervals.get("ece")
        raw = f"Raw, without the temperature: {ece_text(evaluation.raw_calibration.error)}."
        tips = interval_tip(interval, _BOOTSTRAP, percent=False), raw
        margin = margin_text(error, interval, percent=False)
        self.metrics["ece"].show_value(ece_text(error), margin, "\n".join(filter(None, tips)))

    def _show_comparison(
        self, evaluation: Evaluation, comparison: EvaluationComparison | None
    ) -> None:
        """The test's sentence: a gap between two accuracies alone may be chance."""
        self.comparison.hide()
        if comparison is None or not comparison.n:
            return
        name, other = comparison.short_names
        self.comparison.setText(
            f"{accuracy_text(comparison.accuracy)} against "
            f"{accuracy_text(comparison.other_accuracy)} of {other}. "
            f"{comparison.test.verdict(name, other)}"
        )
        self.comparison.setToolTip(
            f"Of the {wording.count(comparison.n, 'labelled sample')} in both:\n"
            f"{accuracy_text(comparison.accuracy)} correct by {evaluation.name} "
            f"({evaluation_conditions(evaluation)}),\n"
            f"{accuracy_text(comparison.other_accuracy)} correct by {comparison.name} "
            f"({evaluation_conditions(comparison.other)}).\n"
            "McNemar's exact test counts the faces that only one of the two gets right."
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
