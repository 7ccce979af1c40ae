"""The left column of the view “Epochs”: the slider, and the shown epoch as a whole."""

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from ferapp.overlays import label_text
from ferapp.review.epochs.opened_epochs import OpenedEpochs
from ferapp.ui.text.figure_text import (
    accuracy_text,
    conditions_text,
    epoch_text,
    interval_tip,
    margin_text,
)
from ferapp.ui.time_machine.epoch_bar import EpochBar
from ferapp.ui.train.run_curves import Curve, CurvePlot
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.confusion_matrix import ConfusionMatrix
from ferapp.ui.widgets.figure_row import FigureRow
from trainer.evaluation.intervals import wilson

_FIGURES = (
    ("accuracy", "Accuracy", "The share of the validation samples that this epoch has right."),
    (
        "mean_class",
        "Mean class",
        "The mean of the classes' recalls: every class counts the same, however rare it is.",
    ),
    ("change", "Since the epoch before", "The difference of the two accuracies, in points."),
)


class EpochOverview(QWidget):
    """`position_changed` has the position of an epoch; `cells_changed` tells of the matrix.

    Without epochs there is only a message.
    """

    position_changed = Signal(int)
    cells_changed = Signal()
    refresh_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._epochs: OpenedEpochs | None = None
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.message.setAccessibleName("Epochs")
        self.run = QLabel()
        self.run.setFont(theme.sized(self.font(), 1.2, QFont.Weight.DemiBold))
        self.run.setWordWrap(True)
        self.run.setAccessibleName("Run")
        self.refresh = push_button("Refresh", "Read the epochs that this run has trained since.")
        self.refresh.setStyleSheet("padding: 2px 8px;")
        self.headline = QLabel()
        self.headline.setFont(theme.sized(self.font(), 1.1, QFont.Weight.DemiBold))
        self.headline.setAccessibleName("Shown epoch")
        self.conditions = QLabel()
        self.conditions.setProperty("quiet", True)
        self.conditions.setToolTip(
            "What the figures of this epoch are of: the split, and the number of samples.\n"
            "raw: by the network's own probabilities, as training measures them."
        )
        self.figure_row = FigureRow(_FIGURES)
        self.bar = EpochBar()
        self.matrix = ConfusionMatrix()
        self.curves = CurvePlot(
            "Recall of each class",
            "The share of each class that is right, epoch by epoch. The line is the shown epoch.",
            "{:.0f} %",
        )
        # a plot asks for more room than the matrix, which needs it more
        self.curves.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self._stack = QStackedWidget()
        self._lay_out()
        self.refresh.clicked.connect(self.refresh_requested)
        self.bar.moved.connect(self.position_changed)
        self.matrix.selection_changed.connect(self.cells_changed)

    def _lay_out(self) -> None:
        empty, content = QWidget(), QWidget()
        column = QVBoxLayout(empty)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.message)
        column.addStretch(1)
        head = QHBoxLayout()
        head.addWidget(self.run, 1)
        head.addWidget(self.refresh, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addWidget(self.headline)
        column.addWidget(self.conditions)
        column.addLayout(self.figure_row)
        column.addWidget(self.matrix, 3)
        column.addWidget(self.curves, 2)
        self._stack.addWidget(empty)
        self._stack.addWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        layout.addWidget(self._stack)

    def show_message(self, text: str) -> None:
        """In place of epochs."""
        self._epochs = None
        self.bar.pause()
        self.message.setText(text)
        self._stack.setCurrentIndex(0)

    def show_epochs(self, opened: OpenedEpochs, position: int) -> None:
        """Show a run at the epoch with this position."""
        self._epochs = opened
        learning, classes = opened.learning, opened.samples.classes
        epochs = learning.epochs.tolist()
        best = epochs.index(opened.best_epoch) if opened.best_epoch in epochs else -1
        self.run.setText(opened.run.name)
        self.refresh.setVisible(opened.is_active)
        self.bar.show_range(len(epochs), best, position)
        x = learning.epochs.astype(float)
        recall, best_at = 100 * learning.recall, float(opened.best_epoch if best >= 0 else np.nan)
        self.curves.show_curves(
            [
                Curve(
                    label_text.class_title(name), x, recall[:, k], expression=name, best_at=best_at
                )
                for k, name in enumerate(classes)
                if not np.isnan(recall[0, k])
            ]
        )
        self._stack.setCurrentIndex(1)
        self.show_position(position)

    def show_position(self, position: int) -> None:
        """Show the epoch with this position."""
        opened = self._epochs
        if opened is None:
            return
        learning, scores = opened.learning, opened.learning.scores[position]
        epoch = int(learning.epochs[position])
        name = f"Epoch {epoch} of {learning.epochs[-1]}" if epoch else "Start (epoch 0)"
        star = "  ★ best" if epoch == opened.best_epoch else ""
        self.headline.setText(name + star)
        self.conditions.setText(conditions_text(opened.split, None, scores.n, "raw"))
        interval = wilson(int(scores.confusion.trace()), scores.n)
        figures = self.figure_row.figures
        figures["accuracy"].show_value(
            accuracy_text(scores.accuracy),
            margin_text(scores.accuracy, interval),
            interval_tip(interval, "Wilson"),
        )
        figures["mean_class"].show_value(accuracy_text(scores.mean_class_accuracy))
        change = 100 * (scores.accuracy - learning.scores[max(position - 1, 0)].accuracy)
        figures["change"].show_value(f"{change:+.1f}".replace("-", "−") if position else "–")
        self.matrix.show_counts(opened.samples.classes, scores.confusion)
        self.curves.mark_epoch(epoch)
        self.bar.slider.setAccessibleDescription(
            f"{epoch_text(epoch)}, {accuracy_text(scores.accuracy)} correct"
        )
