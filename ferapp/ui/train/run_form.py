"""The form of a new run: recipe, data set and settings, checked while they are typed."""

from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.checks.data_check import DataChoice
from ferapp.runs.child_process import command_line
from ferapp.runs.training_process import RateSearch, train_arguments
from ferapp.ui.recipe_cards.recipe_cards import RecipeCards
from ferapp.ui.text import wording
from ferapp.ui.train.data.data_chooser import CHECK_TIP, DataChooser
from ferapp.ui.train.field_row import NAME_WIDTH, FieldRow
from ferapp.ui.train.form_fields import (
    BASICS,
    SECTIONS,
    closest_recipe,
    form_fields,
    pop_nested,
    recipe_texts,
    set_argument,
    values_of,
)
from ferapp.ui.train.form_messages import FormMessages
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.flow_layout import FlowLayout
from ferapp.ui.widgets.vertical_scroll import VerticalScrollArea
from trainer.config.loading import check_config
from trainer.config.rate_check import rate_warning
from trainer.config.sections import DataConfig
from trainer.config.train_config import TrainConfig
from trainer.files import file_stem
from trainer.recipes import RECIPES

VALIDATE_MS = 150  # after the last keystroke
RATE = "optim.learning_rate"
FIND_RATE_TIP = "Train a hundred steps with a growing rate, and see where the loss falls."
START_TIP = "Train in a separate process, which can keep running when you close the app."
# those of the recipes: asking for all of them would load torch
ARCHITECTURES = tuple(
    sorted({str(r.values.get("model", {}).get("name", "compact")) for r in RECIPES.values()})
)


