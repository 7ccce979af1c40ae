"""The dialog that makes several runs of one form: seeds, and a grid over two fields."""

import tomllib
from typing import Any

from PySide6.QtWidgets import (
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.run_queue import GRID_FIELDS, expand
from ferapp.ui.text import wording
from ferapp.ui.train.form_fields import form_fields
from ferapp.ui.widgets.picker import Picker
from ferapp.ui.widgets.screen_fit import ScreenDialog
from trainer.config.train_config import TrainConfig
from trainer.errors import UsageError

MAX_SEEDS, MAX_RUNS = 100, 500
_SUGGESTED = ("optim.learning_rate", "optim.batch_size")
_NONE = "–"
_GRID_KINDS = ("number", "choice", "switch")


class SeveralRunsDialog(ScreenDialog):
    """`runs` are the ends of the names and the configurations, as `expand` makes them."""

    def __init__(self, parent: QWidget, config: TrainConfig, seeds: int, with_grid: bool) -> None:
        super().__init__(parent)
        self.setWindowTitle("Several runs")
        self._config = config
        self.runs: list[tuple[str, TrainConfig]] = []
        self.seeds = QSpinBox(minimum=1, maximum=MAX_SEEDS, value=seeds)
        self.seeds.setAccessibleName("Seeds")
        self.seeds.setToolTip("Runs that differ in the random seed alone, for each combination.")
        self.fields = [self._field_picker(number) for number in range(GRID_FIELDS)]
        self.values = [QLineEdit() for _ in range(GRID_FIELDS)]
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.add = self.buttons.addButton("Add to queue", QDialogButtonBox.ButtonRole.AcceptRole)
        self._lay_out()
        for picker, line in zip(self.fields, self.values, strict=True):
            picker.currentIndexChanged.connect(lambda _, p=picker, v=line: self._use_field(p, v))
            line.textChanged.connect(lambda _: self.check())
        self.seeds.valueChanged.connect(lambda _: self.check())
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        for picker, line, key in zip(self.fields, self.values, _SUGGESTED, strict=True):
            if with_grid:
                picker.setCurrentIndex(picker.findData(key))
            self._use_field(picker, line)
        self.check()

    def _field_picker(self, number: int) -> Picker:
        picker = Picker(f"Grid field {number + 1}", "A setting that differs from run to run.")
        picker.addItem(_NONE, "")
        for field in form_fields():
            if field.kind in _GRID_KINDS and field.key != "run.seed":
                picker.addItem(f"{field.title} ({field.key})", field.key)
        picker.setMinimumWidth(220)
        return picker

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.addWidget(QLabel("Seeds"), 0, 0)
        grid.addWidget(self.seeds, 0, 1)
        for row, (picker, line) in enumerate(zip(self.fields, self.values, strict=True), 1):
            line.setPlaceholderText("values, separated by commas")
            line.setAccessibleName(f"Values of grid field {row}")
            grid.addWidget(picker, row, 0)
            grid.addWidget(line, row, 1)
        grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.addLayout(grid)
        column.addWidget(self.summary)
        column.addStretch(1)
        column.addWidget(self.buttons)
        self.resize(560, 220)

    def _use_field(self, picker: Picker, line: QLineEdit) -> None:
        """Begin with the form's own value."""
        key = str(picker.currentData())
        line.setEnabled(bool(key))
        value: Any = self._config if key else ""
        for part in filter(None, key.split(".")):
            value = getattr(value, part)
        line.setText(str(value).lower() if isinstance(value, bool) else str(value))

    def grid(self) -> dict[str, list[Any]]:
        """The values of each chosen field. Raises UsageError where one is chosen twice."""
        chosen: dict[str, list[Any]] = {}
        for picker, line in zip(self.fields, self.values, strict=True):
            key = str(picker.currentData())
            if key in chosen:
                raise UsageError("Both fields are the same.")
            if key:
                chosen[key] = parse_values(line.text())
        return chosen

    def check(self) -> None:
        """Show how many runs there will be, or what is wrong."""
        try:
            grid = self.grid()
            self.runs = expand(self._config, self.seeds.value(), grid)
        except UsageError as error:
            self.runs = []
            self.summary.setText(error.args[0])
        else:
            factors = [*map(len, grid.values()), self.seeds.value()]
            product = " × ".join(map(str, factors))
            count = wording.count(len(self.runs), "run")
            self.summary.setText(f"{product} = {count}" if len(factors) > 1 else count)
        if len(self.runs) > MAX_RUNS:
            self.summary.setText(f"{len(self.runs)} runs are too many: at most {MAX_RUNS}.")
        self.add.setEnabled(0 < len(self.runs) <= MAX_RUNS)


def parse_values(text: str) -> list[Any]:
    """`0.01, 0.1` → numbers; a word stays a word. Raises UsageError for none or doubles."""
    values: list[Any] = []
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            value = tomllib.loads(f"value = {part}")["value"]
        except tomllib.TOMLDecodeError:
            value = part
        if value in values:
            raise UsageError(f"{part} is there twice.")
        values.append(value)
    if not values:
        raise UsageError("Give the values of the field, separated by commas.")
    return values
