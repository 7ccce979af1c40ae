"""Which samples the grid shows: chips for kinds, removable ones for cells, and the sort order."""

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ferapp.overlays import label_text
from ferapp.review.selection import SORT_KEYS, ConfusionCell, SampleKind, Selection
from ferapp.ui.text import wording
from ferapp.ui.text.confusion_text import NO_LABEL
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.flow_layout import FlowLayout
from ferapp.ui.widgets.picker import Picker
from ferapp.ui.widgets.text_size import fix_width

_KINDS: dict[SampleKind, tuple[str, str]] = {  # name, tip
    "all": ("All", "Every sample of the evaluation."),
    "wrong": ("Wrong", "The prediction differs from the label."),
    "right": ("Correct", "The prediction is the label."),
    "suspects": ("Suspects", "The label is likely wrong; most suspect first."),
    "fixed": ("Only this one correct", ""),
    "broken": ("Only the other correct", ""),
    "faceless": ("No face", "No face was found in them, so they are not counted."),
    "relabelled": ("Relabelled", "You gave them another label."),
    "flagged": ("Dropped", "You dropped them: training with this review leaves them out."),
    "kept": ("Kept", "You looked at them and kept their label."),
    "chosen": ("Chosen", "You chose them in another view."),
}
_SORT_TEXTS = {  # name, tip
    "loss": ("Loss", "−log of the label's probability: how wrong the model is."),
    "confidence": ("Confidence", "The probability of the prediction."),
    "margin": ("Margin", "The probability of the prediction minus that of the label."),
    "entropy": ("Entropy", "How undecided the model is between all classes."),
    "disagreement": (
        "Disagreement",
        "The share of annotators (FERPlus) who chose another class than the label.",
    ),
    "data set": ("Data set order", "The order of the samples in the data set."),
}
_SEARCH_CHARS = 28
_NAME_END = 9  # letters at each end of a model's name that are kept
_MAX_CELL_BUTTONS = 6  # more cells are counted
_SUSPICION = ("Suspicion", "Suspects are always sorted with the most suspect first.")
_REVERSE_TIP = "Smallest first."
_ANY_TAG = "Any tag"


