"""The Inspect page on pictures of one's own, while it compares, opens and shows label noise."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.review.opened import Inspected
from ferapp.ui.widgets.confusion_matrix import ConfusionMatrix
from ferapp.ui.widgets.map_tile import SIDE
from tests.support.ui.inspections import Make, pages, small
from trainer.errors import DataError
from trainer.labels import EXPRESSIONS

Say = Callable[[str], None]


@pytest.fixture
def make(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Make]:
    with pages(qtbot, qapp, tmp_path / "runs") as made:
        yield made


def own(count: int) -> Inspected:
    """Pictures without labels; no face was found in the first."""
    opened = small("mine", count)
    landmarks = np.zeros((count, 68, 2), np.float32)
    landmarks[0] = np.nan
    found = replace(
        opened.evaluation,
        label=np.full(count, -1),
        landmarks=landmarks,
        needs_face=True,
    )
    return replace(
        opened,
        evaluation=found,
        model=Path("there.safetensors"),
        picture=lambda row: np.full((48, 48), 128, np.uint8),
    )


def test_a_picture_without_a_face_is_told_apart_and_counts_nowhere(
    make: Make, qtbot: QtBot
) -> None:
    page = make("mine", lambda name, say: own(8))
    assert page.overview.figures["samples"].text() == "7"
    assert sum(int(each.text()) for each in page.overview.predicted.numbers) == 7
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


def test_without_labels_the_predictions_are_counted_and_choose_samples(make: Make) -> None:
    page = make("mine", lambda name, say: own(8))
    overview = page.overview
    assert overview.predicted.isVisible()
    assert not overview.matrix.isVisible()
    assert not overview.figures["ece"].isVisible()
    assert page.opened is not None
    found = page.opened.evaluation
    second = int(found.predicted[1])
    overview.predicted.chips[second].click()
    expected = np.flatnonzero((found.predicted == second) & ~found.faceless)
    assert set(page.grid.samples.rows.tolist()) == set(expected.tolist())
    overview.predicted.chips[second].click()
    assert len(page.grid.samples.rows) == 8
    overview.show_inspected(small("labelled", 8), None)
    assert overview.matrix.isVisible()
    assert overview.figures["ece"].isVisible()


def test_the_answer_of_the_other_model_stands_beside(make: Make, qtbot: QtBot) -> None:
    def opener(name: str, say: Say) -> Inspected:
        return small(name, 70, shift=name == "second")

    page = make("first", opener)
    page.compare_with("second")
    qtbot.waitUntil(lambda: page.other_button.text() == "second", timeout=30_000)
    other = opener("second", print).evaluation
    row = page.row
    name = EXPRESSIONS[other.predicted[row]].title()
    share = round(100 * float(other.probabilities[row].max()))
    words = f"Other: {name} {share}\u00a0% (second)"
    assert page.detail.other.text() == words
    tile = page.grid.samples.index_of(page.grid.samples.place_of(row) or 0)
    assert words in tile.data(Qt.ItemDataRole.ToolTipRole)
    against = page.overview.against
    gap = 100 * (page.opened.evaluation.scores.accuracy - other.scores.accuracy)
    assert abs(gap) > 0.1
    which = "better" if gap > 0 else "worse"
    assert against.text() == f"{abs(gap):.1f}\u00a0points {which} than second"
    assert "right by first" in against.toolTip()
    assert "by second" in against.toolTip()
    kinds = page.filters.kinds
    assert kinds["fixed"].text().startswith("Only first right ")
    assert kinds["fixed"].toolTip() == "first has them right, second has them wrong."
    assert kinds["broken"].text().startswith("Only second right ")
    assert kinds["broken"].toolTip() == "second has them right, first has them wrong."
    page.compare_with("")
    assert not page.detail.other.isVisible()
    assert not against.isVisible()
    assert "Other" not in tile.data(Qt.ItemDataRole.ToolTipRole)


def test_another_model_classifies_the_samples_that_are_open(make: Make, qtbot: QtBot) -> None:
    page = make()
    page.other_menu.fill()
    (action,) = (each for each in page.other_menu.actions() if each.text() == "compact")
    action.trigger()
    qtbot.waitUntil(lambda: page.other_button.text() == "compact", timeout=120_000)
    assert page.detail.other.text().endswith("(compact)")
    assert page.overview.by.text().endswith("default")
    assert not page.comparing.isVisible()


def test_without_pictures_no_other_model_can_be_asked(make: Make, qtbot: QtBot) -> None:
    page = make("one", lambda name, say: small(name, 7))
    page.compare_with_model("compact")
    qtbot.waitUntil(lambda: "pictures are not here" in page.toast.label.text(), timeout=60_000)
    assert page.other_button.text() == ""


def test_leaving_the_view_of_label_noise_ends_its_filter(make: Make) -> None:
    page = make()
    assert page.opened is not None
    cell = (0, 6)  # angry faces taken for neutral
    page.overview.matrix.choose(frozenset({cell}))
    before = page.grid.samples.rows.tolist()
    assert page.filters.rising.isEnabled()
    page.overview.views[3].click()
    assert page.grid.samples.rows.tolist() == page.opened.evaluation.suspects.tolist()
    assert not page.filters.rising.isEnabled()
    for widget in (page.filters.order, page.filters.rising):
        assert "likeliest first" in widget.toolTip()
    page.overview.views[0].click()
    assert page.grid.samples.rows.tolist() == before
    assert page.filters.selection.only == "wrong"
    assert page.overview.matrix.chosen == {cell}
    assert page.filters.rising.isEnabled()
    assert "likeliest" not in page.filters.rising.toolTip()


def test_while_something_opens_its_progress_covers_what_was_shown(make: Make, qtbot: QtBot) -> None:
    gate = threading.Event()

    def opener(name: str, say: Say) -> Inspected:
        if name == "before":
            return small(name, 70)
        say("Classifying picture 5 of 3589 …")
        assert gate.wait(30)
        if name == "bad":
            raise DataError("bad: nothing is here")
        return small(name, 10)

    page = make("before", opener)
    page.open("bad")
    qtbot.waitUntil(lambda: page.veil.words.text().endswith("5 of 3589 …"), timeout=10_000)
    assert page.veil.isVisible()
    assert page.veil.title.text() == "Opening bad …"
    for widget in (page.grid, page.overview, page.reviewing):
        assert not widget.isEnabled()
    assert page.open_button.isEnabled()
    gate.set()
    qtbot.waitUntil(lambda: "nothing is here" in page.toast.label.text(), timeout=10_000)
    assert not page.veil.isVisible()
    assert page.grid.isEnabled()
    page.open("after")
    qtbot.waitUntil(lambda: page.overview.name.text() == "after", timeout=10_000)
    assert not page.veil.isVisible()


def test_what_opens_ends_when_something_else_is_to_be_opened(make: Make, qtbot: QtBot) -> None:
    gate, begun, ended = threading.Event(), threading.Event(), list[str]()

    def opener(name: str, say: Say) -> Inspected:
        if name == "slow":
            begun.set()
            assert gate.wait(30)
            say("Classifying picture 257 of 3589 …")
            ended.append(name)
        return small(name, 10)

    page = make("before", opener)
    page.open("slow")
    assert begun.wait(30)
    page.open("after")
    gate.set()
    qtbot.waitUntil(lambda: page.overview.name.text() == "after", timeout=10_000)
    assert ended == []
    assert page.veil.isHidden()


def test_a_wide_window_gives_names_and_maps_more_room(make: Make, qtbot: QtBot) -> None:
    page = make("one", lambda name, say: small(name, 70))
    narrow = page.overview.matrix.cell_rect((0, 0)).width()
    page.window().resize(1920, 1080)
    qtbot.waitUntil(lambda: page.width() == 1920, timeout=10_000)
    qtbot.waitUntil(lambda: page.detail.maps[0].height() > SIDE + 80, timeout=10_000)
    assert page.detail.maps[0].width() >= SIDE + 50
    assert page.overview.matrix.cell_rect((0, 0)).width() > narrow + 15


@pytest.mark.parametrize("width", [300, 366, 372, 380])
def test_a_name_that_fits_is_whole_and_chooses_its_column(qtbot: QtBot, width: int) -> None:
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.show_counts(EXPRESSIONS, np.ones((7, 7), np.int64))
    matrix.resize(width, 320)
    matrix.show()
    for column, (place, words) in enumerate(matrix.heads()):
        assert words == EXPRESSIONS[column].title()
        for end in (place.left() + 1, place.center().x(), place.right() - 1):
            matrix.choose(frozenset())
            spot = QPoint(round(end), round(place.center().y()))
            qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=spot)
            assert {cell[1] for cell in matrix.chosen} == {column}


@pytest.mark.parametrize("width", [960, 1024, 1280, 1920])
def test_the_names_above_the_matrix_are_whole(make: Make, qtbot: QtBot, width: int) -> None:
    """Above narrow columns they stand in two lines, each over its own column."""
    page = make("one", lambda name, say: small(name, 70))
    page.window().resize(width, 800)
    qtbot.waitUntil(lambda: page.width() == width, timeout=10_000)
    matrix = page.overview.matrix
    heads = matrix.heads()
    assert [words for _, words in heads] == [name.title() for name in EXPRESSIONS]
    for column, (place, _) in enumerate(heads):
        cell = matrix.cell_rect((0, column))
        assert place.left() < cell.center().x() < place.right()
        assert 0 <= place.top() < place.bottom() < cell.top()
        assert place.right() <= matrix.width()
        for other, _ in heads[column + 1 :]:
            assert not place.intersects(other)
        matrix.choose(frozenset())
        qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=place.center().toPoint())
        assert {cell[1] for cell in matrix.chosen} == {column}
        assert len(matrix.chosen) == len(EXPRESSIONS)
