"""The form of a new run: its fields, the command it makes, and its validation."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QScrollArea
from pytestqt.qtbot import QtBot

from ferapp.runs import child_process
from ferapp.ui.train.data.data_chooser import DataChooser
from ferapp.ui.train.form_fields import form_fields, set_argument, text_of, values_of
from ferapp.ui.train.run_form import RunForm
from ferapp.ui.widgets.theme import apply_theme
from trainer.config import objective_config
from trainer.config.loading import load_config
from trainer.config.loss_settings import LossConfig
from trainer.config.objective_config import register_loss_settings
from trainer.config.sections import setting
from trainer.config.train_config import TrainConfig
from trainer.recipes import RECIPES


class TiltConfig(LossConfig):
    angle: float = setting(3.0, "Largest tilt.", "degrees", ge=0)


@pytest.fixture
def tilt_loss() -> Iterator[None]:
    register_loss_settings("tilt", TiltConfig)
    yield
    objective_config._registry.pop("tilt")
    objective_config._registered_fields.cache_clear()


@pytest.fixture
def form(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[RunForm]:
    apply_theme(qapp, "dark")
    window = QMainWindow()
    qtbot.addWidget(window)
    made = RunForm(tmp_path / "runs")
    window.setCentralWidget(made)
    window.setMinimumSize(600, 640)
    window.show()
    yield made
    window.close()


def config_of(arguments: list[str]) -> TrainConfig:
    """The configuration that the command line trains with."""
    recipe = arguments[arguments.index("--recipe") + 1]
    sets = [arguments[k + 1] for k, word in enumerate(arguments) if word == "--set"]
    return load_config(None, sets, **RECIPES[recipe].values)


def test_the_form_has_every_field_of_the_schema() -> None:
    def keys(value: object, prefix: str = "") -> Iterator[str]:
        assert isinstance(value, dict)
        for name, each in value.items():
            nested = isinstance(each, dict) and name != "options"
            if nested:
                yield from keys(each, f"{prefix}{name}.")
            else:
                yield prefix + name

    fields = form_fields()
    assert {field.key for field in fields} == set(keys(TrainConfig().model_dump()))
    assert all(field.help for field in fields)
    epochs = next(field for field in fields if field.key == "optim.epochs")
    assert (epochs.title, epochs.unit, epochs.kind) == ("Epochs", "epochs", "number")
    assert epochs.bounds == "At least 1, at most 10000."
    titles = {field.key: field.title for field in fields}
    assert titles["model.name"] == "Architecture"
    assert titles["augment.start_side"] == "Progressive size"
    assert titles["augment.erase"] == "Random erasing"
    assert titles["objective.pal.weight"] == "PAL loss weight"
    assert titles["objective.pal.sigma"] == "PAL sigma"
    assert titles["model.options"] == "Model options"


def test_every_recipe_passes_through_the_form_unchanged() -> None:
    """Every value as text, and back through `--set`."""
    fields = form_fields()
    for recipe in RECIPES.values():
        config = load_config(None, [], **recipe.values)
        texts = values_of(config)
        sets = [set_argument(field, texts[field.key]) for field in fields]
        assert load_config(None, sets) == config, recipe.name


def test_the_command_trains_with_the_settings_of_the_form(form: RunForm, tmp_path: Path) -> None:
    folder = tmp_path / "my data"
    folder.mkdir()
    changes = {
        "optim.epochs": "3",
        "optim.learning_rate": "0.02",
        "data.landmarks": "false",
        "augment.mixup": "0",
        "objective.pal.weight": "0.5",
        "objective.pal.layer": "stages",
        "model.options": "{widths = [8, 16, 32]}",
    }
    form.fill("default", str(folder), changes, "mine")
    assert form.start.isEnabled(), form.messages.problems.text()
    words = shlex.split(form.command.text())
    assert words[0] == "fertrain"
    config = config_of(words[1:])
    assert config == form.config
    assert config.optim.epochs == 3
    assert config.objective.pal.layer == "stages"
    assert config.model.options == {"widths": [8, 16, 32], "symmetric": True}
    assert words[words.index("--data") + 1] == str(folder)
    assert words[words.index("--name") + 1] == "mine"
    assert form.changes.text() == "6\u00a0settings differ from the recipe"


def test_the_command_is_quoted_for_the_systems_terminal(
    form: RunForm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my data"
    folder.mkdir()
    monkeypatch.setattr(child_process, "WINDOWS", True)
    form.fill("default", str(folder), {"model.options": "{widths = [8, 16]}"}, "mine")
    form.copy.click()
    words = QGuiApplication.clipboard().text()
    assert "'" not in words  # which cmd.exe does not read as a quote
    assert f'--data "{folder}"' in words
    assert '"model.options={widths = [8, 16]}"' in words


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("optim.epochs", "0", "must be a whole number from 1 to 10000"),
        ("optim.epochs", "many", "must be a whole number from 1 to 10000"),
        ("optim.learning_rate", "-1", "must be a number greater than 0 and at most 10"),
        ("augment.erase", "2", "must be a number from 0 to 1"),
        ("run.device", "gpu", "must be auto, cpu, cuda, cuda:N or mps"),
        ("model.options", "3", "must be a table such as {name = value}"),
        ("objective.mirror.weight", "much", "must be a number"),
        ("data.also", "[1]", "must be text"),
    ],
)
def test_an_error_is_shown_at_its_field(
    form: RunForm, tmp_path: Path, key: str, text: str, words: str
) -> None:
    form.fill("default", str(tmp_path), {key: text})
    row = form.rows[key]
    assert words in row.error.text()
    assert row.isVisible()  # its section was opened
    assert not form.start.isEnabled()
    assert row.editor.accessibleDescription() == row.error.text()
    row.reset.click()
    assert form.validate()
    assert not row.error.text()
    assert form.start.isEnabled()


def test_other_problems_are_shown_above_the_command(form: RunForm, tmp_path: Path) -> None:
    form.fill("default", str(tmp_path), {"augment.mixup": "0.2", "objective.pal.weight": "1"})
    assert "augment.mixup must be 0 with objective.pal" in form.messages.problems.text()
    assert form.changes.text() == "Fix the problem shown above"
    form.fill("default", str(tmp_path / "nowhere"), {"objective.pal.weight": "0"})
    assert form.chooser.error.text() == "No such file or folder."
    assert form.chooser.error.isVisible()
    assert form.changes.text() == form.start.toolTip() == "Fix the highlighted field"
    form.fill("default", str(tmp_path), {}, "a/b")
    assert "Name: use letters" in form.messages.problems.text()
    assert not form.start.isEnabled()


def test_training_on_unusable_data_cannot_be_started(form: RunForm, tmp_path: Path) -> None:
    folder = str(tmp_path)
    form.fill("default", folder, {})
    form.show_data_problem(form.data_choice, "x has no split 'train'\nPrepare it anew.")
    assert form.messages.problems.text() == "This data can't be used: x has no split 'train'"
    assert not form.start.isEnabled()
    assert form.check.isEnabled()  # the data may have been repaired
    form.rows["data.also"].set_text(f'["{folder}"]')  # further training data
    assert form.validate()
    assert form.messages.problems.isVisible()
    form.rows["data.also"].reset.click()
    assert not form.validate()
    form.data.setText(str(tmp_path.parent))
    assert form.validate()
    assert not form.messages.problems.isVisible()
    form.data.setText(folder)
    form.show_data_problem(form.data_choice, "")
    assert form.start.isEnabled()


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_the_form_is_never_narrower_than_its_fields(form: RunForm, qtbot: QtBot) -> None:
    """However narrow the window is."""
    window = form.window()
    window.setMinimumSize(0, 640)
    area = form.findChild(QScrollArea)
    for chip in form.sections.values():
        chip.setChecked(True)
    qtbot.waitUntil(lambda: form.rows["data.memory"].isVisible())
    QApplication.sendPostedEvents()
    window.resize(1, 640)
    qtbot.waitUntil(lambda: area.viewport().width() >= area.widget().width())


def test_another_recipe_changes_the_fields(form: RunForm, tmp_path: Path) -> None:
    assert form.changes.text() == "Choose a data set above"
    assert not form.command.text()
    form.data.setText(str(tmp_path))
    form.recipe.choose("trio/pal")
    assert form.rows["objective.pal.weight"].text == "1"
    assert not form.rows["objective.pal.weight"].differs
    assert form.changes.text() == "No changes to the recipe"
    form.rows["run.seed"].set_text("7")
    assert form.validate()
    assert form.changes.text() == "1\u00a0setting differs from the recipe"


def test_numbers_keep_their_full_precision() -> None:
    """As text, and back through `--set`: else a duplicated run trains something else."""
    rate = next(field for field in form_fields() if field.key == "optim.learning_rate")
    for value in (0.1, 0.12345678901234567, 1 / 3, 1e-7, 2.5e-05, 1.0, 10.0):
        config = load_config(None, [set_argument(rate, text_of(value, rate))])
        assert config.optim.learning_rate == value
    assert text_of(0.1, rate) == "0.1"
    assert text_of(1.0, rate) == "1"


@pytest.mark.parametrize(
    ("settings", "recipe"),
    [
        ([], ""),  # has no model options, which the recipe `default` has
        (["model.options={widths=[8,16,16]}"], ""),
        (["model.options={widths=[64,128,256],symmetric=true}", "run.seed=3"], ""),
        (["objective.pal.weight=1", "augment.mixup=0"], ""),
        (["run.seed=7"], "trio/pal"),
        ([], "au/acol"),
    ],
)
def test_a_run_is_duplicated_exactly(
    form: RunForm, tmp_path: Path, settings: list[str], recipe: str
) -> None:
    config = load_config(None, settings, **(RECIPES[recipe].values if recipe else {}))
    form.fill_from(config, str(tmp_path), "again", {})
    assert form.config == config
    if recipe:
        assert form.recipe.name == recipe
        assert len(form.settings) == len(settings)
    form.fill_from(config, str(tmp_path), "again", {"optim.epochs": "77"})
    assert form.config is not None
    assert form.config.optim.epochs == 77


def test_strings_and_tables_are_read_back_unchanged() -> None:
    field = next(field for field in form_fields() if field.key == "model.init")
    for text in ("1", "true", 'a "quoted" name', "C:\\models\\x", ""):
        assert load_config(None, [set_argument(field, text)]).model.init == text
    options = next(field for field in form_fields() if field.key == "model.options")
    value = {"my option": 0.5, "other": 1.0}
    sets = [set_argument(options, text_of(value, options))]
    assert load_config(None, sets).model.options == value


def test_a_registered_loss_has_its_fields(tilt_loss: None, form: RunForm, tmp_path: Path) -> None:
    form.fill("default", str(tmp_path), {"objective.tilt.weight": "0.5"})
    assert form.config is not None
    assert form.config.objective.losses["tilt"].weight == 0.5
    row = form.rows["objective.tilt.angle"]
    assert (row.field.title, row.field.unit, row.text) == ("Tilt angle", "degrees", "3")
    row.set_text("-1")
    assert not form.validate()
    assert row.error.text() == "must be a number of at least 0"


def test_a_rate_far_above_the_recipes_warns_and_still_starts(form: RunForm, tmp_path: Path) -> None:
    rate = load_config(None, [], **RECIPES["default"].values).optim.learning_rate
    form.fill("default", str(tmp_path), {"optim.learning_rate": str(9 * rate)})
    assert not form.messages.warning.isVisible()
    form.fill("default", str(tmp_path), {"optim.learning_rate": str(10 * rate)})
    assert form.messages.warning.isVisible()
    assert (
        f"is 10 times the recipe's ({rate:g}): the run may diverge" in form.messages.warning.text()
    )
    assert form.start.isEnabled()


def test_the_data_of_earlier_runs_is_offered(form: RunForm) -> None:
    form.chooser.show_recent(["/data/raf", "", "/data/FER2013.csv", "/data/raf", "/other"])
    completer = form.data.completer()

    def offered(typed: str) -> list[str]:
        completer.setCompletionPrefix(typed)
        model = completer.completionModel()
        return [model.index(row, 0).data() for row in range(model.rowCount())]

    assert offered("") == ["/data/raf", "/data/FER2013.csv", "/other"]
    assert offered("fer20") == ["/data/FER2013.csv"]


def places(form: RunForm) -> dict[str, tuple[int, ...]]:
    """Where each setting, and all that belongs to the form, is."""
    QApplication.processEvents()
    widgets = {key: row for key, row in form.rows.items() if row.isVisible()}
    editors = {f"{key} editor": row.editor for key, row in widgets.items()}
    others = ("recipe", "data", "check", "run_name", "messages", "command", "start", "changes")
    named = {name: getattr(form, name) for name in others}
    return {
        name: widget.rect().translated(widget.mapTo(form, QPoint())).getRect()
        for name, widget in {**widgets, **editors, **named}.items()
    }


@pytest.mark.qt_log_ignore("This plugin does not support")
@pytest.mark.parametrize("size", [(480, 640), (640, 920)])
def test_an_error_or_a_warning_moves_nothing(
    form: RunForm, tmp_path: Path, size: tuple[int, int]
) -> None:
    form.window().setMinimumSize(0, 0)
    form.window().resize(*size)
    form.fill("default", str(tmp_path), {})
    form.sections["augment"].setChecked(True)
    form.sections["optim"].setChecked(True)
    before = places(form)
    assert len(before) > 20
    for texts, words in (
        ({"optim.learning_rate": "-1"}, "Learning rate must be"),
        ({"optim.learning_rate": "9"}, "the run may diverge"),
        ({"optim.epochs": "a great many of them"}, "Epochs must be"),
        ({"augment.mixup": "0.2", "objective.pal.weight": "1"}, "augment.mixup must be 0"),
    ):
        for key, text in texts.items():
            form.rows[key].set_text(text)
        form.validate()
        assert words in form.messages.problems.text() + form.messages.warning.text()
        assert places(form) == before
        for key in texts:
            form.rows[key].reset.click()
    form.data.setText("/nowhere")
    form.run_name.setText("a/b")
    form.validate()
    assert form.chooser.error.isVisible()
    assert places(form) == before


def test_an_error_beside_its_field_is_complete_above_the_command(
    form: RunForm, tmp_path: Path
) -> None:
    form.fill("default", str(tmp_path), {"optim.epochs": "many"})
    row = form.rows["optim.epochs"]
    assert row.error.isVisible()
    assert not row.unit.isVisible()
    assert form.messages.problems.text() == f"Epochs {row.error.text()}"
    row.reset.click()
    form.validate()
    assert row.unit.isVisible()


def test_data_used_before_is_offered_and_begun_with(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    gone, there = str(tmp_path / "gone"), str(tmp_path)
    chooser = DataChooser(lambda: (there, gone))
    qtbot.addWidget(chooser)
    assert chooser.path == there
    chooser.show_recent(["/of/a/run", there])
    chooser.menu.aboutToShow.emit()
    assert [action.toolTip() for action in chooser.menu.actions()] == [there, gone, "/of/a/run"]
    chooser.menu.actions()[1].trigger()
    assert chooser.path == gone
    assert not chooser.validate()
    empty = DataChooser(lambda: (gone,))
    qtbot.addWidget(empty)
    assert empty.path == ""  # it is not there any more


def test_a_rate_can_be_searched_while_only_the_rate_is_wrong(form: RunForm, tmp_path: Path) -> None:
    assert not form.find_rate.isEnabled()  # no data yet
    form.fill("default", str(tmp_path), {"optim.learning_rate": "-1"})
    assert form.find_rate.isEnabled()
    form.fill("default", str(tmp_path), {"optim.epochs": "0"})
    assert not form.find_rate.isEnabled()
