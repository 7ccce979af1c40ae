"""Below the sample: what a person says of it, by button or key, into the review and out of it."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ferapp.overlays import label_text
from ferapp.review.decisions import Review
from ferapp.review.evaluation import Evaluation
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import by_keyboard
from ferapp.ui.widgets.chips import Chip
from trainer.data.label_review import NONE, Decision
from trainer.errors import FerError

_COLUMNS = 4


class Reviewing(QWidget):
    """`decided` and before it `undone` carry the row of the sample, `told` words for a person."""

    decided = Signal(int)
    undone = Signal(int)
    told = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.review: Review | None = None  # None where it cannot be read
        self._found: Evaluation | None = None
        self._row = -1  # of the sample that is shown
        self._classes: tuple[str, ...] = ()
        self._label = ""  # the data set's
        self._decision = NONE
        title = QLabel("Your verdict")
        title.setFont(theme.sized(self.font(), 1.0, title.font().Weight.DemiBold))
        self.state = QLabel()
        self.state.setProperty("quiet", True)
        self.labels: list[Chip] = []
        self._grid = QGridLayout()
        self._grid.setSpacing(2)
        self.flag = Chip(
            "F  Flag", "Flag this sample: a training that applies the review omits it."
        )
        self.flag.clicked.connect(lambda: self._say(flag=not self._decision.flag))
        self.undo_button = _button("U  Undo", "Take the last decision back.")
        self.undo_button.clicked.connect(self._undo)
        self.export_button = _button("Export…", "Save all decisions as a CSV file.")
        self.export_button.clicked.connect(self._export)
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self.state)
        buttons = QHBoxLayout()
        buttons.addWidget(self.flag)
        buttons.addStretch(1)
        buttons.addWidget(self.undo_button)
        buttons.addWidget(self.export_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addLayout(head)
        layout.addLayout(self._grid)
        layout.addLayout(buttons)
        self.setToolTip(
            "The data set stays as it is: decisions are kept beside the evaluation.\n"
            "Figures relabel, 0 takes the data set's label, F flags, U undoes."
        )

    @property
    def decisions(self) -> dict[str, Decision]:
        """By sample id."""
        return self.review.decisions if self.review is not None else {}

    def open(self, found: Evaluation, path: Path) -> None:
        """Decide about the samples of an evaluation; the review is, or will be, at `path`."""
        self._found, self._row = found, -1
        try:
            self.review = Review(path)
        except FerError as error:
            self.review = None
            self.told.emit(str(error))
        self._show_classes(found.classes)

    def show_sample(self, row: int) -> None:
        """−1 is none."""
        self._row = row
        self._show_decision()

    def _show_classes(self, classes: tuple[str, ...]) -> None:
        if classes == self._classes:
            return
        self._classes = classes
        for chip in self.labels:
            self._grid.removeWidget(chip)
            chip.deleteLater()
        self.labels = []
        for index, name in enumerate(classes):
            key = f"{index + 1}  " if index < 9 else ""
            tip = f"This face shows {name}." + f"\nKey: {index + 1}" * (index < 9)
            chip = Chip(f"{key}{label_text.class_title(name)}", tip)
            chip.clicked.connect(lambda _, k=index: self.relabel(k))
            self._grid.addWidget(chip, index // _COLUMNS, index % _COLUMNS)
            self.labels.append(chip)

    def _show_decision(self) -> None:
        found, row = self._found, self._row
        there, count = False, 0
        label, decision = "", NONE
        if found is not None and self.review is not None and row >= 0:
            there, count = True, len(self.decisions)
            label = found.classes[found.label[row]] if found.label[row] >= 0 else ""
            decision = self.review.decision(str(found.sample_id[row]))
        self._label, self._decision = label, decision
        shown = decision.label or label
        for name, chip in zip(self._classes, self.labels, strict=True):
            chip.setChecked(there and name == shown)
            chip.setEnabled(there)
        self.flag.setChecked(decision.flag)
        self.flag.setEnabled(there)
        self.export_button.setEnabled(count > 0)
        words = f"{count} decided" if count else "none decided yet"
        self.state.setText(f"was {label} · {words}" if decision.label and label else words)

    def relabel(self, index: int) -> None:
        """To the class of this index; its own label again takes the decision back."""
        if index < len(self._classes):
            name = self._classes[index]
            self._say(label="" if name == self._label else name)

    def take_key(self, key: str) -> bool:
        """Whether a key meant something: figures relabel, f flags, u undoes."""
        if self.review is None or self._row < 0:
            return False
        if key == "f":
            self._say(flag=not self._decision.flag)
        elif key == "u":
            self._undo()
        elif key == "0":
            self._say(label="")
        elif key.isdecimal() and int(key) <= len(self._classes):
            self.relabel(int(key) - 1)
        else:
            return False
        return True

    def _say(self, label: str | None = None, flag: bool | None = None) -> None:
        found, now, row = self._found, self._decision, self._row
        if found is None or self.review is None or row < 0:
            return
        decision = Decision(
            now.label if label is None else label, now.flag if flag is None else flag
        )
        try:
            self.review.decide(str(found.sample_id[row]), decision)
        except FerError as error:
            self.told.emit(str(error))
        self._show_decision()
        self.decided.emit(row)

    def _undo(self) -> None:
        if self.review is None or self._found is None:
            return
        try:
            sample = self.review.undo()
        except FerError as error:
            self.told.emit(str(error))
            return
        if sample is None:
            self.told.emit("There is nothing to undo.")
            return
        row = int(np.flatnonzero(self._found.sample_id == sample)[0])
        self.undone.emit(row)
        self._show_decision()
        self.decided.emit(row)

    def _export(self) -> None:
        if self.review is None or self._found is None:
            return
        path, _ = QFileDialog.getSaveFileName(
            self, "Export the review", "review.csv", "Table (*.csv)"
        )
        if not path:
            return
        found = self._found
        labels = {
            str(sample): found.classes[label] if label >= 0 else ""
            for sample, label in zip(found.sample_id, found.label.tolist(), strict=True)
        }
        try:
            count = self.review.export(Path(path), labels)
        except FerError as error:
            self.told.emit(str(error))
        else:
            self.told.emit(f"{count} decisions are saved in {Path(path).name}.")


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setStyleSheet("padding: 3px 10px;")
    by_keyboard(button)
    return button
