"""Trains on the examples, and says plainly whether held-out ones are recognised better."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ferapp.personal.finetune import Layers, Outcome
from ferapp.runs.run_reader import Run
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import by_keyboard
from ferapp.ui.widgets.chips import Chip

_LAYERS: tuple[tuple[Layers, str, str], ...] = (
    ("head", "Only the last step", "The last layer learns: quick, and it forgets little."),
    ("all", "The whole model", "All layers learn: slower, more may change, for good or bad."),
)


class TrainingView(QWidget):
    start_wanted = Signal(str)  # head or all
    stop_wanted = Signal()
    use_wanted = Signal(str)  # a model file
    back_wanted = Signal()  # to the recording

    def __init__(self) -> None:
        super().__init__()
        self._outcome: Outcome | None = None
        self.title = QLabel("Train")
        self.title.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.chips = {layers: Chip(text, tip) for layers, text, tip in _LAYERS}
        self._group = QButtonGroup(self)
        self.tip = QLabel()
        self.tip.setProperty("quiet", True)
        self.tip.setWordWrap(True)
        self.start = _button("Train", "Learn from the examples, in a process of its own.")
        self.back = _button("Back to the pictures", "Take more pictures, or take some again.")
        self.use = _button("Use it now", "Let this model look at the faces on the live page.")
        self.progress = QProgressBar()
        self.progress.setRange(0, 100)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.progress.setAccessibleName("Training")
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setFont(theme.sized(self.font(), 1.15, QFont.Weight.DemiBold))
        self.caution = QLabel()
        self.caution.setProperty("quiet", True)
        self.caution.setWordWrap(True)
        self.table = QWidget()
        self._grid = QGridLayout(self.table)
        self._lay_out()
        for layers, chip in self.chips.items():
            self._group.addButton(chip)
            chip.toggled.connect(lambda _: self._explain())
            chip.setChecked(layers == "head")
        self.start.clicked.connect(self._start_or_stop)
        self.back.clicked.connect(self.back_wanted)
        self.use.clicked.connect(self._use)
        self.show_idle("")

    def _lay_out(self) -> None:
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * theme.MARGIN)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(3, 1)
        which = QHBoxLayout()
        which.addWidget(QLabel("What learns"))
        for chip in self.chips.values():
            which.addWidget(chip)
        which.addStretch(1)
        line = QHBoxLayout()
        for button in (self.start, self.back):
            line.addWidget(button)
        line.addStretch(1)
        use = QHBoxLayout()
        use.addWidget(self.use)
        use.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP + 2)
        column.addWidget(self.title)
        column.addWidget(self.words)
        column.addLayout(which)
        column.addWidget(self.tip)
        column.addLayout(line)
        column.addWidget(self.progress)
        column.addWidget(self.state)
        column.addSpacing(theme.GAP)
        column.addWidget(self.verdict)
        column.addWidget(self.table)
        column.addWidget(self.caution)
        column.addLayout(use)
        column.addStretch(1)

    @property
    def layers(self) -> Layers:
        return "head" if self.chips["head"].isChecked() else "all"

    def show_examples(self, train: int, val: int, without: tuple[str, ...]) -> None:
        """How many pictures it learns from, how many are held out, which classes have none."""
        lacking = (
            f"\nNo pictures of {_listed(without)}: the model may forget these a little."
            if without
            else ""
        )
        self.words.setText(
            f"It learns from {train} pictures. {val} others are held out: it never learns from "
            f"them, they only tell whether it helped.{lacking}"
        )

    def show_idle(self, words: str, *, wrong: bool = False) -> None:
        """Nothing trains. `words` say what became of the last training, or are empty."""
        self.progress.hide()
        self.state.setText(words)
        self.state.setProperty("wrong", wrong)
        self.state.style().polish(self.state)
        self.state.setVisible(bool(words))
        self._set_running(False)

    def show_starting(self, words: str) -> None:
        self._forget_outcome()
        self.progress.setRange(0, 0)  # how long it takes is not known yet
        self.progress.show()
        self.state.setText(words)
        self.state.setProperty("wrong", False)
        self.state.style().polish(self.state)
        self.state.show()
        self._set_running(True)

    def show_run(self, run: Run) -> None:
        """A training that goes on."""
        if not run.epoch:
            self.show_starting("Training begins …")
            return
        self._forget_outcome()
        self.progress.setRange(0, 100)
        self.progress.setValue(round(100 * run.share))
        self.progress.show()
        self.state.setText(f"Training: round {run.epoch} of {run.epochs_planned}")
        self.state.show()
        self._set_running(True)

    def show_outcome(self, outcome: Outcome) -> None:
        """Before and after on the held-out pictures."""
        if outcome == self._outcome:
            return
        self.show_idle("")
        self._forget_outcome()
        self._outcome = outcome
        self.verdict.setText(verdict(outcome))
        self.verdict.show()
        rows = [("Expression", "Held out", "Recognised before", "Recognised after")]
        for score in outcome.scores:
            rows.append((score.name, str(score.count), str(score.before), str(score.after)))
        for row, cells in enumerate(rows):
            for column, text in enumerate(cells):
                label = QLabel(text)
                label.setProperty("quiet", row == 0)
                better = row > 0 and column == 3 and int(cells[3]) > int(cells[2])
                if better:
                    label.setFont(theme.sized(self.font(), 1, QFont.Weight.DemiBold))
                self._grid.addWidget(label, row, column, Qt.AlignmentFlag.AlignLeft)
        self.table.show()
        self.caution.setText(
            "Few pictures, of the same minutes and light as those it learned from, and the best "
            "round was chosen by them: a picture more or less is chance. The live page is the "
            "real test."
        )
        self.caution.show()
        self.use.setVisible(outcome.epoch > 0)

    def _forget_outcome(self) -> None:
        self._outcome = None
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for each in (self.verdict, self.table, self.caution, self.use):
            each.hide()

    def _set_running(self, running: bool) -> None:
        self._running = running
        self.start.setText("Stop" if running else "Train")
        self.back.setEnabled(not running)
        for chip in self.chips.values():
            chip.setEnabled(not running)
        if not running and self._outcome is None:
            for each in (self.verdict, self.table, self.caution, self.use):
                each.hide()

    def _explain(self) -> None:
        self.tip.setText(next(tip for layers, _, tip in _LAYERS if layers == self.layers))

    def _start_or_stop(self) -> None:
        if self._running:
            self.stop_wanted.emit()
        else:
            self.start_wanted.emit(self.layers)

    def _use(self) -> None:
        if self._outcome is not None:
            self.use_wanted.emit(str(self._outcome.model))


def verdict(outcome: Outcome) -> str:
    """What the training was worth, in a sentence or two."""
    before, after, count = outcome.before, outcome.after, outcome.count
    if outcome.epoch == 0:
        return (
            f"It did not help: of the {count} held-out pictures {before} were recognised before, "
            f"and no round recognised more. The model stays as it was."
        )
    return (
        f"It helped: of the {count} held-out pictures {before} were recognised before, "
        f"{after} are now."
    )


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    by_keyboard(button)
    return button
