"""The left column of the label doctor: what it does, its search, the progress of the review."""

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ferapp.overlays import label_text
from ferapp.review.diagnosis import Diagnosis, ReviewCounts
from ferapp.ui.label_doctor.feature_picker import FeaturePicker
from ferapp.ui.text import wording
from ferapp.ui.text.verdict_text import VERDICT_TIP
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button

_ABOUT = (
    "Finds faces whose label is probably wrong: a classifier predicts each one without having seen "
    "its label. You decide about each; then train again and see whether it helped."
)
_FIND_TIP = (
    "Look for wrong labels in the split that is shown. The first time takes seconds to minutes;\n"
    "the features of the faces are kept for the next."
)
_RATE_TIP = (
    "Estimated by confident learning (Northcutt et al. 2021), and again with each of your\n"
    "decisions: the more suspects turn out right, the lower it gets."
)
_RETRAIN_TIP = (
    "Train a new run with the same settings and your labels, and compare it on the same\n"
    "validation faces. You are asked first."
)
_COUNTS = (
    ("reviewed", "Reviewed", "Suspects that you have decided about."),
    ("accepted", "Accepted", "They got the suggested label. Key: Enter"),
    ("relabelled", "Other label", "They got another label than the suggested one. Keys: 1 – 7"),
    ("kept", "Kept", "You looked, and their label is right. Key: N"),
    ("dropped", "Dropped", "Training leaves them out. Key: F"),
    ("left", "Left", "Suspects that you have not decided about."),
)
_COLUMNS = (
    ("Label", "The label in the data set."),
    (
        "Wrong",
        "The estimated share of wrong labels among faces with this label, before review.",
    ),
    ("Suspects", "How many faces with this label are suspect."),
    ("Reviewed", "How many of them you have decided about."),
)


