"""The middle column of the view “Epochs”: the samples at an epoch, and the watched faces."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ferapp.review.epochs.learning_history import LearningHistory, LearningKind
from ferapp.ui.inspect.samples.sample_grid import SampleGrid
from ferapp.ui.text import wording
from ferapp.ui.time_machine.watch_panel import WatchPanel, learned_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.elided_label import ElidedLabel
from ferapp.ui.widgets.flow_layout import FlowLayout

_KINDS: dict[LearningKind, tuple[str, str]] = {  # name, tip
    "all": ("All", "Every validation sample."),
    "learned": ("Learned", "Right at this epoch, and wrong at an earlier one."),
    "forgotten": (
        "Forgotten",
        "Wrong at this epoch, and right at an earlier one (Toneva et al. 2019).",
    ),
    "never": ("Never learned", "Wrong at every epoch up to this one."),
    "always": ("Always right", "Right at every epoch up to this one."),
    "changed": ("Changed since the epoch before", "Predicted otherwise than one epoch before."),
}
_ORDER_TIP = "First those that are forgotten most often in the whole run, at every epoch the same."


class EpochSamples(QWidget):
    """`kind_changed` tells of another chip."""

    kind_changed = Signal()

    def __init__(self, watched: WatchPanel) -> None:
        super().__init__()
        self.watched = watched
        self.kinds: dict[LearningKind, Chip] = {k: Chip(*texts) for k, texts in _KINDS.items()}
        self.kinds["all"].setChecked(True)
        self._group = QButtonGroup(self)
        chips = FlowLayout()
        for chip in self.kinds.values():
            self._group.addButton(chip)
            chip.clicked.connect(self.kind_changed)
            chips.addWidget(chip)
        self.count = QLabel()
        self.count.setProperty("quiet", True)
        self.count.setAccessibleName("Samples shown")
        self.count.setToolTip(_ORDER_TIP)
        self.story = ElidedLabel()
        self.story.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.story.setProperty("quiet", True)
        self.story.setAccessibleName("The chosen sample over the epochs")
        self.grid = SampleGrid()
        line = QHBoxLayout()
        line.addWidget(self.count)
        line.addWidget(self.story, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, theme.GAP)
        layout.setSpacing(6)
        layout.addLayout(chips)
        layout.addLayout(line)
        layout.addWidget(self.grid, 1)
        layout.addWidget(watched)

    @property
    def kind(self) -> LearningKind:
        return next(kind for kind, chip in self.kinds.items() if chip.isChecked())

    def show_counts(self, learning: LearningHistory, position: int) -> None:
        for kind, chip in self.kinds.items():
            text = f"{_KINDS[kind][0]} {learning.is_of_kind(kind, position).sum():,}"
            is_wider = len(text) != len(chip.text())  # all figures have the same width
            chip.setText(text)
            if is_wider:
                chip.updateGeometry()

    def show_rows(self, rows: NDArray[np.int64]) -> None:
        """Show these samples where they are others than before; the grid stays where it is."""
        self.count.setText(wording.count(len(rows), "sample"))
        if np.array_equal(rows, self.grid.samples.rows):
            return
        bar = self.grid.verticalScrollBar()
        place = bar.value()
        self.grid.show_rows(rows)
        bar.setValue(place)

    def show_story(self, learning: LearningHistory, sample: int) -> None:
        """What the epochs say of a sample; −1 is none."""
        if sample < 0:
            self.story.clear()
            return
        times = int(learning.forgetting_events[sample])
        right = int(learning.right[:, sample].sum())
        self.story.setText(
            f"Right at {right} of {len(learning)}, forgotten {wording.count(times, 'time')}"
        )
        self.story.setToolTip(learned_text(learning, sample) + ".")
