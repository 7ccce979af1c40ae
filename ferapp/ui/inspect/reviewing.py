"""Below the sample: what a person says of it, by button or key."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ferapp.ui import theme, wording
from ferapp.ui.buttons import by_keyboard
from ferapp.ui.chips import Chip
from trainer.data.review import NONE, Decision

_COLUMNS = 4


class Reviewing(QWidget):
    """`decided` carries the decision for the sample that is shown."""

    decided = Signal(object)
    undo = Signal()
    export = Signal()

    def __init__(self) -> None:
        super().__init__()
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
        self.undo_button.clicked.connect(self.undo)
        self.export_button = _button("Export…", "Save all decisions as a CSV file.")
        self.export_button.clicked.connect(self.export)
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

    def show_classes(self, classes: tuple[str, ...]) -> None:
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
            chip = Chip(f"{key}{wording.title(name)}", tip)
            chip.clicked.connect(lambda _, k=index: self.relabel(k))
            self._grid.addWidget(chip, index // _COLUMNS, index % _COLUMNS)
            self.labels.append(chip)

    def show_decision(self, label: str, decision: Decision, count: int, *, there: bool) -> None:
        """`label` is the data set's, `count` how many samples were decided about."""
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
        if key == "f":
            self._say(flag=not self._decision.flag)
        elif key == "u":
            self.undo.emit()
        elif key == "0":
            self._say(label="")
        elif key.isdecimal() and int(key) <= len(self._classes):
            self.relabel(int(key) - 1)
        else:
            return False
        return True

    def _say(self, label: str | None = None, flag: bool | None = None) -> None:
        now = self._decision
        self.decided.emit(
            Decision(now.label if label is None else label, now.flag if flag is None else flag)
        )


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setStyleSheet("padding: 3px 10px;")
    by_keyboard(button)
    return button
