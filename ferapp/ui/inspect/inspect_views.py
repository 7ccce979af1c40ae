"""What the Inspect page can show beside its samples, and the switch between them."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QStackedWidget, QWidget

from ferapp.review.opening import OpenedEvaluation
from ferapp.review.selection import Decisions, EvaluationComparison
from ferapp.ui.inspect.samples.sample_files import SampleFiles
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.chips import Chip

SAMPLES_TIP = (
    "Every sample of the evaluation, as a grid.\n"
    "Click with Shift: all up to this one. With Ctrl: one more, or one less. Ctrl+A: all. "
    "Esc: one."
)


class InspectView(QObject):
    """A view in place of the overview (`left`) and of the grid (`middle`).

    The right column stays: it shows the sample of `sample_chosen`, and its decisions. `decisions`
    are those of the review, of all splits; the page sets them before it calls `show_opened`.
    """

    sample_chosen = Signal(int)  # a row of the evaluation, −1 is none
    rows_decided = Signal(object, object)  # rows (M,), and what changes in a Decision: a dict
    rows_chosen = Signal(object)  # rows (M,), which the grid of samples is to show
    key_typed = Signal(str)  # one that decides about the sample, see ReviewBar

    def __init__(self, title: str, tip: str, left: QWidget, middle: QWidget) -> None:
        super().__init__()
        self.title, self.tip, self.left, self.middle = title, tip, left, middle
        self.decisions: Decisions = {}

    def use_files(self, files: SampleFiles) -> None:
        """Called once: tags and exports of the samples, for views that have them."""

    def show_opened(
        self, opened: OpenedEvaluation | None, comparison: EvaluationComparison | None
    ) -> None:
        """Called while the view is shown: at first, and when another evaluation is opened."""

    def show_decision(self, row: int) -> None:
        """The decision about a row's label has changed. Called while the view is shown."""

    def stop(self) -> None:
        """The window closes: end what still runs."""


class ViewSwitch(QWidget):
    """Two stacks, of the left and the middle column, and a chip for each view.

    `changed` has the index of the view: 0 are the samples.
    """

    changed = Signal(int)

    def __init__(self, overview: QWidget, samples: QWidget) -> None:
        super().__init__()
        self.left, self.middle = QStackedWidget(), QStackedWidget()
        self.chips: list[Chip] = []
        self._group = QButtonGroup(self)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.GAP)
        self._row.addStretch(1)
        self.add("Samples", SAMPLES_TIP, overview, samples)
        self.chips[0].setChecked(True)

    def add(self, title: str, tip: str, left: QWidget, middle: QWidget) -> None:
        index = len(self.chips)
        self.left.addWidget(left)
        self.middle.addWidget(middle)
        chip = Chip(title, tip)
        chip.toggled.connect(lambda on: self._show(index) if on else None)
        self._group.addButton(chip)
        self.chips.append(chip)
        self._row.insertWidget(index, chip)

    @property
    def index(self) -> int:
        return self.left.currentIndex()

    def show_view(self, index: int) -> None:
        self.chips[index].setChecked(True)

    def _show(self, index: int) -> None:
        self.left.setCurrentIndex(index)
        self.middle.setCurrentIndex(index)
        self.changed.emit(index)
