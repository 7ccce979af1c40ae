"""The switch between the splits of the run or data set that is inspected."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QWidget

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.chips import Chip

_SPLITS = {  # title, name in a sentence, tip
    "": ("All", "all splits", "Every picture, whatever its split."),
    "train": (
        "Train",
        "training split",
        "The pictures that the model learned from. Mistakes here are often wrong labels;\n"
        "corrected ones can be trained on.",
    ),
    "val": (
        "Val",
        "validation split",
        "The pictures that models are compared on; training never learns from them.",
    ),
    "test": ("Test", "test split", "The pictures that are kept for the final measurement."),
}


def split_name(split: str) -> str:
    """`training split`, for a sentence; "" is all of them."""
    return _SPLITS[split][1]


class SplitSwitch(QWidget):
    """`chosen` has the split that the user wants to see, "" for all."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("bar")
        self.chips = {split: Chip(title, tip) for split, (title, _, tip) in _SPLITS.items()}
        self._group = QButtonGroup(self)
        caption = QLabel("Split")
        caption.setProperty("quiet", True)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, theme.GAP - 2, theme.MARGIN, 0)
        row.setSpacing(theme.GAP - 2)
        row.addWidget(caption)
        for split, chip in self.chips.items():
            self._group.addButton(chip)
            chip.clicked.connect(lambda _, s=split: self.chosen.emit(s))
            row.addWidget(chip)
        row.addStretch(1)
        self.hide()

    def show_splits(self, splits: tuple[str, ...], shown: str) -> None:
        """Offer these; without a choice the switch is hidden."""
        for split, chip in self.chips.items():
            chip.setVisible(split in splits)
            chip.setChecked(split == shown)
        self.setVisible(len(splits) > 1)
