"""The bar below the picture while the brush is on."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.flow_layout import FlowLayout
from ferapp.vision.hidden_areas import FILLS, Fill

_WHY = "The fill matters: the model sees it, and responds to it too."
_FILL_TIPS: dict[Fill, str] = {
    "blur": "The surrounding skin, continued smoothly. It changes the answer least by itself.",
    "mean": "The mean grey of what remains visible. A flat patch has edges, which may look like "
    "brows\nor a beard.",
    "noise": "Random grey values, as bright and as varied as what remains visible. They give the\n"
    "model no shape, but a texture that no face has.",
}
_HINT = "Paint over the face"
_HINT_TIP = (
    "Hold the left button and paint: the model no longer sees what is covered.\n"
    "The right button erases. The wheel, or [ and ], change the size.\n"
    "Strokes stick to the face, and apply to every face in the picture."
)


class BrushBar(QFrame):
    """`actions` are those of the window, by id."""

    fill_chosen = Signal(str)  # a Fill

    def __init__(self, actions: dict[str, QAction]) -> None:
        super().__init__()
        self.setObjectName("lower")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Brush")
        hint = QLabel(_HINT)
        hint.setToolTip(_HINT_TIP)
        erase = actions["brush_eraser"]
        self.eraser = Chip("Eraser", erase.toolTip())
        self.eraser.toggled.connect(erase.setChecked)
        erase.toggled.connect(self.eraser.setChecked)
        fill_label = QLabel("Fill")
        fill_label.setToolTip(_WHY)
        self.fills: dict[Fill, Chip] = {}
        self._group = QButtonGroup(self)
        for fill in FILLS:
            chip = Chip(fill.capitalize(), f"{_FILL_TIPS[fill]}\n\n{_WHY}")
            chip.setAccessibleName(f"Fill hidden areas with: {fill}")
            chip.setChecked(fill == FILLS[0])
            chip.clicked.connect(lambda _on, fill=fill: self.fill_chosen.emit(fill))
            self._group.addButton(chip)
            self.fills[fill] = chip
        self.undo = _button("Undo", actions["brush_undo"])
        self.clear = _button("Clear", actions["brush_clear"])
        self.search = _button("Find smallest patch", actions["find_patch"])
        self.search.setMinimumWidth(self.search.sizeHint().width())  # it shows the progress too
        self.close_button = _button("×", actions["brush"])
        self.close_button.setAccessibleName("End painting")
        inner = QWidget()
        row = FlowLayout(inner, theme.GAP)  # two lines where the window is narrow
        room = QHBoxLayout(self)
        room.setContentsMargins(theme.MARGIN, 6, theme.MARGIN, 6)
        room.addWidget(inner)
        for label in (hint, fill_label):  # centred on the line of the buttons
            label.setMinimumHeight(self.search.sizeHint().height())
        for chip in (self.eraser, *self.fills.values()):
            chip.setMinimumHeight(self.search.sizeHint().height())
        for widget in (hint, self.eraser, fill_label, *self.fills.values()):
            row.addWidget(widget)
        for button in (self.undo, self.clear, self.search, self.close_button):
            row.addWidget(button)
        self.hide()

    def show_progress(self, share: float | None) -> None:
        """How much of the search is done, 0 to 1; None while none runs."""
        text = "Find smallest patch" if share is None else f"Cancel ({round(100 * share)}\u00a0%)"
        self.search.setText(text)


def _button(text: str, action: QAction) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(action.toolTip())
    button.setAccessibleName(action.text())
    button.clicked.connect(action.trigger)
    enable_keyboard(button)
    return button
