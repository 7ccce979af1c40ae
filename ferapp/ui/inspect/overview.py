"""The column on the left: what the evaluation says as a whole, four views of it."""

import numpy as np
from PySide6.QtCore import Qt, Signal
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
from ferapp.review.opened import Inspected
from ferapp.review.selection import Compared
from ferapp.ui.inspect.class_measures import CalibrationCurve, ClassTable
from ferapp.ui.inspect.predicted_counts import PredictedCounts
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.confusion_matrix import ConfusionMatrix
from ferapp.ui.widgets.flow_layout import Flow

TOP = 100  # suspects whose votes are looked at
_SHARES = (
    ("Counts", "counts", "The number of samples in each cell."),
    ("Of row", "rows", "Percent of the samples labelled so; on the diagonal: recall."),
    ("Of column", "columns", "Percent of the samples predicted so; on the diagonal: precision."),
)
_FIGURES = (
    ("accuracy", "Accuracy", "The share of samples whose prediction is their label."),
    (
        "classes",
        "Mean class",
        "The mean of the classes' recalls: each class counts alike, however rare it is.",
    ),
    (
        "ece",
        "ECE",
        "Expected calibration error: how far confidence and accuracy are apart on average,\n"
        "over 15 bins. 0 is perfect.",
    ),
    ("samples", "Samples", "How many there are; pictures without a face are left out."),
)


class Overview(QWidget):
    """`noise_turned` tells that the label-noise view, whose samples the grid shows, came or went.

    Samples none of which has a label have one view of their own: what was predicted.
    """

    noise_turned = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.name = QLabel()
        self.name.setFont(theme.sized(self.font(), 1.2, QFont.Weight.DemiBold))
        self.name.setWordWrap(True)
        self.name.setAccessibleName("Evaluation")
        self.by = QLabel()
        self.by.setProperty("quiet", True)
        self.by.setToolTip("The model whose answers these are.")
        self.note = QLabel()
        self.note.setProperty("notice", True)
        self.note.setWordWrap(True)
        self.note.hide()
        self.figures = {key: QLabel("–") for key, _, _ in _FIGURES}
        self.captions = {key: QLabel(words) for key, words, _ in _FIGURES}
        self.against = QLabel()  # the model that is compared with
        self.against.setWordWrap(True)
        self.against.hide()
        self.matrix = ConfusionMatrix()
        self.table = ClassTable()
        self.calibration = CalibrationCurve()
        self.predicted = PredictedCounts()
        self.noise = QLabel()
        self.noise.setWordWrap(True)
        self.noise.setTextFormat(Qt.TextFormat.RichText)
        self.noise.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.shares = [Chip(words, tip) for words, _, tip in _SHARES]
        self.hide_right = Chip(
            "Mistakes only", "Without the diagonal the colours are of the mistakes alone."
        )
        self.views = [
            Chip("Confusion", "What is taken for what. Click a cell to see its samples."),
            Chip("Classes", "Recall and precision of each class."),
            Chip("Calibration", "Whether the model is as sure as it is right."),
            Chip("Label noise", "Samples whose label is likely wrong."),
        ]
        self._stack = QStackedWidget()
        self._lay_out()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(0)
        for column, (key, words, tip) in enumerate(_FIGURES):
            value, caption = self.figures[key], self.captions[key]
            value.setFont(theme.sized(self.font(), 1.2, QFont.Weight.DemiBold))
            value.setAccessibleName(words)
            caption.setProperty("quiet", True)
            for label in (value, caption):
                label.setToolTip(tip)
            grid.addWidget(value, 0, column)
            grid.addWidget(caption, 1, column)
        grid.setColumnStretch(len(_FIGURES), 1)
        confusion = QWidget()
        inner = QVBoxLayout(confusion)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addLayout(_exclusive(self.shares, confusion, self.hide_right))
        inner.addWidget(self.matrix, 1)
        for chip, (_, shares, _) in zip(self.shares, _SHARES, strict=True):
            chip.toggled.connect(lambda on, s=shares: self.matrix.show_shares(s) if on else None)
        self.hide_right.toggled.connect(lambda on: self.matrix.show_diagonal(not on))
        for widget in (confusion, self.table, self.calibration, self.noise, self.predicted):
            page = QWidget()
            column_ = QVBoxLayout(page)
            column_.setContentsMargins(0, 0, 0, 0)
            column_.addWidget(widget, 1 if widget is confusion else 0)
            if widget is not confusion:
                column_.addStretch(1)
            self._stack.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        layout.setSpacing(theme.GAP + 2)
        layout.addWidget(self.name)
        layout.addWidget(self.by)
        layout.addWidget(self.note)
        layout.addLayout(grid)
        layout.addWidget(self.against)
        layout.addLayout(_exclusive(self.views, self))
        layout.addWidget(self._stack, 1)
        for index, chip in enumerate(self.views):
            chip.toggled.connect(lambda on, i=index: self._stack.setCurrentIndex(i) if on else None)
        self.views[-1].toggled.connect(self.noise_turned)

    @property
    def noise_shown(self) -> bool:
        return self.views[-1].isChecked()

    def _show_labelled(self, labelled: bool) -> None:
        """Without a label there is nothing that could be right, or wrong, or calibrated."""
        if not labelled:
            self.views[0].setChecked(True)
        index = [chip.isChecked() for chip in self.views].index(True)
        self._stack.setCurrentIndex(index if labelled else len(self.views))
        for chip in self.views:
            chip.setVisible(labelled)
        for key in ("accuracy", "classes", "ece"):
            self.figures[key].setVisible(labelled)
            self.captions[key].setVisible(labelled)

    def show_nothing(self, words: str) -> None:
        self.name.setText(words)
        for label in (self.by, self.note, self.against):
            label.hide()
        for value in self.figures.values():
            value.setText("–")
        self.matrix.show_counts((), np.zeros((0, 0), np.int64))
        self.table.show_evaluation(None)
        self.calibration.show_evaluation(None)
        self.noise.clear()

    def show_inspected(self, opened: Inspected, compared: Compared | None) -> None:
        found = opened.evaluation
        self.name.setText(found.name)
        by = f"Classified by the model {opened.classified_by}" if opened.classified_by else ""
        for label, words in ((self.by, by), (self.note, opened.note)):
            label.setText(words)
            label.setVisible(bool(words))
        self._show_labelled(bool(found.labelled.any()) or not len(found))
        self._show_accuracy(found, compared)
        self.figures["classes"].setText(_percent(found.scores.mean_class_accuracy))
        ece = found.calibration.error
        self.figures["ece"].setText(f"{ece:.3f}" if found.labelled.any() else "–")
        self.figures["samples"].setText(f"{len(found) - int(found.faceless.sum()):,}")
        self.matrix.show_counts(found.classes, found.confusion_with_unlabelled)
        self.table.show_evaluation(found)
        self.calibration.show_evaluation(found)
        self.predicted.show_counts(found.classes, found.confusion_with_unlabelled.sum(axis=0))
        self.noise.setText(noise_words(found))

    def _show_accuracy(self, found: Evaluation, compared: Compared | None) -> None:
        self.figures["accuracy"].setText(_percent(found.scores.accuracy))
        self.against.hide()
        if compared is None or np.isnan(compared.accuracy - compared.other_accuracy):
            return
        gap = 100 * (compared.accuracy - compared.other_accuracy)
        words = (
            f"{abs(gap):.1f}\u00a0points {'better' if gap > 0 else 'worse'} than {compared.name}"
        )
        self.against.setText(words if abs(gap) >= 0.05 else f"As accurate as {compared.name}")
        self.against.setToolTip(
            f"Of the {len(compared.places):,} samples that both have:"
            f"\n{_percent(compared.accuracy)} are right by {found.name},"
            f"\n{_percent(compared.other_accuracy)} by {compared.name}."
        )
        self.against.show()


