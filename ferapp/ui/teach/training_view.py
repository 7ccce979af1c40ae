"""Trains a model on the examples, and shows whether it recognises the held-out ones better."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from ferapp.personal.finetune import FinetuneResult, TrainedLayers
from ferapp.runs.run_reader import RunSnapshot
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.chips import Chip

_LAYERS: tuple[tuple[TrainedLayers, str, str], ...] = (
    ("head", "Last layer only", "Trains the last layer: quick, and the model forgets little."),
    ("all", "Whole model", "Trains all layers: slower, and more can change, for better or worse."),
)


class TrainingView(QWidget):
    start_requested = Signal(str)  # head or all
    stop_requested = Signal()
    use_requested = Signal(str)  # a model file
    back_requested = Signal()  # to the recording

    def __init__(self) -> None:
        super().__init__()
        self._result: FinetuneResult | None = None
        self._is_running = False
        self.title = QLabel("Train")
        self.title.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        self.examples = QLabel()
        self.examples.setWordWrap(True)
        self.chips = {layers: Chip(text, tip) for layers, text, tip in _LAYERS}
        self._group = QButtonGroup(self)
        self.layers_tip = _quiet_label()
        self.start = push_button("Train", "Train on the examples, in a separate process.")
        self.back = push_button("Back to the pictures", "Take more pictures, or retake some.")
        self.use = push_button("Use it now", "Use this model on the live page.")
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
        self.caution = _quiet_label()
        self.table = QWidget()
        self._grid = QGridLayout(self.table)
        self._lay_out()
        for layers, chip in self.chips.items():
            self._group.addButton(chip)
            chip.toggled.connect(lambda _: self._show_layers_tip())
            chip.setChecked(layers == "head")
        self.start.clicked.connect(self._start_or_stop)
        self.back.clicked.connect(self.back_requested)
        self.use.clicked.connect(self._use)
        self.show_idle("")

    def _lay_out(self) -> None:
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * theme.MARGIN)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(3, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP + 2)
        column.addWidget(self.title)
        column.addWidget(self.examples)
        column.addLayout(_row(QLabel("What to train"), *self.chips.values()))
        column.addWidget(self.layers_tip)
        column.addLayout(_row(self.start, self.back))
        column.addWidget(self.progress)
        column.addWidget(self.state)
        column.addSpacing(theme.GAP)
        column.addWidget(self.verdict)
        column.addWidget(self.table)
        column.addWidget(self.caution)
        column.addLayout(_row(self.use))
        column.addStretch(1)

    @property
    def layers(self) -> TrainedLayers:
        return "head" if self.chips["head"].isChecked() else "all"

    def show_examples(self, train: int, val: int, missing: tuple[str, ...]) -> None:
        """The numbers of training and held-out pictures, and the classes without any."""
        held_out = f"{wording.count(val, 'other')} {'is' if val == 1 else 'are'} held out"
        text = (
            f"The model is trained on {wording.count(train, 'picture')}. {held_out}: not trained "
            "on, only used to see whether it helped."
        )
        if missing:
            text += f"\nNo pictures of {_listed(missing)}: the model may forget these a little."
        self.examples.setText(text)

    def show_idle(self, message: str, *, is_error: bool = False) -> None:
        """No training is running. `message` says how the last one ended, or is empty."""
        self.progress.hide()
        self._show_state(message, is_error=is_error)
        self._set_running(False)

    def show_starting(self, message: str) -> None:
        self._clear_result()
        self.progress.setRange(0, 0)  # of unknown length
        self.progress.show()
        self._show_state(message)
        self._set_running(True)

    def show_run(self, run: RunSnapshot) -> None:
        """A training that is running."""
        if not run.epoch:
            self.show_starting("Starting training…")
            return
        self._clear_result()
        self.progress.setRange(0, 100)
        self.progress.setValue(round(100 * run.progress))
        self.progress.show()
        self._show_state(f"Training: epoch {run.epoch} of {run.epochs_planned}")
        self._set_running(True)

    def show_result(self, result: FinetuneResult) -> None:
        """Before and after on the held-out pictures."""
        if result == self._result:
            return
        self.show_idle("")
        self._clear_result()
        self._result = result
        self.verdict.setText(verdict(result))
        self._fill_table(result)
        self.caution.setText(
            "These are few pictures, taken within minutes of those it was trained on, and the "
            "best epoch was chosen by them: a picture more or less is chance. The real test is "
            "the live page."
        )
        for widget in (self.verdict, self.table, self.caution):
            widget.show()
        self.use.setVisible(result.epoch > 0)

    def _fill_table(self, result: FinetuneResult) -> None:
        titles = ("Expression", "Held out", "Recognised before", "Recognised after")
        for column, title in enumerate(titles):
            label = QLabel(title)
            label.setProperty("quiet", True)
            self._grid.addWidget(label, 0, column, Qt.AlignmentFlag.AlignLeft)
        for row, of_class in enumerate(result.classes, start=1):
            values = (of_class.name, of_class.count, of_class.before, of_class.after)
            for column, value in enumerate(values):
                label = QLabel(str(value))
                if column == 3 and of_class.after > of_class.before:
                    label.setFont(theme.sized(self.font(), 1, QFont.Weight.DemiBold))
                self._grid.addWidget(label, row, column, Qt.AlignmentFlag.AlignLeft)

    def _show_state(self, text: str, *, is_error: bool = False) -> None:
        self.state.setText(text)
        self.state.setProperty("wrong", is_error)
        self.state.style().polish(self.state)
        self.state.setVisible(bool(text))

    def _clear_result(self) -> None:
        self._result = None
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._hide_result()

    def _hide_result(self) -> None:
        for widget in (self.verdict, self.table, self.caution, self.use):
            widget.hide()

    def _set_running(self, is_running: bool) -> None:
        self._is_running = is_running
        self.start.setText("Stop" if is_running else "Train")
        self.back.setEnabled(not is_running)
        for chip in self.chips.values():
            chip.setEnabled(not is_running)
        if not is_running and self._result is None:
            self._hide_result()

    def _show_layers_tip(self) -> None:
        self.layers_tip.setText(next(tip for layers, _, tip in _LAYERS if layers == self.layers))

    def _start_or_stop(self) -> None:
        if self._is_running:
            self.stop_requested.emit()
        else:
            self.start_requested.emit(self.layers)

    def _use(self) -> None:
        if self._result is not None:
            self.use_requested.emit(str(self._result.model))


def verdict(result: FinetuneResult) -> str:
    """Whether the training helped, in one or two sentences."""
    before, after = result.before, result.after
    pictures = wording.count(result.count, "held-out picture")
    recognised = f"of the {pictures}, {before} {'was' if before == 1 else 'were'} recognised before"
    if result.epoch == 0:
        return (
            f"It did not help: {recognised}, and no epoch recognised more. "
            "The model stays as it was."
        )
    return f"It helped: {recognised} and {after} {'is' if after == 1 else 'are'} now."


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _quiet_label() -> QLabel:
    label = QLabel()
    label.setProperty("quiet", True)
    label.setWordWrap(True)
    return label


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch(1)
    return row