class SampleFilters(QWidget):
    """`changed` is emitted when the user changes the `selection`."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.selection = Selection()
        self._comparison_names: dict[SampleKind, str] = {}
        self.kinds: dict[SampleKind, Chip] = {k: Chip(*texts) for k, texts in _KINDS.items()}
        self._group = QButtonGroup(self)
        kinds = FlowLayout()
        for kind, chip in self.kinds.items():
            self._group.addButton(chip)
            chip.clicked.connect(lambda _, k=kind: self._change(kind=k))
            kinds.addWidget(chip)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a file or sample")
        self.search.setToolTip("Show the samples whose id, or file name, contains this.")
        self.search.setAccessibleName("Find a file or sample")
        self.search.setClearButtonEnabled(True)
        fix_width(self.search, lambda line: line.fontMetrics().averageCharWidth() * _SEARCH_CHARS)
        self.search.textChanged.connect(lambda text: self._change(text=text.strip()))
        self.tag = Picker("Tag", "Show only samples with this tag.")
        self.tag.activated.connect(lambda _: self._change(tag=self.tag.currentData()))
        self.tag.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        kinds.addWidget(self.tag)
        self.show_tags({})
        self.sort_key = Picker("Sort by", "")
        for key in SORT_KEYS:
            name, tip = _SORT_TEXTS[key]
            self.sort_key.addItem(name, key)
            last = self.sort_key.count() - 1
            self.sort_key.setItemData(last, tip, Qt.ItemDataRole.ToolTipRole)
        self.sort_key.setMinimumWidth(90)
        self.sort_key.activated.connect(
            lambda _: self._change(sort_key=self.sort_key.currentData())
        )
        self.reverse = Chip("Reverse", _REVERSE_TIP)
        self.reverse.toggled.connect(lambda on: self._change(ascending=on))
        self.count = QLabel()
        self.count.setProperty("quiet", True)
        self.count.setAccessibleName("Samples shown")
        self.cell_buttons: list[QPushButton] = []  # each removes a selected cell
        self._cells = FlowLayout()
        self.sort_label = QLabel("Sort by")
        self.sort_label.setProperty("quiet", True)
        order = FlowLayout(gap=theme.GAP)  # two lines in a narrow window
        order.addWidget(_in_line(self.count, self.search))
        order.addWidget(_in_line(self.sort_label, self.sort_key, self.reverse))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(kinds)
        layout.addLayout(self._cells)
        layout.addLayout(order)
        self.show_selection(self.selection, (), {})

    def _change(self, **values: object) -> None:
        self.selection = replace(self.selection, **values)  # type: ignore[arg-type]
        self.changed.emit()

    def show_selection(
        self, selection: Selection, classes: tuple[str, ...], counts: dict[SampleKind, int]
    ) -> None:
        """`counts` are by kind; kinds without samples are hidden, but for the selected one."""
        self.selection = selection
        for kind, chip in self.kinds.items():
            name = self._comparison_names.get(kind, _KINDS[kind][0])
            count = len(selection.chosen) if kind == "chosen" else counts.get(kind, 0)
            chip.setText(f"{name} {count:,}" if count or kind in counts else name)
            chip.setVisible(kind == "all" or count > 0 or kind == selection.kind)
            chip.setChecked(kind == selection.kind)
            chip.updateGeometry()
        self._show_order(selection)
        self.search.blockSignals(True)
        if self.search.text().strip() != selection.text:
            self.search.setText(selection.text)
        self.search.blockSignals(False)
        self.tag.setCurrentIndex(max(self.tag.findData(selection.tag), 0))
        self._show_cells(sorted(selection.cells), classes)

    def _show_order(self, selection: Selection) -> None:
        """What sorts, and what that is."""
        is_free = selection.kind != "suspects"
        name, tip = _SORT_TEXTS[selection.sort_key] if is_free else _SUSPICION
        extra = self.sort_key.findText(_SUSPICION[0])
        if is_free and extra >= 0:
            self.sort_key.removeItem(extra)
        elif not is_free and extra < 0:
            self.sort_key.addItem(name)
        self.sort_key.setCurrentIndex(self.sort_key.findText(name))
        self.sort_key.setToolTip(f"Sorted by {name.lower()}. {tip}")
        self.reverse.setToolTip(_REVERSE_TIP if is_free else tip)
        for widget in (self.sort_key, self.reverse):
            widget.setEnabled(is_free)
        self.reverse.blockSignals(True)
        self.reverse.setChecked(selection.ascending)
        self.reverse.blockSignals(False)

    def show_tags(self, counts: Mapping[str, int]) -> None:
        """The tags that exist, with the number of samples that have each."""
        chosen = self.selection.tag
        self.tag.clear()
        self.tag.addItem(_ANY_TAG, "")
        for word, count in counts.items():
            self.tag.addItem(f"{word} ({count:,})", word)
        self.tag.setCurrentIndex(max(self.tag.findData(chosen), 0))
        self.tag.setMinimumWidth(self.tag.sizeHint().width() + 8)  # so that no word is cut
        self.tag.setVisible(bool(counts))

    def show_comparison(self, shown: str, other: str) -> None:
        """The names of the model that is shown and of the one that it is compared with."""
        pairs: tuple[tuple[SampleKind, str, str], ...] = (
            ("fixed", shown, other),
            ("broken", other, shown),
        )
        for kind, right, wrong in pairs:
            self._comparison_names[kind] = f"Only {_shortened(right)} correct"
            self.kinds[kind].setToolTip(f"{right} is correct, {wrong} is wrong.")

    def show_count(self, count: int) -> None:
        self.count.setText(wording.count(count, "sample"))

    def _show_cells(self, cells: list[ConfusionCell], classes: tuple[str, ...]) -> None:
        for button in self.cell_buttons:
            self._cells.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.cell_buttons = []
        if len(cells) > _MAX_CELL_BUTTONS:
            text = f"{len(cells)} cells"
            self._add_cell_button(text, "Show the samples of all cells again.", frozenset())
            return
        for cell in cells:
            true = NO_LABEL if cell[0] >= len(classes) else classes[cell[0]]
            text = f"{label_text.class_title(true)} → {label_text.class_title(classes[cell[1]])}"
            self._add_cell_button(text, "Remove this cell.", frozenset(cells) - {cell})

    def _add_cell_button(self, text: str, tip: str, remaining: frozenset[ConfusionCell]) -> None:
        button = push_button(f"{text}  ×", tip)
        button.setAccessibleName(f"Remove {text}")
        button.setStyleSheet("padding: 2px 8px;")
        button.clicked.connect(lambda: self._change(cells=remaining))
        self._cells.addWidget(button)
        self.cell_buttons.append(button)


def _in_line(*widgets: QWidget) -> QWidget:
    line = QWidget()
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(theme.GAP)
    for widget in widgets:
        row.addWidget(widget)
    return line


def _shortened(name: str) -> str:
    """Without its middle: long names of runs differ most at their ends."""
    return name if len(name) <= 2 * _NAME_END else f"{name[:_NAME_END]}…{name[-_NAME_END:]}"
