"""Controls that hide parts of the face from the model, to see the effect."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from ferapp.ui.live.display_controls import label_width
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.text_size import fix_width
from ferapp.vision.face_regions import PARTS, Part

_TIP = (
    "Hides the {part} from the model in every frame from now on.\n"
    "Outlines on the bars then show the model's result for the whole face."
)


class HideRow(QWidget):
    """`changed` carries the hidden parts."""

    changed = Signal(object)  # frozenset[Part]

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        label = QLabel("Hide")
        label.setToolTip("What does the model predict without a part of the face?")
        fix_width(label, label_width)
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

    def set_blocked(self, reason: str) -> None:
        """Disable the chips, with `reason` as their tooltip; "" enables them."""
        for part, chip in self.chips.items():
            chip.setEnabled(not reason)
            chip.setToolTip(reason or _TIP.format(part=part))
