"""The view “Epochs”: slider, confusion, curves, chips, watched faces, and runs without epochs."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.review.epochs.epoch_maps import attribute_faces
from ferapp.review.opening import example, open_evaluation
from ferapp.ui.inspect.inspect_page import InspectPage
from ferapp.ui.time_machine.epochs_view import EpochsView
from ferapp.ui.time_machine.watch_tile import WatchTile
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.theme import Mode, apply_theme
from tests.support.runs.epoch_files import opened_run, run_with_epochs, write_epoch
from tests.support.runs.run_files import make_run, running_process, started
from tests.support.ui.inspect_bench import inspect_pages, small_opened
from trainer.labels import EXPRESSIONS
from trainer.model_index import find_model
from trainer.training.run_dir import RunDir

COUNT = 70
LABEL = np.arange(COUNT) % 7
NAMES = np.array([f"{number:03d}" for number in range(COUNT)])
Open = Callable[..., tuple[InspectPage, EpochsView]]


def logits_of(predicted: list[np.ndarray]) -> np.ndarray:
    """(E, N, 7) of known predictions."""
    return np.stack([3 * np.eye(7, dtype=np.float32)[each] for each in predicted])


# epoch 0: all angry; 1: right but for fear; 2: right but for sad; 3: right but for fear and sad
FEAR, SAD = EXPRESSIONS.index("fear"), EXPRESSIONS.index("sad")
PREDICTED = [
    np.zeros(COUNT, int),
    np.where(LABEL == FEAR, SAD, LABEL),
    np.where(LABEL == SAD, FEAR, LABEL),
    np.where((LABEL == SAD) | (LABEL == FEAR), 6, LABEL),
]


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return run_with_epochs(tmp_path / "runs", logits_of(PREDICTED), LABEL, NAMES)


@pytest.fixture
def open_view(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Open]:
    with inspect_pages(qtbot, qapp, tmp_path / "runs") as make:

        def opened(source: str, count: int = COUNT) -> tuple[InspectPage, EpochsView]:
            view = EpochsView()
            page = make(source, lambda name, report: small_opened(name, count), (view,))
            page.show_view(view)
            qtbot.waitUntil(lambda: not view.tasks.busy, timeout=30_000)
            return page, view

        yield opened


def chip_numbers(view: EpochsView) -> dict[str, int]:
    return {kind: int(chip.text().split()[-1]) for kind, chip in view.samples.kinds.items()}


def test_the_slider_drives_figures_confusion_chips_and_grid(open_view: Open, run: RunDir) -> None:
    _, view = open_view(str(run.path))
    overview, grid = view.overview, view.samples.grid.samples
    overview.bar.slider.setValue(1)
    assert overview.headline.text().startswith("Epoch 1 of 3")
    assert overview.conditions.text() == "val · n\u00a0=\u00a070 · raw"
    assert overview.figure_row.figures["accuracy"].text() == "85.7\u00a0%"  # 6 of 7 classes
    assert overview.figure_row.figures["change"].text() == "+71.4"  # angry was right at the start
    assert overview.matrix.cell_values()[FEAR, SAD] == 10
    assert chip_numbers(view) == {
        "all": 70, "learned": 50, "forgotten": 0, "never": 10, "always": 10, "changed": 60,
    }  # fmt: skip
    overview.bar.slider.setValue(2)
    assert chip_numbers(view)["forgotten"] == 10
    view.samples.kinds["forgotten"].click()
    assert {LABEL[row] for row in grid.rows} == {SAD}
    tile = grid.index_of(0)
    assert tile.data().startswith("sad → fear")
    overview.bar.slider.setValue(3)
    assert {LABEL[row] for row in grid.rows} == {SAD, FEAR}
    view.samples.kinds["all"].click()
    overview.matrix.select(frozenset({(FEAR, 6)}))
    assert {LABEL[row] for row in grid.rows} == {FEAR}
    overview.matrix.select(frozenset())
    overview.bar.slider.setValue(0)
    assert overview.headline.text() == "Start (epoch 0)"
    assert overview.figure_row.figures["change"].text() == "–"


def test_the_curves_mark_the_epoch_and_name_its_recall(open_view: Open, run: RunDir) -> None:
    _, view = open_view(str(run.path))
    view.overview.bar.slider.setValue(2)
    description = view.overview.curves.plot.accessibleDescription()
    assert "Fear 100 %" in description
    assert "Sad 0 %" in description
    view.overview.bar.slider.setValue(3)
    assert "Fear 0 %" in view.overview.curves.plot.accessibleDescription()


def test_keys_step_through_the_epochs_and_play_ends_at_the_last(
    open_view: Open, run: RunDir, qtbot: QtBot
) -> None:
    _, view = open_view(str(run.path))
    slider = view.overview.bar
    assert slider.position == 3  # without a best model the last
    slider.slider.setFocus()
    qtbot.keyClick(slider.slider, Qt.Key.Key_Left)
    assert slider.position == 2
    grid = view.samples.grid
    qtbot.keyClicks(grid, ",")
    assert slider.position == 1
    qtbot.keyClicks(grid, ".")
    assert slider.position == 2
    slider.slider.setValue(3)
    slider._timer.setInterval(1)
    seen = list[int]()
    slider.moved.connect(seen.append)
    slider.play.click()
    qtbot.waitUntil(lambda: not slider.play.isChecked(), timeout=10_000)
    assert seen == [0, 1, 2, 3]  # at the end it starts again


def test_a_sample_is_shown_beside_with_its_story(open_view: Open, run: RunDir) -> None:
    page, view = open_view(str(run.path))
    sad = int(np.flatnonzero(LABEL == SAD)[0])
    position = view.samples.grid.samples.position_of(sad)
    assert position is not None
    view.samples.grid.go_to(position)
    assert page.row == sad
    # right only at epoch 1, wrong at 2 and 3
    assert view.samples.story.text() == "Right at 1 of 4, forgotten 1\u00a0time"
    assert view.samples.story.toolTip() == "Right for the first time at epoch 1."
    assert page.detail.sample.text().startswith(f"{sad:03d}")


def test_faces_are_watched_by_default_and_w_marks_others(
    open_view: Open, run: RunDir, qtbot: QtBot
) -> None:
    page, view = open_view(str(run.path))
    faces = view.watched.faces
    assert len(faces) == 12
    assert {LABEL[face] for face in faces} == set(range(7))
    assert sum(LABEL[face] in (SAD, FEAR) for face in faces) == 7  # the five others are forgotten
    grid = view.samples.grid
    other = next(row for row in grid.samples.rows.tolist() if row not in faces)
    grid.go_to(grid.samples.position_of(other) or 0)
    qtbot.keyClicks(grid, "w")
    assert view.watched.faces == (*faces[1:], other)
    qtbot.keyClicks(view.watched.tiles[11], "w")
    assert view.watched.faces == faces[1:]
    assert not view.watched.tiles[11].isVisible()
    page.switch.show_view(0)
    page.show_view(view)
    qtbot.waitUntil(lambda: not view.tasks.busy, timeout=30_000)
    assert view.watched.faces == faces[1:]
    assert "run.keep_epochs" in view.watched.note.text()


def test_a_tile_shows_the_prediction_of_the_epoch(open_view: Open, run: RunDir) -> None:
    _, view = open_view(str(run.path))
    index = next(i for i, face in enumerate(view.watched.faces) if LABEL[face] == SAD)
    tile = view.watched.tiles[index]
    view.overview.bar.slider.setValue(2)
    assert tile.title == "Sad ✗"
    assert tile.caption.startswith("Fear ")
    view.overview.bar.slider.setValue(1)
    assert tile.title == "Sad ✓"
    assert tile.caption.startswith("Sad ")


def test_digits_still_decide_about_the_sample(open_view: Open, run: RunDir, qtbot: QtBot) -> None:
    page, view = open_view(str(run.path))
    view.samples.grid.go_to(0)
    qtbot.keyClicks(view.samples.grid, "4")
    row = page.row
    assert page.review_bar.decisions[NAMES[row]].label == "happy"
    tile = view.samples.grid.samples.index_of(0)
    assert "Relabelled happy by you" in tile.data(Qt.ItemDataRole.ToolTipRole)


def test_a_run_without_epochs_and_pictures_say_why(
    open_view: Open, tmp_path: Path, qtbot: QtBot
) -> None:
    old = make_run(tmp_path / "runs", [started()], "old")
    page, view = open_view(str(old.path))
    assert "has recorded no epochs" in view.overview.message.text()
    assert "Train it again" in view.overview.message.text()
    assert not view.samples.isVisible()
    page.open(str(tmp_path / "pictures"))
    qtbot.waitUntil(lambda: "Only training runs" in view.overview.message.text(), timeout=30_000)


def test_other_samples_than_those_of_the_epochs_say_so(open_view: Open, tmp_path: Path) -> None:
    names = np.array([f"val-{name}" for name in NAMES])
    run = run_with_epochs(tmp_path / "runs", logits_of(PREDICTED), LABEL, names)
    _, view = open_view(str(run.path))
    assert "other samples" in view.overview.message.text()


def test_epochs_of_a_run_that_still_trains_appear_when_refreshed(
    open_view: Open, tmp_path: Path, qtbot: QtBot
) -> None:
    runs = tmp_path / "runs"
    run = run_with_epochs(runs, logits_of(PREDICTED[:2]), LABEL, NAMES)
    _, view = open_view(str(run.path))
    assert not view.overview.refresh.isVisible()  # its process is gone
    view.overview.bar.slider.setValue(0)
    with running_process("trainer", "train") as child:
        run.events.write_text(
            make_run(runs, [started(pid=child.pid, time=time.time())], "x").events.read_text()
        )
        view.show_opened(opened_run(run, COUNT), None)
        qtbot.waitUntil(lambda: view.overview.refresh.isVisible(), timeout=30_000)
        view.overview.bar.slider.setValue(0)
        write_epoch(run, 2, logits_of(PREDICTED)[2])
        view.overview.refresh.click()
        qtbot.waitUntil(lambda: view.overview.bar.slider.maximum() == 2, timeout=30_000)
    assert view.overview.bar.position == 0  # where it was
    view.overview.bar.slider.setValue(2)
    assert view.overview.matrix.cell_values()[SAD, FEAR] == 10


def test_where_weights_were_kept_the_map_moves_with_the_epoch(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    opened = open_evaluation(str(example()))
    rows = np.arange(0, len(opened.evaluation), 6)
    evaluation = opened.evaluation
    run = run_with_epochs(
        tmp_path / "runs",
        np.stack([evaluation.logits[rows]] * 3),
        evaluation.label[rows],
        evaluation.sample_id[rows],
    )
    run.best.parent.mkdir()
    models = {0: "compact", 1: "default"}  # as if training had made one of the other
    for epoch, name in models.items():
        copied = run.best.with_name(f"epoch-{epoch:04d}.safetensors")
        shutil.copy(find_model(name), copied)
    shutil.copy(find_model("default"), run.best)
    view = EpochsView()
    with inspect_pages(qtbot, qapp, tmp_path / "runs") as make:
        page = make("", lambda name, report: replace(opened, source=str(run.path)), (view,))
        page.show_view(view)
        qtbot.waitUntil(lambda: not view.tasks.busy, timeout=60_000)
        assert not view.maps.missing
        face, tile = view.watched.faces[0], view.watched.tiles[0]
        row = int(rows[face])
        pictures = list[bytes]()
        for position, name in models.items():
            view.overview.bar.slider.setValue(position)
            picture = opened.read_picture(row)
            assert picture is not None
            landmarks, label = evaluation.landmarks[[row]], evaluation.label[[row]]
            (expected,) = attribute_faces(find_model(name), [picture], landmarks, label)
            face_map = view.maps.map_of(position, face)
            assert face_map is not None
            assert face_map.map == pytest.approx(expected.map, abs=1e-4)
            pictures.append(bytes(tile.grab().toImage().constBits()))
            assert not view.watched.note.text()
        assert pictures[0] != pictures[1]
        view.overview.bar.slider.setValue(2)
        assert "were not kept" in view.watched.note.text()


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_the_strip_of_a_face_has_a_high_bar_where_it_is_right(
    qtbot: QtBot, qapp: QApplication, mode: Mode
) -> None:
    tile = WatchTile()
    qtbot.addWidget(tile)
    tile.show_predictions(EXPRESSIONS, np.array([SAD, FEAR, SAD, SAD]), FEAR)
    tile.show_position(3)
    apply_theme(qapp, mode)  # afterwards: the colours follow
    tile.resize(tile.sizeHint())
    image = tile.grab().toImage()
    colours = [QColor(theme.current().expression(name)) for name in ("sad", "fear", "sad")]
    quarter, bottom = tile.width() / 4, tile.height() - 1
    for index, colour in enumerate(colours):
        assert image.pixelColor(round((index + 0.5) * quarter), bottom) == colour
    top = bottom - 6
    assert image.pixelColor(round(1.5 * quarter), top) == colours[1]  # right
    assert image.pixelColor(round(0.5 * quarter), top) != colours[0]  # wrong
