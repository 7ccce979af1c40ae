"""The Inspect page with the user's own pictures, comparisons, and while opening."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.review.opening import OpenedEvaluation
from ferapp.runs.task_queue import ReportProgress
from ferapp.ui.widgets.confusion_matrix import AXIS_TITLES, ConfusionMatrix
from ferapp.ui.widgets.map_tile import SIDE
from tests.support.ui.inspect_bench import MakePage, inspect_pages, small_opened
from trainer.errors import DataError
from trainer.evaluation.intervals import mcnemar
from trainer.labels import EXPRESSIONS


@pytest.fixture
def make(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[MakePage]:
    with inspect_pages(qtbot, qapp, tmp_path / "runs") as made:
        yield made


def own_pictures(count: int) -> OpenedEvaluation:
    """Pictures without labels; the first shows no face."""
    opened = small_opened("mine", count)
    landmarks = np.zeros((count, 68, 2), np.float32)
    landmarks[0] = np.nan
    evaluation = replace(
        opened.evaluation,
        label=np.full(count, -1),
        landmarks=landmarks,
        needs_face=True,
    )
    return replace(
        opened,
        evaluation=evaluation,
        model=Path("there.safetensors"),
        read_picture=lambda row: np.full((48, 48), 128, np.uint8),
    )


def test_a_picture_without_a_face_is_marked_and_not_counted(make: MakePage, qtbot: QtBot) -> None:
    page = make("mine", lambda name, report: own_pictures(8))
    assert page.overview.metrics["samples"].text() == "7"
    assert sum(int(each.text()) for each in page.overview.predicted.counts) == 7
    page.filters.kinds["faceless"].click()
    assert page.filters.kinds["faceless"].text() == "No face 1"
    assert page.grid.samples.rows.tolist() == [0]
    tile = page.grid.samples.index_of(0)
    assert tile.data() == "no face"
    assert "No face was found" in tile.data(Qt.ItemDataRole.ToolTipRole)
    assert page.detail.headline.text() == "No face"
    assert page.detail.bars.summary() == ""
    assert page.detail.maps[1].title == "Predicted"
    qtbot.waitUntil(lambda: "No face was found" in page.detail.note.text(), timeout=10_000)


def test_without_labels_predictions_are_counted_and_select_samples(make: MakePage) -> None:
    page = make("mine", lambda name, report: own_pictures(8))
    overview = page.overview
    assert overview.predicted.isVisible()
    assert not overview.matrix.isVisible()
    assert not overview.metrics["ece"].isVisible()
    assert page.opened is not None
    evaluation = page.opened.evaluation
    second = int(evaluation.predicted[1])
    overview.predicted.chips[second].click()
    expected = np.flatnonzero((evaluation.predicted == second) & ~evaluation.faceless)
    assert set(page.grid.samples.rows.tolist()) == set(expected.tolist())
    overview.predicted.chips[second].click()
    assert len(page.grid.samples.rows) == 8
    overview.show_opened(small_opened("labelled", 8), None)
    assert overview.matrix.isVisible()
    assert overview.metrics["ece"].isVisible()


def test_the_prediction_of_the_compared_model_is_shown(make: MakePage, qtbot: QtBot) -> None:
    def opener(name: str, report: ReportProgress) -> OpenedEvaluation:
        return small_opened(name, 70, shift=name == "second")

    page = make("first", opener)
    page.comparing.with_source("second")
    qtbot.waitUntil(lambda: page.comparing.button.text() == "second", timeout=30_000)
    other = opener("second", print).evaluation
    row = page.row
    name = EXPRESSIONS[other.predicted[row]].title()
    share = round(100 * float(other.probabilities[row].max()))
    words = f"Other: {name} {share}\u00a0% (second)"
    assert page.detail.other.text() == words
    tile = page.grid.samples.index_of(page.grid.samples.position_of(row) or 0)
    assert words in tile.data(Qt.ItemDataRole.ToolTipRole)
    against = page.overview.comparison
    right, other_right = ~page.opened.evaluation.wrong, ~other.wrong
    verdict = mcnemar(right, other_right).verdict("first", "second")
    assert "first is better (p < 0.001)" in verdict
    accuracies = [f"{100 * each.mean():.1f}\u00a0%" for each in (right, other_right)]
    assert against.text() == f"{accuracies[0]} against {accuracies[1]} of second. {verdict}"
    assert "correct by first" in against.toolTip()
    assert "correct by second" in against.toolTip()
    kinds = page.filters.kinds
    assert kinds["fixed"].text().startswith("Only first correct ")
    assert kinds["fixed"].toolTip() == "first is correct, second is wrong."
    assert kinds["broken"].text().startswith("Only second correct ")
    assert kinds["broken"].toolTip() == "second is correct, first is wrong."
    page.comparing.with_source("")
    assert not page.detail.other.isVisible()
    assert not against.isVisible()
    assert "Other" not in tile.data(Qt.ItemDataRole.ToolTipRole)


def test_another_model_classifies_the_open_samples(make: MakePage, qtbot: QtBot) -> None:
    page = make()
    page.comparing.menu.fill()
    (action,) = (each for each in page.comparing.menu.actions() if each.text() == "compact")
    action.trigger()
    qtbot.waitUntil(lambda: page.comparing.button.text() == "compact", timeout=120_000)
    assert page.detail.other.text().endswith("(compact)")
    assert page.overview.model.text().endswith("default")
    assert not page.comparing.status.isVisible()


def test_without_pictures_no_other_model_can_be_compared(make: MakePage, qtbot: QtBot) -> None:
    page = make("one", lambda name, report: small_opened(name, 7))
    page.comparing.with_model("compact")
    qtbot.waitUntil(lambda: "pictures are missing" in page.toast.label.text(), timeout=60_000)
    assert page.comparing.button.text() == ""


def test_the_progress_of_opening_covers_the_page(make: MakePage, qtbot: QtBot) -> None:
    gate = threading.Event()

    def opener(name: str, report: ReportProgress) -> OpenedEvaluation:
        if name == "before":
            return small_opened(name, 70)
        report("Classifying picture 5 of 3,589…")
        assert gate.wait(30)
        if name == "bad":
            raise DataError("bad: nothing is here")
        return small_opened(name, 10)

    page = make("before", opener)
    page.open("bad")
    qtbot.waitUntil(lambda: page.opening.message.text().endswith("5 of 3,589…"), timeout=10_000)
    assert page.opening.isVisible()
    assert page.opening.title.text() == "Opening bad…"
    for widget in (page.grid, page.overview, page.review_bar):
        assert not widget.isEnabled()
    assert page.open_button.isEnabled()
    gate.set()
    qtbot.waitUntil(lambda: "nothing is here" in page.toast.label.text(), timeout=10_000)
    assert not page.opening.isVisible()
    assert page.grid.isEnabled()
    page.open("after")
    qtbot.waitUntil(lambda: page.overview.name.text() == "after", timeout=10_000)
    assert not page.opening.isVisible()


def test_opening_something_else_ends_a_slow_opening(make: MakePage, qtbot: QtBot) -> None:
    gate, begun, ended = threading.Event(), threading.Event(), list[str]()

    def opener(name: str, report: ReportProgress) -> OpenedEvaluation:
        if name == "slow":
            begun.set()
            assert gate.wait(30)
            report("Classifying picture 257 of 3,589…")
            ended.append(name)
        return small_opened(name, 10)

    page = make("before", opener)
    page.open("slow")
    assert begun.wait(30)
    page.open("after")
    gate.set()
    qtbot.waitUntil(lambda: page.overview.name.text() == "after", timeout=10_000)
    assert ended == []
    assert page.opening.isHidden()


def test_a_wide_window_enlarges_names_and_maps(make: MakePage, qtbot: QtBot) -> None:
    page = make("one", lambda name, report: small_opened(name, 70))
    narrow = page.overview.matrix.cell_rect((0, 0)).width()
    page.window().resize(1920, 1080)
    qtbot.waitUntil(lambda: page.width() == 1920, timeout=10_000)
    qtbot.waitUntil(lambda: page.detail.maps[0].height() > SIDE + 80, timeout=10_000)
    assert page.detail.maps[0].width() >= SIDE + 50
    assert page.overview.matrix.cell_rect((0, 0)).width() > narrow + 15


@pytest.mark.parametrize("width", [300, 366, 372, 380])
def test_a_name_that_fits_is_complete_and_selects_its_column(qtbot: QtBot, width: int) -> None:
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.show_counts(EXPRESSIONS, np.ones((7, 7), np.int64))
    matrix.resize(width, 320)
    matrix.show()
    for column, (place, words) in enumerate(matrix.column_headers()):
        assert words == EXPRESSIONS[column].title()
        for end in (place.left() + 1, place.center().x(), place.right() - 1):
            matrix.select(frozenset())
            spot = QPoint(round(end), round(place.center().y()))
            qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=spot)
            assert {cell[1] for cell in matrix.selected} == {column}


@pytest.mark.parametrize("width", [960, 1024, 1280, 1920])
def test_the_names_above_the_matrix_are_complete(make: MakePage, qtbot: QtBot, width: int) -> None:
    """Above narrow columns they alternate between two lines, each above its own column."""
    page = make("one", lambda name, report: small_opened(name, 70))
    page.window().resize(width, 800)
    qtbot.waitUntil(lambda: page.width() == width, timeout=10_000)
    matrix = page.overview.matrix
    heads = matrix.column_headers()
    assert [words for _, words in heads] == [name.title() for name in EXPRESSIONS]
    for column, (place, _) in enumerate(heads):
        cell = matrix.cell_rect((0, column))
        assert place.left() < cell.center().x() < place.right()
        assert 0 <= place.top() < place.bottom() < cell.top()
        assert place.right() <= matrix.width()
        for other, _ in heads[column + 1 :]:
            assert not place.intersects(other)
        matrix.select(frozenset())
        qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=place.center().toPoint())
        assert {cell[1] for cell in matrix.selected} == {column}
        assert len(matrix.selected) == len(EXPRESSIONS)


@pytest.mark.parametrize("width", [300, 380, 700])
def test_the_titles_of_the_axes_are_beside_the_names(qtbot: QtBot, width: int) -> None:
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.show_counts(EXPRESSIONS, np.ones((7, 7), np.int64))
    matrix.resize(width, 420)
    assert AXIS_TITLES == ("true ↓", "predicted →")
    rows, columns = matrix.title_rects()
    first = matrix.cell_rect((0, 0))
    assert rows.right() < first.left()
    assert rows.bottom() <= first.top()
    assert rows.left() >= 0
    assert columns.top() >= 0
    assert columns.left() >= first.left()
    assert columns.right() <= matrix.width()
    for header, _ in matrix.column_headers():
        assert not header.intersects(rows)
        assert not header.intersects(columns)
