"""The form of a new run, and the check of its data."""

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QScrollArea
from pytestqt.qtbot import QtBot

from ferapp.runs import training_process
from ferapp.runs.check_data import check_data
from ferapp.ui.train.data_view import DataView
from ferapp.ui.train.form_fields import form_fields, setting, text_of, values_of
from ferapp.ui.train.run_form import TrainForm
from ferapp.ui.widgets.theme import apply_theme
from trainer.config.loading import load_config
from trainer.config.loss_settings import LossConfig
from trainer.config.objective_config import register_loss_settings
from trainer.config.sections import setting as config_setting
from trainer.config.train_config import TrainConfig
from trainer.data.face_data import FaceData, save
from trainer.labels import EXPRESSIONS
from trainer.recipes import RECIPES


class TiltConfig(LossConfig):
    angle: float = config_setting(3.0, "Largest tilt.", "degrees", ge=0)


register_loss_settings("tilt", TiltConfig)


@pytest.fixture
def form(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[TrainForm]:
    apply_theme(qapp, "dark")
    window = QMainWindow()
    qtbot.addWidget(window)
    made = TrainForm(tmp_path / "runs")
    window.setCentralWidget(made)
    window.setMinimumSize(600, 640)
    window.show()
    yield made
    window.close()


def config_of(arguments: list[str]) -> TrainConfig:
    """What the command line would train with."""
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


def test_each_recipe_survives_the_form_unchanged() -> None:
    """Every value as text, and back through `--set`."""
    fields = form_fields()
    for recipe in RECIPES.values():
        config = load_config(None, [], **recipe.values)
        texts = values_of(config)
        sets = [setting(field, texts[field.key]) for field in fields]
        assert load_config(None, sets) == config, recipe.name


def test_the_command_trains_what_the_form_shows(form: TrainForm, tmp_path: Path) -> None:
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
    assert form.start.isEnabled(), form.wrong.text()
    words = shlex.split(form.command_line.text())
    assert words[0] == "fertrain"
    config = config_of(words[1:])
    assert config == form.config
    assert config.optim.epochs == 3
    assert config.objective.pal.layer == "stages"
    assert config.model.options == {"widths": [8, 16, 32], "symmetric": True}
    assert words[words.index("--data") + 1] == str(folder)
    assert words[words.index("--name") + 1] == "mine"
    assert form.changes.text() == "6 settings differ from the recipe"


def test_the_command_is_quoted_as_the_system_reads_it(
    form: TrainForm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my data"
    folder.mkdir()
    monkeypatch.setattr(training_process, "WINDOWS", True)
    form.fill("default", str(folder), {"model.options": "{widths = [8, 16]}"}, "mine")
    form.copy.click()
    words = QGuiApplication.clipboard().text()
    assert "'" not in words  # which cmd.exe takes for a letter
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
def test_what_is_wrong_stands_at_its_field(
    form: TrainForm, tmp_path: Path, key: str, text: str, words: str
) -> None:
    form.fill("default", str(tmp_path), {key: text})
    row = form.rows[key]
    assert words in row.error.text()
    assert row.isVisible()  # its section was opened
    assert not form.start.isEnabled()
    assert row.editor.accessibleDescription() == row.error.text()
    row.back.click()
    assert form.validate()
    assert not row.error.text()
    assert form.start.isEnabled()


def test_what_is_wrong_with_the_whole_is_said(form: TrainForm, tmp_path: Path) -> None:
    form.fill("default", str(tmp_path), {"augment.mixup": "0.2", "objective.pal.weight": "1"})
    assert "augment.mixup must be 0 with objective.pal" in form.wrong.text()
    form.fill("default", str(tmp_path / "nowhere"), {"objective.pal.weight": "0"})
    assert form.data_wrong.text() == "There is no such file or folder."
    assert form.data_wrong.isVisible()
    assert form.changes.text() == form.start.toolTip() == "Something above is wrong."
    form.fill("default", str(tmp_path), {}, "a/b")
    assert "Name: use letters" in form.wrong.text()
    assert not form.start.isEnabled()


def test_what_a_check_refused_is_not_started(form: TrainForm, tmp_path: Path) -> None:
    folder = str(tmp_path)
    form.fill("default", folder, {})
    form.refuse(folder, "x has no split 'train'\nPrepare it anew.")
    assert form.wrong.text() == "The check refused this data: x has no split 'train'"
    assert not form.start.isEnabled()
    assert form.check.isEnabled()  # it may be mended meanwhile
    form.rows["data.also"].set_text(f'["{folder}"]')  # whose pictures are learned, too
    assert form.validate()
    assert form.wrong.isVisible()
    form.rows["data.also"].back.click()
    assert not form.validate()
    form.data.setText(str(tmp_path.parent))
    assert form.validate()
    assert not form.wrong.isVisible()
    form.data.setText(folder)
    form.refuse(folder, "")
    assert form.start.isEnabled()


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_the_fields_are_as_wide_as_they_have_to_be(form: TrainForm, qtbot: QtBot) -> None:
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


def test_another_recipe_brings_its_settings(form: TrainForm, tmp_path: Path) -> None:
    assert form.changes.text() == "Choose a data set above."
    assert not form.command_line.text()
    form.data.setText(str(tmp_path))
    form.recipe.setCurrentIndex(form.recipe.findData("trio/pal"))
    assert form.rows["objective.pal.weight"].text == "1"
    assert not form.rows["objective.pal.weight"].differs
    assert form.changes.text() == "Exactly the recipe"


def test_texts_are_read_back_as_they_are() -> None:
    field = next(field for field in form_fields() if field.key == "model.init")
    for text in ("1", "true", 'a "quoted" name', "C:\\models\\x", ""):
        assert load_config(None, [setting(field, text)]).model.init == text
    options = next(field for field in form_fields() if field.key == "model.options")
    value = {"my option": 0.5, "other": 1.0}
    sets = [setting(options, text_of(value, options))]
    assert load_config(None, sets).model.options == value


def test_a_registered_loss_has_its_fields(form: TrainForm, tmp_path: Path) -> None:
    form.fill("default", str(tmp_path), {"objective.tilt.weight": "0.5"})
    assert form.config is not None
    assert form.config.objective.losses["tilt"].weight == 0.5
    row = form.rows["objective.tilt.angle"]
    assert (row.field.title, row.field.unit, row.text) == ("Tilt angle", "degrees", "3")
    row.set_text("-1")
    assert not form.validate()
    assert row.error.text() == "must be a number of at least 0"


def data_with_flaws() -> FaceData:
    draw = np.random.default_rng(0)
    images = draw.integers(0, 255, (60, 16, 16), np.uint8)
    images[50] = images[0]  # in train and in val
    images[2] = images[1]  # twice under two labels
    landmarks = np.zeros((60, 68, 2), np.float32)
    landmarks[:6] = np.nan
    label = np.arange(60) % 6  # no neutral
    label[50] = label[0]
    return FaceData(
        name="flawed",
        classes=EXPRESSIONS,
        images=images,
        sample_id=np.array([f"s{k}" for k in range(60)]),
        source_index=np.arange(60),
        split=np.array(["train"] * 45 + ["val"] * 15),
        label=label,
        landmarks=landmarks,
        votes=np.full((60, 7), np.nan, np.float32),
        landmark_source="files",
        skipped=("bad.jpg is truncated",),
    )


def test_the_check_counts_what_is_wrong(tmp_path: Path, qtbot: QtBot) -> None:
    save(data_with_flaws(), tmp_path)
    check = check_data(tmp_path)
    assert (check.samples, check.without_landmarks, check.with_votes) == (60, 6, 0)
    assert (check.leaked, check.conflicting) == (1, 1)
    assert check.skipped == ("bad.jpg is truncated",)
    assert check.counts["train"]["angry"] == 8
    assert len(check.sheets["angry"]) == 8
    assert len(check.sheets["neutral"]) == 0
    assert check.problem == ""
    view = DataView()
    qtbot.addWidget(view)
    view.show_check(check)
    words = view.words.text()
    for part in ("No training pictures of neutral", "1 training pictures", "6 of 60", "bad.jpg"):
        assert part in words


def test_data_that_cannot_be_trained_on_says_so(tmp_path: Path) -> None:
    data = data_with_flaws()
    save(replace(data, split=np.full(60, "train")), tmp_path)
    assert "no split 'val'" in check_data(tmp_path).problem
