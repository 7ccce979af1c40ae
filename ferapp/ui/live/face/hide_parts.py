"""Controls that hide parts of the face from the model, to see the effect."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from ferapp.ui.live.display_controls import label_width
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.text_size import fix_width
from ferapp.vision.face_regions import PARTS, Part
from ferapp.vision.hidden_areas import Hidden

_TIP = (
    "Hides the {part} from the model in every frame from now on.\n"
    "Outlines on the bars then show the model's result for the whole face."
)


class HideRow(QWidget):
    """A chip for each part, a stroke made in advance, and one for the `brush` that paints more."""

    part_toggled = Signal(str, bool)  # a Part, and whether to hide it

    def __init__(self, brush: QAction, clear: QAction) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        label = QLabel("Hide")
        label.setToolTip("What does the model predict without a part of the face?")
        self.clear = push_button("×", clear.toolTip())
        self.clear.setAccessibleName(clear.text())
        self.clear.setFixedSize(26, 22)
        self.clear.setStyleSheet("padding: 0;")
        self.clear.clicked.connect(clear.trigger)
        self.clear.hide()
        title = QWidget()  # as wide as the other rows' titles, with or without the button
        title_row = QHBoxLayout(title)
        title_row.setContentsMargins(0, 0, 6, 0)
        title_row.addWidget(label, 1)
        title_row.addWidget(self.clear)
        fix_width(title, label_width)
        row.addWidget(title)
        self.chips: dict[Part, Chip] = {}
        for part in PARTS:
            chip = Chip(part.capitalize(), _TIP.format(part=part), struck=True)
            chip.setAccessibleName(f"Hide {part}")
            chip.toggled.connect(lambda on, part=part: self.part_toggled.emit(part, on))
            row.addWidget(chip, 1)
            self.chips[part] = chip
        self._brush = brush
        self.paint = Chip("Paint", brush.toolTip())
        self.paint.setAccessibleName(brush.text())
        self.paint.toggled.connect(brush.setChecked)
        brush.toggled.connect(self.paint.setChecked)
        row.addWidget(self.paint, 1)

    def show_hidden(self, hidden: Hidden) -> None:
        """Check the chips of the hidden parts, and offer to hide nothing; emits nothing."""
        self.clear.setVisible(bool(hidden))
        parts = hidden.parts
        for part, chip in self.chips.items():
            chip.blockSignals(True)
            chip.setChecked(part in parts)
            chip.blockSignals(False)

    def set_blocked(self, reason: str, painting: str) -> None:
        """Disable the chips, with `reason` as their tooltip, and Paint; "" enables them."""
        for part, chip in self.chips.items():
            chip.setEnabled(not reason)
            chip.setToolTip(reason or _TIP.format(part=part))
        self.paint.setEnabled(not painting)
        self.paint.setToolTip(painting or self._brush.toolTip())