def noise_words(found: Evaluation) -> str:
    """What confident learning suspects, and how many of the first annotators confirm."""
    suspects = found.suspects
    if not len(suspects):
        return "<p>No label is suspected.</p>"
    top = suspects[:TOP]
    share = found.confirmed_share(top)
    words = (
        f"<p><b>{len(suspects):,} labels are suspected</b>, the likeliest first in the grid: the "
        "model is surer of another class than it usually is where that class is the label "
        "(confident learning, Northcutt et al. 2021).</p>"
    )
    if np.isnan(share):
        return words + "<p>This data set has no votes that could confirm them.</p>"
    base = found.confirmed_share(np.flatnonzero(found.labelled))
    return words + (
        f"<p>Of the first {len(top)}, the annotators' majority names another class than the "
        f"label in <b>{_percent(share)}</b>; of all samples in {_percent(base)}.</p>"
        "<p>Suspects are worth a look, not proven wrong: the model errs, too.</p>"
    )


def _exclusive(chips: list[Chip], parent: QWidget, *more: QWidget) -> Flow:
    """A row of which one is pressed; the first at first."""
    row = Flow()
    group = QButtonGroup(parent)
    for chip in chips:
        group.addButton(chip)
        row.addWidget(chip)
    chips[0].setChecked(True)
    for widget in more:
        row.addWidget(widget)
    return row


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:.1f}\u00a0%"
