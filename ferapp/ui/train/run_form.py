"""The form of a new run: recipe, data and settings, checked as they are typed."""

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.training_process import as_typed, command
from ferapp.ui.train.field_row import NAME_WIDTH, FieldRow, mark_wrong
from ferapp.ui.train.form_fields import BASICS, SECTIONS, form_fields, setting, values_of
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import by_keyboard
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.flow_layout import Flow
from ferapp.ui.widgets.picker import Picker
from trainer.config.loading import check_config
from trainer.config.train_config import TrainConfig
from trainer.files import file_stem
from trainer.recipes import FAST, RECIPES

CHECK_MS = 150  # after the last keystroke
CHECK_TIP = "Count it, look at it, find what is wrong with it."
# those that a recipe trains, without loading torch to ask for more
ARCHITECTURES = tuple(
    sorted({str(each.values.get("model", {}).get("name", "compact")) for each in RECIPES.values()})
)


class _Column(QScrollArea):
    """Scrolls up and down alone: it is never narrower than what is in it."""

    def minimumSizeHint(self) -> QSize:
        bar, inner = self.verticalScrollBar().sizeHint(), self.widget()
        wide = inner.minimumSizeHint().width() if inner is not None else 0
        return QSize(wide + bar.width(), super().minimumSizeHint().height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest and watched is self.widget():
            self.updateGeometry()
        return super().eventFilter(watched, event)


class TrainForm(QWidget):
    """`start_wanted` with the arguments after `fertrain`, `check_wanted` with the data's path."""

    start_wanted = Signal(list)
    check_wanted = Signal(str)

    def __init__(self, runs: Path) -> None:
        super().__init__()
        self._runs = runs
        self._filling = False
        self._held = ""  # why nothing may be started or checked now
        self._refused = ("", "")  # a path, and what a check has against its data
        self.config: TrainConfig | None = None
        self.recipe = Picker("Recipe", "A named configuration: the settings that differ below.")
        for name, each in RECIPES.items():
            if not name.endswith(FAST) or "/" in name:
                self.recipe.addItem(name, name)
                tip = f"{each.title}\n{each.source}; published: {each.published}"
                self.recipe.setItemData(self.recipe.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.recipe.setMinimumWidth(120)  # long names are elided
        self.about = QLabel()
        self.about.setProperty("quiet", True)
        self.about.setWordWrap(True)
        self.data = QLineEdit()
        self.data.setPlaceholderText("FER2013's CSV, RAF-DB, AffectNet, class folders, a zip …")
        self.data.setAccessibleName("Data set")
        self.data_wrong = QLabel()
        self.data_wrong.setProperty("wrong", True)
        self.data_wrong.setWordWrap(True)
        self.browse = _button("Folder…", "Choose the data set's folder.")
        self.browse_file = _button("File…", "Choose a CSV or a zip.")
        self.check = _button("Check", CHECK_TIP)
        self.run_name = QLineEdit()
        self.run_name.setAccessibleName("Name of the run")
        self.run_name.setPlaceholderText("as the recipe")
        self.wrong = QLabel()
        self.wrong.setProperty("wrong", True)
        self.wrong.setWordWrap(True)
        self.rows = {
            field.key: FieldRow(field, ARCHITECTURES if field.key == "model.name" else ())
            for field in form_fields()
        }
        self.sections = {
            name: Chip(title, f"All settings of {title.lower()}.")
            for name, title in SECTIONS.items()
        }
        self.changes = QLabel()
        self.changes.setProperty("quiet", True)
        self.changes.setWordWrap(True)
        self.command_line = QLineEdit()
        self.command_line.setReadOnly(True)
        self.command_line.setAccessibleName("The same as a command")
        self.command_line.setPlaceholderText("Here will stand the same as a command.")
        self.command_line.setToolTip("What the Start button runs, for a terminal or a script.")
        self.copy = _button("Copy", "Copy the command.")
        self.start = _button("Start training", "Train as a process of its own.")
        self._lay_out()
        self._connect()
        self.recipe.setCurrentIndex(self.recipe.findData("default"))
        self._take_recipe()

    def _lay_out(self) -> None:
        inner = QWidget()
        inner.setObjectName("inner")
        column = QVBoxLayout(inner)
        column.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        column.setSpacing(7)
        title = QLabel("New run")
        title.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        column.addWidget(title)
        kept = QLabel(f"It will be kept in {self._runs.absolute()}")
        kept.setProperty("quiet", True)
        kept.setWordWrap(True)
        column.addWidget(kept)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(7)
        grid.setColumnMinimumWidth(0, NAME_WIDTH)
        buttons = Flow()
        for button in (self.browse, self.browse_file, self.check):
            buttons.addWidget(button)
        for row, (words, widget) in enumerate(
            (("Recipe", self.recipe), ("", self.about), ("Data set", self.data))
        ):
            grid.addWidget(QLabel(words), row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(widget, row, 1)
        grid.addWidget(self.data_wrong, 3, 1)
        grid.addLayout(buttons, 4, 1)
        grid.addWidget(QLabel("Name"), 5, 0)
        grid.addWidget(self.run_name, 5, 1)
        column.addLayout(grid)
        for key in BASICS:
            column.addWidget(self.rows[key])
        more = QLabel("All settings")
        more.setFont(theme.sized(self.font(), 1.0, QFont.Weight.DemiBold))
        column.addWidget(more)
        chips = Flow()
        for chip in self.sections.values():
            chips.addWidget(chip)
        column.addLayout(chips)
        for name in self.sections:
            place = QWidget()
            place.setVisible(False)
            rows = QVBoxLayout(place)
            rows.setContentsMargins(0, 0, 0, 0)
            rows.setSpacing(7)
            for key, each in self.rows.items():
                if each.field.section == name and key not in BASICS:
                    rows.addWidget(each)
            column.addWidget(place)
            self.sections[name].toggled.connect(place.setVisible)
        column.addStretch(1)
        area = _Column()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        foot = QWidget()
        foot.setObjectName("inner")
        below = QVBoxLayout(foot)
        below.setContentsMargins(theme.MARGIN, 8, theme.MARGIN, 12)
        below.setSpacing(7)
        line = QHBoxLayout()
        line.addWidget(self.command_line, 1)
        line.addWidget(self.copy)
        last = QHBoxLayout()
        last.addWidget(self.changes, 1)
        last.addWidget(self.start)
        below.addWidget(self.wrong)
        below.addLayout(line)
        below.addLayout(last)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(area, 1)
        layout.addWidget(foot)

    def _connect(self) -> None:
        self._timer = QTimer(self, interval=CHECK_MS, singleShot=True)
        self._timer.timeout.connect(self.validate)
        self.recipe.currentIndexChanged.connect(lambda _: self._take_recipe())
        for row in self.rows.values():
            row.changed.connect(self._later)
        self.data.textChanged.connect(lambda _: self._later())
        self.run_name.textChanged.connect(lambda _: self._later())
        self.browse.clicked.connect(self._ask_for_folder)
        self.browse_file.clicked.connect(self._ask_for_file)
        self.check.clicked.connect(lambda: self.check_wanted.emit(self.data_path))
        self.copy.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(self.command_line.text())
        )
        self.start.clicked.connect(self._start)

    # --- what is asked for ----------------------------------------------------------------------

    def _take_recipe(self) -> None:
        """Its settings stand in the fields."""
        each = RECIPES[str(self.recipe.currentData())]
        self.about.setText(f"{each.title} ({each.source}).")
        config, _ = check_config([], **each.values)
        assert config is not None
        self._filling = True
        for key, text in values_of(config).items():
            self.rows[key].set_usual(text)
        self._filling = False
        self.validate()

    def fill(self, recipe: str, data: str, sets: dict[str, str], name: str = "") -> None:
        """As if a person had typed it; `sets` are texts by key."""
        self.recipe.setCurrentIndex(self.recipe.findData(recipe))
        self.data.setText(data)
        self.run_name.setText(name)
        for key, text in sets.items():
            self.rows[key].set_text(text)
        self.validate()

    @property
    def settings(self) -> list[str]:
        """What differs from the recipe, as `--set` takes it."""
        return [setting(row.field, row.text) for row in self.rows.values() if row.differs]

    @property
    def data_path(self) -> str:
        """Of the data set, as it was typed."""
        return self.data.text().strip()

    @property
    def arguments(self) -> list[str]:
        """After `fertrain`."""
        recipe = str(self.recipe.currentData())
        name = self.run_name.text().strip() or file_stem(recipe)
        data = Path(self.data_path).expanduser()
        return command(recipe, data, name, self.settings, self._runs)

    def _later(self) -> None:
        if not self._filling:
            self._timer.start()

    def validate(self) -> bool:
        """Show what is wrong, at its field; whether it may be started."""
        self._timer.stop()
        values = RECIPES[str(self.recipe.currentData())].values
        self.config, problems = check_config(self.settings, **values)
        for key, row in self.rows.items():
            row.show_error(problems.pop(key, "") or _below(problems, key))
        for key in list(problems):
            section = key.split(".")[0]
            if section in self.sections:
                self.sections[section].setChecked(True)
        for key, row in self.rows.items():
            if row.error.text() and key not in BASICS:
                self.sections[row.field.section].setChecked(True)
        text = self.data_path
        there = Path(text).expanduser().exists()
        self.data_wrong.setText("" if there or not text else "There is no such file or folder.")
        self.data_wrong.setVisible(bool(self.data_wrong.text()))
        mark_wrong(self.data, bool(self.data_wrong.text()))
        name = self.run_name.text().strip()
        if not all(each.isalnum() or each in "._-" for each in name):
            problems["name"] = "Name: use letters, figures, '.', '_' and '-'"
        against = self._against()
        told = [*problems.values(), *([against] if against else [])]
        self.wrong.setText("\n".join(told))
        self.wrong.setVisible(bool(told))
        self.command_line.setText(as_typed(["fertrain", *self.arguments]) if text else "")
        self.command_line.setCursorPosition(0)
        self.copy.setEnabled(bool(text))
        refused = bool(against) and not self._may_differ()
        good = self.config is not None and not problems and there and bool(text) and not refused
        missing = "Something above is wrong." if text else "Choose a data set above."
        self.changes.setText(self._changes() if good else missing)
        self.start.setEnabled(good and not self._held)
        usual = "Train as a process of its own." if good else missing
        self.start.setToolTip(self._held or usual)
        self.check.setEnabled(bool(text) and there and not self._held)
        self.check.setToolTip(self._held or CHECK_TIP)
        return good and not self._held

    def _changes(self) -> str:
        count = len(self.settings)
        if not count:
            return "Exactly the recipe"
        return f"{count} setting{'s' * (count != 1)} differ{'s' * (count == 1)} from the recipe"

    def refuse(self, path: str, why: str) -> None:
        """A check has this against the data that lies here; "" when it has nothing."""
        self._refused = (path, why)
        self.validate()

    def _against(self) -> str:
        path, why = self._refused
        if not why or path != self.data_path:
            return ""
        return f"The check refused this data: {why.splitlines()[0]}"

    def _may_differ(self) -> bool:
        """Whether a training reads other data than a check: more of it, or without landmarks."""
        config = self.config
        return config is not None and (bool(config.data.also) or not config.data.landmarks)

    def hold(self, why: str) -> None:
        """Nothing is started or checked; with no reason again as usual."""
        if why != self._held:
            self._held = why
            self.validate()

    def _start(self) -> None:
        if self.validate():
            self.start_wanted.emit(self.arguments)

    def _ask_for_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Choose a data set", str(Path.cwd()))
        if path:
            self.data.setText(path)

    def _ask_for_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Choose a data set", str(Path.cwd()), "Data sets (*.csv *.zip);;All files (*)"
        )
        if path:
            self.data.setText(path)


def _below(problems: dict[str, str], key: str) -> str:
    """What is wrong inside a list or table of this field."""
    inside = [name for name in problems if name.startswith(f"{key}.")]
    return problems.pop(inside[0]) if inside else ""


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    by_keyboard(button)
    return button
