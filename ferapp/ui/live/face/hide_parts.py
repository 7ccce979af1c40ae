"""Hide a part of the face from the model, and see what that does."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from ferapp.ui.live.display_controls import label_width
from ferapp.ui.widgets.chips import Chip
from ferapp.vision.face_regions import PARTS, Part

_TIP = (
    "Hides the {part} from the model, in every picture from now on.\n"
    "The bars then show in outline what the model says of the whole face."
)


class HideRow(QWidget):
    """`changed` carries the parts that are hidden now."""

    changed = Signal(object)  # frozenset[Part]

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        label = QLabel("Hide")
        label.setToolTip("What does the model do without a part of the face?")
        label.setFixedWidth(label_width(label))
        row.addWidget(label)
        self.chips: dict[Part, Chip] = {}
        for part in PARTS:
            chip = Chip(part.capitalize(), _TIP.format(part=part), struck=True)
            chip.setAccessibleName(f"Hide {part}")
            chip.toggled.connect(lambda _on: self.changed.emit(self.hidden))
            row.addWidget(chip, 1)
            self.chips[part] = chip

    @property
    def hidden(self) -> frozenset[Part]:
        return frozenset(part for part, chip in self.chips.items() if chip.isChecked())

    def set_held(self, why: str) -> None:
        """No part can be hidden now, and `why`; "" where it can."""
        for part, chip in self.chips.items():
            chip.setEnabled(not why)
            chip.setToolTip(why or _TIP.format(part=part))