class RunForm(QWidget):
    """`start_requested` has the arguments after `fertrain`, `check_requested` a DataChoice."""

    start_requested = Signal(list)
    check_requested = Signal(object)
    validated = Signal()  # the data set or a setting may be another one

    def __init__(self, runs: Path, remembered: Callable[[], Iterable[str]] = tuple) -> None:
        """`remembered` gives the paths of data that the app remembers, newest first."""
        super().__init__()
        self._runs = runs
        self.chooser = DataChooser(remembered)
        self._is_filling = False
        self._blocked = ""  # why nothing can be started or checked now
        self._data_problem = (DataChoice(), "")  # data, and what its check found wrong
        self._data_config = DataConfig()  # of the newest valid settings
        self._wrong: set[str] = set()  # fields, or sections, whose settings are invalid
        self.config: TrainConfig | None = None
        self.is_valid = False  # it may be queued, though another start may be blocked now
        self._make_head()
        self._make_settings()
        self._make_foot()
        self._lay_out()
        self._connect()
        self.recipe.choose("default")

    def _make_head(self) -> None:
        self.recipe = RecipeCards()
        self.about = QLabel()
        self.about.setProperty("quiet", True)
        self.about.setWordWrap(True)
        self.data, self.check = self.chooser.line, self.chooser.check
        self.run_name = QLineEdit()
        self.run_name.setAccessibleName("Name of the run")
        self.run_name.setPlaceholderText("same as the recipe")

    def _make_settings(self) -> None:
        self.rows = {
            field.key: FieldRow(field, ARCHITECTURES if field.key == "model.name" else ())
            for field in form_fields()
        }
        self.find_rate = push_button("Find a rate…", FIND_RATE_TIP)
        self.rows[RATE].add_action(self.find_rate)
        self.sections = {
            name: Chip(title, f"All settings of the section {title}.")
            for name, title in SECTIONS.items()
        }

    def _make_foot(self) -> None:
        self.messages = FormMessages()
        self.command = QLineEdit()
        self.command.setReadOnly(True)
        self.command.setAccessibleName("Equivalent command")
        self.command.setPlaceholderText("The equivalent command appears here")
        self.command.setToolTip("What Start training runs, for a terminal or a script.")
        self.copy = push_button("Copy", "Copy the command.")
        self.changes = QLabel()
        self.changes.setProperty("quiet", True)
        self.changes.setWordWrap(True)
        self.start = push_button("Start training", START_TIP)

    def _lay_out(self) -> None:
        area = VerticalScrollArea()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(area, 1)  # before the many fields, which every new parent visits
        area.setWidget(self._fields_panel())
        layout.addWidget(self._foot_panel())

    def _fields_panel(self) -> QWidget:
        panel, column = _panel(12)
        title = QLabel("New run")
        title.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        column.addWidget(title)
        folder = QLabel(f"Saved in {self._runs.absolute()}")
        folder.setProperty("quiet", True)
        folder.setWordWrap(True)
        column.addWidget(folder)
        column.addLayout(self._head_grid())
        for key in BASICS:
            column.addWidget(self.rows[key])
        more = QLabel("All settings")
        more.setFont(theme.sized(self.font(), 1.0, QFont.Weight.DemiBold))
        column.addWidget(more)
        chips = FlowLayout()
        for chip in self.sections.values():
            chips.addWidget(chip)
        column.addLayout(chips)
        for name, chip in self.sections.items():
            section = self._section_panel(name)
            column.addWidget(section)
            chip.toggled.connect(section.setVisible)
        column.addStretch(1)
        return panel

    def _head_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(7)
        grid.setColumnMinimumWidth(0, NAME_WIDTH)
        grid.addWidget(self.recipe, 0, 0, 1, 2)
        grid.addWidget(self.about, 1, 0, 1, 2)
        name = QLabel("Data set")
        name.setContentsMargins(0, 7, 0, 0)  # on one line with the path
        grid.addWidget(name, 2, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.chooser, 2, 1)
        grid.addWidget(QLabel("Name"), 3, 0)
        grid.addWidget(self.run_name, 3, 1)
        return grid

    def _section_panel(self, name: str) -> QWidget:
        section = QWidget()
        section.setVisible(False)
        rows = QVBoxLayout(section)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(7)
        for key, row in self.rows.items():
            if row.field.section == name and key not in BASICS:
                rows.addWidget(row)
        return section

    def _foot_panel(self) -> QWidget:
        panel, column = _panel(8)
        command = QHBoxLayout()
        command.addWidget(self.command, 1)
        command.addWidget(self.copy)
        self.start_row = QHBoxLayout()
        self.start_row.addWidget(self.changes, 1)
        self.start_row.addWidget(self.start)
        column.addWidget(self.messages)
        column.addLayout(command)
        column.addLayout(self.start_row)
        return panel

    def _connect(self) -> None:
        self._timer = QTimer(self, interval=VALIDATE_MS, singleShot=True)
        self._timer.timeout.connect(self.validate)
        self.recipe.chosen.connect(lambda _: self._apply_recipe())
        for row in self.rows.values():
            row.changed.connect(self._validate_later)
        self.data.textChanged.connect(lambda _: self._validate_later())
        self.run_name.textChanged.connect(lambda _: self._validate_later())
        self.chooser.check_requested.connect(lambda: self.check_requested.emit(self.data_choice))
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.command.text()))
        self.start.clicked.connect(self._start)

    # --- content --------------------------------------------------------------------------------

    def _apply_recipe(self) -> None:
        """Put the recipe's settings into the fields."""
        name = self.recipe.name
        self.about.setText(f"{RECIPES[name].title} ({RECIPES[name].source}).")
        self._is_filling = True
        for key, text in recipe_texts(name).items():
            self.rows[key].set_default(text)
        self._is_filling = False
        self.validate()

    def fill(self, recipe: str, data: str, values: dict[str, str], name: str = "") -> None:
        """Fill the form; `values` are texts by key, other fields are the recipe's."""
        self.recipe.choose(recipe)
        self.data.setText(data)
        self.run_name.setText(name)
        for key, text in values.items():
            self.rows[key].set_text(text)
        self.validate()
        self._open_wrong_sections()

    def fill_from(self, config: TrainConfig, data: str, name: str, changes: dict[str, str]) -> None:
        """Fill the form with a run's configuration, and `changes` to it as texts by key."""
        recipe = closest_recipe(config, self.recipe.names)
        self.fill(recipe, data, {**values_of(config), **changes}, name)

    @property
    def settings(self) -> list[str]:
        """What differs from the recipe, as arguments of `--set`."""
        return [set_argument(row.field, row.text) for row in self.rows.values() if row.differs]

    @property
    def data_path(self) -> str:
        """The path of the data set, as it was typed."""
        return self.chooser.path

    @property
    def data_choice(self) -> DataChoice:
        """The data set, and how valid settings say that it is read."""
        return DataChoice.of(self.data_path, self._data_config)

    def search_rate(self) -> RateSearch:
        """Start a search for a learning rate on this data with these settings. Raises OSError."""
        settings = [each for each in self.settings if not each.startswith(f"{RATE}=")]
        return RateSearch(self.recipe.name, Path(self.data_path).expanduser(), settings)

    @property
    def arguments(self) -> list[str]:
        """The arguments after `fertrain`."""
        data = Path(self.data_path).expanduser()
        return train_arguments(self.recipe.name, data, self.name, self.settings, self._runs)

    @property
    def name(self) -> str:
        """Of the run: that of the recipe, if none is typed."""
        return self.run_name.text().strip() or file_stem(self.recipe.name)

    # --- validation -----------------------------------------------------------------------------

    def _validate_later(self) -> None:
        if not self._is_filling:
            self._timer.start()

    def validate(self) -> bool:
        """Show every problem at its field; returns whether the training can be started."""
        self._timer.stop()
        data_exists = self.chooser.validate()
        problems = self._validate_settings()
        data_problem = self._known_data_problem()
        shown = [*self._field_errors(), *problems, data_problem]
        self.messages.show_messages(list(filter(None, shown)), self._rate_warning())
        has_data = bool(self.data_path)
        self.command.setText(command_line(["fertrain", *self.arguments]) if has_data else "")
        self.command.setCursorPosition(0)
        self.copy.setEnabled(has_data)
        is_usable = not data_problem or self._trains_on_other_data()
        is_valid = self.config is not None and not problems and data_exists and is_usable
        self.is_valid = is_valid
        hint = "" if is_valid else self._what_to_fix(has_data)
        self.changes.setText(hint or self._changes())
        self.start.setEnabled(is_valid and not self._blocked)
        self.start.setToolTip(self._blocked or hint or START_TIP)
        can_read = data_exists and self.config is not None
        self.check.setEnabled(can_read and not self._blocked)
        self.check.setToolTip(self._blocked or (CHECK_TIP if can_read else hint))
        can_search = data_exists and self._wrong <= {RATE}
        self.find_rate.setEnabled(can_search and not self._blocked)
        self.find_rate.setToolTip(self._blocked or (FIND_RATE_TIP if can_search else hint))
        self.validated.emit()
        return is_valid and not self._blocked

    def _rate_warning(self) -> str:
        """A rate far above the recipe's is allowed, and is most often a slip."""
        config = self.config
        usual, _ = check_config([], **RECIPES[self.recipe.name].values)
        return "" if config is None or usual is None else rate_warning(config, usual)

    def _field_errors(self) -> list[str]:
        """In full: the room beside a field is small."""
        rows = self.rows.values()
        return [f"{row.field.title} {row.error.text()}" for row in rows if row.error.text()]

    def _validate_settings(self) -> list[str]:
        """Show what is wrong at each field; returns the problems that belong to no single field."""
        recipe = RECIPES[self.recipe.name]
        self.config, problems = check_config(self.settings, **recipe.values)
        if self.config is not None:
            self._data_config = self.config.data
        self._wrong = set(problems)
        for key, row in self.rows.items():
            row.show_error(problems.pop(key, "") or pop_nested(problems, key))
        name = self.run_name.text().strip()
        if not all(character.isalnum() or character in "._-" for character in name):
            problems["name"] = "Name: use letters, digits, '.', '_' and '-'"
        return list(problems.values())

    def _open_wrong_sections(self) -> None:
        """Where somebody types, nothing is opened: it would move what is typed into."""
        for name, chip in self.sections.items():
            if any(key.split(".")[0] == name for key in self._wrong.difference(BASICS)):
                chip.setChecked(True)

    def _what_to_fix(self, has_data: bool) -> str:
        if not has_data:
            return "Choose a data set above"
        rows = self.rows.values()
        at_field = any(row.error.isVisibleTo(self) for row in rows) or self.chooser.error.text()
        return "Fix the highlighted field" if at_field else "Fix the problem shown above"

    def _changes(self) -> str:
        count = len(self.settings)
        if not count:
            return "No changes to the recipe"
        differ = "differs" if count == 1 else "differ"
        return f"{wording.count(count, 'setting')} {differ} from the recipe"

    def show_data_problem(self, choice: DataChoice, problem: str) -> None:
        """What a check found wrong with this data; "" when nothing."""
        self._data_problem = (choice, problem)
        self.validate()

    def _known_data_problem(self) -> str:
        choice, problem = self._data_problem
        if not problem or choice != self.data_choice:
            return ""
        return f"This data can't be used: {problem.splitlines()[0]}"

    def _trains_on_other_data(self) -> bool:
        """Whether training reads other data than a check does: further sets, or no landmarks."""
        config = self.config
        return config is not None and (bool(config.data.also) or not config.data.landmarks)

    def block(self, reason: str) -> None:
        """Nothing can be started or checked while there is a reason."""
        if reason != self._blocked:
            self._blocked = reason
            self.validate()

    def _start(self) -> None:
        if self.validate():
            self.start_requested.emit(self.arguments)


def _panel(top_margin: int) -> tuple[QWidget, QVBoxLayout]:
    panel = QWidget()
    panel.setObjectName("inner")
    column = QVBoxLayout(panel)
    column.setContentsMargins(theme.MARGIN, top_margin, theme.MARGIN, 12)
    column.setSpacing(7)
    return panel, column
