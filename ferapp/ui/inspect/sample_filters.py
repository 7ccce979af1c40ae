"""Which samples the grid shows: chips for kinds, removable ones for cells, and the order."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ferapp.overlays import label_text
from ferapp.review.selection import ORDERS, Cell, Only, Selection
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import by_keyboard
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.confusion_matrix import NO_LABEL
from ferapp.ui.widgets.flow_layout import Flow
from ferapp.ui.widgets.picker import Picker

_KINDS: tuple[tuple[Only, str, str], ...] = (
    ("all", "All", "Every sample of the evaluation."),
    ("wrong", "Wrong", "The prediction is not the label."),
    ("right", "Right", "The prediction is the label."),
    ("suspects", "Suspects", "The label is likely wrong, the likeliest first."),
    ("fixed", "Only this one right", ""),
    ("broken", "Only the other right", ""),
    ("faceless", "No face", "No face was found in them; the numbers leave them out."),
    ("relabelled", "Relabelled", "You gave them another label."),
    ("flagged", "Flagged", "You flagged them."),
)
_ORDER_WORDS = {
    "loss": ("Loss", "−log of the label's probability: how wrong the model is."),
    "confidence": ("Confidence", "The probability of the prediction: how sure the model is."),
    "margin": ("Margin", "Probability of the prediction less that of the label."),
    "entropy": ("Entropy", "How undecided the model is between all classes."),
    "disagreement": (
        "Disagreement",
        "The share of annotators (FERPlus) who chose another class than the label.",
    ),
    "data set": ("Data set's order", "As the samples stand in the data set."),
}
_HALF = 9  # letters at each end of a model's name
_SHOWN = 6  # removable chips; more are counted
_SORT, _REVERSE = "What the grid is sorted by.", "The smallest first."
_SORTED = "Suspects have an order of their own: the likeliest first."


class Filters(QWidget):
    """`changed` tells that a person wants another `selection`."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.selection = Selection()
        self._compared: dict[Only, str] = {}  # words with the names of two models
        self.kinds: dict[Only, Chip] = {kind: Chip(words, tip) for kind, words, tip in _KINDS}
        self._group = QButtonGroup(self)
        kinds = Flow()
        for kind, chip in self.kinds.items():
            self._group.addButton(chip)
            chip.clicked.connect(lambda _, k=kind: self._change(only=k))
            kinds.addWidget(chip)
        self.order = Picker("Sort by", _SORT)
        for name in ORDERS:
            words, tip = _ORDER_WORDS[name]
            self.order.addItem(words, name)
            self.order.setItemData(self.order.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.order.activated.connect(lambda _: self._change(order=self.order.currentData()))
        self.rising = Chip("Reverse", _REVERSE)
        self.rising.toggled.connect(lambda on: self._change(rising=on))
        self.count = QLabel()
        self.count.setProperty("quiet", True)
        self.count.setAccessibleName("Samples shown")
        self.cell_buttons: list[QPushButton] = []  # of cells that are chosen, to take them away
        self._cells = Flow()
        self.order.setMinimumWidth(90)
        below = QHBoxLayout()
        below.setSpacing(theme.GAP)
        below.addWidget(self.count, 1)
        below.addWidget(self.order)
        below.addWidget(self.rising)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(kinds)
        layout.addLayout(self._cells)
        layout.addLayout(below)
        self.show_selection(self.selection, (), {})

    def _change(self, **values: object) -> None:
        self.selection = replace(self.selection, **values)  # type: ignore[arg-type]
        self.changed.emit()

    def show_selection(
        self, wanted: Selection, classes: tuple[str, ...], counts: dict[Only, int]
    ) -> None:
        """`counts` by kind; kinds without samples that nobody asked for are not offered."""
        self.selection = wanted
        for kind, chip in self.kinds.items():
            words = self._compared.get(kind) or next(w for each, w, _ in _KINDS if each == kind)
            count = counts.get(kind, 0)
            chip.setText(f"{words} {count:,}" if kind in counts else words)
            chip.setVisible(kind == "all" or count > 0 or kind == wanted.only)
            chip.setChecked(kind == wanted.only)
            chip.updateGeometry()
        self.order.setCurrentIndex(self.order.findData(wanted.order))
        for widget, tip in ((self.order, _SORT), (self.rising, _REVERSE)):
            widget.setEnabled(wanted.only != "suspects")
            widget.setToolTip(tip if widget.isEnabled() else _SORTED)
        self.rising.blockSignals(True)
        self.rising.setChecked(wanted.rising)
        self.rising.blockSignals(False)
        self._show_cells(sorted(wanted.cells), classes)

    def show_compared(self, mine: str, other: str) -> None:
        """The names of the model that is shown and of the one that it is compared with."""
        pairs: tuple[tuple[Only, str, str], ...] = (("fixed", mine, other), ("broken", other, mine))
        for kind, right, wrong in pairs:
            self._compared[kind] = f"Only {_shortened(right)} right"
            self.kinds[kind].setToolTip(f"{right} has them right, {wrong} has them wrong.")

    def show_count(self, count: int) -> None:
        self.count.setText(f"{count:,} sample" + "s" * (count != 1))

    def _show_cells(self, cells: list[Cell], classes: tuple[str, ...]) -> None:
        for button in self.cell_buttons:
            self._cells.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.cell_buttons = []
        if len(cells) > _SHOWN:
            words = f"{len(cells)} cells  ×"
            self._add(words, "Show the samples of all cells again.", frozenset())
            return
        for cell in cells:
            true = NO_LABEL if cell[0] >= len(classes) else classes[cell[0]]
            words = (
                f"{label_text.class_title(true)} → {label_text.class_title(classes[cell[1]])}  ×"
            )
            self._add(words, "Take this cell away.", frozenset(cells) - {cell})

    def _add(self, words: str, tip: str, left: frozenset[Cell]) -> None:
        button = QPushButton(words)
        button.setToolTip(tip)
        button.setAccessibleName(f"Remove {words.rstrip(' ×')}")
        button.setStyleSheet("padding: 2px 8px;")
        button.clicked.connect(lambda: self._change(cells=left))
        by_keyboard(button)
        self._cells.addWidget(button)
        self.cell_buttons.append(button)


def _shortened(name: str) -> str:
    """Runs have long names, whose ends differ most."""
    return name if len(name) <= 2 * _HALF else f"{name[:_HALF]}…{name[-_HALF:]}"