class DoctorPanel(QScrollArea):
    """Each signal is a button's."""

    find_requested = Signal()
    cancel_requested = Signal()
    retrain_requested = Signal()

    def __init__(self, models: tuple[str, ...]) -> None:
        super().__init__()
        self.features = FeaturePicker(models)
        self.find_button = push_button("Find suspects", _FIND_TIP)
        self.find_button.clicked.connect(self.find_requested)
        self.cancel_button = push_button("Cancel", "End the search; what was computed is kept.")
        self.cancel_button.clicked.connect(self.cancel_requested)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setAccessibleName("Search")
        self.rate = QLabel()
        self.rate.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        self.rate.setToolTip(_RATE_TIP)
        self.found = QLabel()
        self.found.setProperty("quiet", True)
        self.found.setWordWrap(True)
        self.counts = {key: QLabel("0") for key, _, _ in _COUNTS}
        self.retrain_button = push_button("Retrain", _RETRAIN_TIP)
        self.retrain_button.clicked.connect(self.retrain_requested)
        self.why_not = QLabel()
        self.why_not.setProperty("quiet", True)
        self.why_not.setWordWrap(True)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setAccessibleName("Verdict")
        self.verdict.setToolTip(VERDICT_TIP)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._results = QWidget()
        self._by_class = QGridLayout()
        self._lay_out()
        self.show_searching(False)
        self.show_diagnosis(None)

    def _lay_out(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = QWidget()
        self.setWidget(inner)
        title = QLabel("Label doctor")
        title.setFont(theme.sized(self.font(), 1.2, QFont.Weight.DemiBold))
        about = QLabel(_ABOUT)
        about.setWordWrap(True)
        search = QHBoxLayout()
        search.addWidget(QLabel("Features of"))
        search.addWidget(self.features, 1)
        search.addWidget(self.find_button)
        search.addWidget(self.cancel_button)
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        layout.setSpacing(theme.GAP)
        for widget in (title, about):
            layout.addWidget(widget)
        layout.addLayout(search)
        layout.addWidget(self.message)
        layout.addWidget(self._results)
        layout.addWidget(self.verdict)
        layout.addStretch(1)
        results = QVBoxLayout(self._results)
        results.setContentsMargins(0, 0, 0, 0)
        results.setSpacing(theme.GAP)
        results.addWidget(self.rate)
        results.addWidget(self.found)
        results.addLayout(self._counts_grid())
        results.addLayout(self._by_class)
        results.addWidget(self.retrain_button)
        results.addWidget(self.why_not)

    def _counts_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(0)
        for column, (key, name, tip) in enumerate(_COUNTS):
            value, caption = self.counts[key], QLabel(name)
            value.setFont(theme.sized(self.font(), 1.1, QFont.Weight.DemiBold))
            value.setAccessibleName(name)
            caption.setProperty("quiet", True)
            caption.setFont(theme.sized(self.font(), 0.85))
            for label in (value, caption):
                label.setToolTip(tip)
            grid.addWidget(value, 0, column)
            grid.addWidget(caption, 1, column)
        grid.setColumnStretch(len(_COUNTS), 1)
        return grid

    def show_searching(self, on: bool, message: str = "") -> None:
        """`message` is the progress; afterwards why nothing was found, "" if something was."""
        self.find_button.setVisible(not on)
        self.cancel_button.setVisible(on)
        self.features.setEnabled(not on)
        self.message.setText(message)
        self.message.setVisible(bool(message))

    def block_find(self, reason: str) -> None:
        """Why there is nothing to search; "" where there is."""
        self.find_button.setEnabled(not reason)
        self.find_button.setToolTip(reason or _FIND_TIP)
        self.show_searching(False, reason)

    def show_diagnosis(self, diagnosis: Diagnosis | None) -> None:
        """What was found; `show_review` follows."""
        self._results.setVisible(diagnosis is not None)
        if diagnosis is None:
            return
        report = diagnosis.report
        suspects = wording.count(len(diagnosis.suspects), "suspect")
        copies = (
            f" {wording.count(report.unlike_copies, 'face')} have a near copy with another label."
            if report.unlike_copies > 1
            else ""
        )
        self.found.setText(
            f"{suspects} among {wording.count(len(report), 'label')} ({report.split}).{copies}"
        )

    def show_review(
        self, diagnosis: Diagnosis, counts: dict[str, ReviewCounts], error_rate: float
    ) -> None:
        """`counts` are by label, "" is all; `error_rate` is estimated with the decisions."""
        self.rate.setText(f"About {100 * error_rate:.1f}\u00a0% of the labels are wrong")
        for key, value in self.counts.items():
            value.setText(f"{getattr(counts[''], key):,}")
        self._show_classes(diagnosis, counts)

    def _show_classes(self, diagnosis: Diagnosis, counts: dict[str, ReviewCounts]) -> None:
        report = diagnosis.report
        rates = report.class_error_rates.tolist()
        lines = [
            (
                label_text.class_title(name),
                "–" if math.isnan(rate) else f"{100 * rate:.1f}\u00a0%",
                f"{counts.get(name, ReviewCounts()).suspects:,}",
                f"{counts.get(name, ReviewCounts()).reviewed:,}",
            )
            for name, rate in zip(report.classes, rates, strict=True)
        ]
        heads = tuple(name for name, _ in _COLUMNS)
        for row, texts in enumerate((heads, *lines)):
            for column, text in enumerate(texts):
                self._cell(row, column).setText(text)
        for row in range(len(lines) + 1, self._by_class.rowCount()):
            for column in range(len(_COLUMNS)):
                self._cell(row, column).clear()

    def _cell(self, row: int, column: int) -> QLabel:
        """The label there, which is made when it is first needed."""
        item = self._by_class.itemAtPosition(row, column)
        if item is not None:
            label = item.widget()
            assert isinstance(label, QLabel)
            return label
        made = QLabel()
        made.setProperty("quiet", row == 0)
        made.setToolTip(_COLUMNS[column][1])
        side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
        self._by_class.addWidget(made, row, column, side)
        self._by_class.setVerticalSpacing(1)
        return made

    def show_retraining(self, corrections: int, reason: str) -> None:
        """`reason` is why a training with them would be refused."""
        what = wording.count(corrections, "correction")
        these = "this" if corrections == 1 else "these"
        self.retrain_button.setText(f"Retrain with {these} {what}" if corrections else "Retrain")
        self.retrain_button.setEnabled(not reason)
        self.retrain_button.setToolTip(reason or _RETRAIN_TIP)
        self.why_not.setText(reason)
        self.why_not.setVisible(bool(reason))
