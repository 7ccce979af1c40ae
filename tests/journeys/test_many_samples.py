"""Many samples at once on the Inspect page: relabel, right click, find, tag, export, compare."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from ferapp.review.decisions import Review
from ferapp.review.opening import OpenedEvaluation
from ferapp.ui.face_map.face_map_view import FaceMapView
from ferapp.ui.inspect import review_steps
from ferapp.ui.inspect.inspect_page import InspectPage
from tests.support.ui.inspect_bench import MakePage, inspect_pages, small_opened
from trainer.labels import EXPRESSIONS

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def make(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[MakePage]:
    with inspect_pages(qtbot, qapp, tmp_path / "runs") as made:
        yield made


def with_pictures(folder: Path, count: int = 70) -> OpenedEvaluation:
    """Samples named as files in folders, each a picture of its own grey."""
    opened = small_opened("small", count)
    ids = np.array([f"{'left' if k % 2 else 'right'}/IMG_{k:03d}.jpg" for k in range(count)])
    return replace(
        opened,
        evaluation=replace(opened.evaluation, sample_id=ids),
        read_picture=lambda row: np.full((48, 48), row, np.uint8),
        review=folder / "review.jsonl",
    )


def opened_page(make: MakePage, folder: Path) -> InspectPage:
    opened = with_pictures(folder)
    page = make("small", lambda *_: opened, views=[FaceMapView()])
    page.filters.kinds["all"].click()
    return page


def entry(menu: QMenu, *path: str) -> None:
    """Trigger an entry, through its submenus."""
    for name in path[:-1]:
        (action,) = (each for each in menu.actions() if each.text() == name)
        menu = action.menu()  # type: ignore[assignment]
    (action,) = (each for each in menu.actions() if each.text() == path[-1])
    action.trigger()


def right_click(page: InspectPage, position: int) -> None:
    grid = page.grid
    at = grid.visualRect(grid.samples.index_of(position)).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, grid.viewport().mapToGlobal(at))
    QApplication.sendEvent(grid.viewport(), event)
    assert page.samples.menu.isVisible()
    page.samples.menu.close()


def test_a_digit_relabels_all_selected_and_one_undo_takes_it_back(
    make: MakePage, qtbot: QtBot, tmp_path: Path
) -> None:
    page = opened_page(make, tmp_path)
    assert page.opened is not None
    evaluation = page.opened.evaluation
    page.grid.setFocus()
    qtbot.keyClick(page.grid, Qt.Key.Key_A, CTRL)
    assert page.samples.actions_bar.isVisible()
    assert page.samples.actions_bar.count.text().startswith("70\u00a0faces selected")
    assert page.review_bar.title.text() == "Your decision about 70\u00a0faces"
    qtbot.keyClicks(page.grid, "4")
    unlike = np.flatnonzero(evaluation.label != 3)
    decided = [json.loads(line) for line in page.opened.review.read_text().splitlines()]
    assert {each["sample_id"] for each in decided} == set(evaluation.sample_id[unlike].tolist())
    assert {each["label"] for each in decided} == {EXPRESSIONS[3]}
    assert len(page.grid.selected_rows()) == 70  # they stay selected
    qtbot.keyClick(page.grid, Qt.Key.Key_U, Qt.KeyboardModifier.ShiftModifier)
    assert page.review_bar.decisions == {}
    qtbot.keyClick(page.grid, Qt.Key.Key_Escape)
    assert not page.samples.actions_bar.isVisible()
    assert page.review_bar.title.text() == "Your decision"


def test_decisions_about_many_are_made_one_after_the_other_beside_the_window(
    make: MakePage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review_steps, "AT_ONCE", 1)
    page = opened_page(make, tmp_path)
    assert page.opened is not None
    bar, rows = page.review_bar, np.arange(70)
    bar.decide_rows(rows, {"flag": True})
    bar.decide_rows(rows, {"label": EXPRESSIONS[3]})  # planned once the first one counts
    assert bar.decisions == {}  # not yet: nothing is written
    qtbot.waitUntil(lambda: any(each.label for each in bar.decisions.values()))
    assert all(each.flag for each in bar.decisions.values())
    qtbot.waitUntil(lambda: "70\u00a0decisions" in bar.state.text())
    bar.undo_button.click()
    bar.undo_button.click()
    page.stop()  # what was decided is still written
    assert bar.decisions == {}
    assert Review(page.opened.review).decisions == {}
    written = page.opened.review.read_text().splitlines()
    unlike = int((page.opened.evaluation.label != 3).sum())
    assert len(written) == 2 * (70 + unlike)


def test_the_menu_of_a_right_click(make: MakePage, qtbot: QtBot, tmp_path: Path) -> None:
    page = opened_page(make, tmp_path)
    page.grid.select_positions(np.array([1, 2, 5]))
    rows = page.grid.selected_rows()
    right_click(page, 2)  # on a selected one: all stay selected
    menu = page.samples.menu
    ids = page.opened.evaluation.sample_id[rows].tolist() if page.opened else []
    entry(menu, "Drop")
    assert {s for s, each in page.review_bar.decisions.items() if each.flag} == set(ids)
    entry(menu, "Take back decisions")
    assert page.review_bar.decisions == {}
    entry(menu, "Keep label")
    assert all(each.kept for each in page.review_bar.decisions.values())
    entry(menu, "Relabel", "Disgust")
    assert "disgust" in {each.label for each in page.review_bar.decisions.values()}
    assert not any(each.kept for each in page.review_bar.decisions.values())
    entry(menu, "Copy sample ids")
    assert QGuiApplication.clipboard().text() == "\n".join(ids)
    entry(menu, "Show only these")
    assert set(page.grid.samples.rows.tolist()) == set(rows.tolist())
    page.filters.kinds["all"].click()
    right_click(page, 9)  # on another one: it alone is meant
    assert menu.actions()[0].text() == "1\u00a0face"


def test_find_by_a_part_of_the_file_name(make: MakePage, qtbot: QtBot, tmp_path: Path) -> None:
    page = opened_page(make, tmp_path)
    qtbot.keyClicks(page.filters.search, "LEFT/img_01")
    assert page.opened is not None
    shown = page.opened.evaluation.sample_id[page.grid.samples.rows].tolist()
    assert sorted(shown) == [f"left/IMG_{k:03d}.jpg" for k in range(11, 20, 2)]
    assert page.filters.count.text() == "5\u00a0samples"
    page.filters.search.clear()
    assert len(page.grid.samples.rows) == 70


def test_tags_are_a_filter_and_the_map_has_the_same(
    make: MakePage, qtbot: QtBot, tmp_path: Path
) -> None:
    page = opened_page(make, tmp_path)
    assert not page.filters.tag.isVisible()
    page.grid.select_positions(np.array([0, 3]))
    rows = set(page.grid.selected_rows().tolist())
    line = page.samples.actions_bar.tag_line
    qtbot.keyClicks(line, "odd")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert page.filters.tag.isVisible()
    assert page.filters.tag.itemText(1) == "odd (2)"
    page.filters.tag.setCurrentIndex(1)
    page.filters.tag.activated.emit(1)
    assert set(page.grid.samples.rows.tolist()) == rows
    (view,) = page.views
    assert isinstance(view, FaceMapView)
    assert view.panel.filter.itemText(2) == "Tagged odd (2)"
    page.files.tag(np.array(sorted(rows)), "odd")  # the same word again takes it off
    assert not page.filters.tag.isVisible()
    assert len(page.grid.samples.rows) == 70


def test_export_of_the_selected_as_class_folders(
    make: MakePage, qtbot: QtBot, tmp_path: Path
) -> None:
    page = opened_page(make, tmp_path)
    assert page.opened is not None
    page.grid.select_positions(np.arange(10))
    rows = page.grid.selected_rows()
    page.files.export(rows, tmp_path / "out")
    qtbot.waitUntil(lambda: "10\u00a0pictures saved in" in page.toast.label.text(), timeout=20_000)
    evaluation = page.opened.evaluation
    expected = {
        f"{evaluation.classes[evaluation.label[row]]}/{evaluation.sample_id[row]}".replace(
            "right/", "right_"
        ).replace("left/", "left_")
        + ".png"
        for row in rows
    }
    written = (tmp_path / "out").rglob("*.png")
    assert {str(path.relative_to(tmp_path / "out")) for path in written} == expected


def test_the_sort_box_says_what_sorts(make: MakePage, tmp_path: Path) -> None:
    page = opened_page(make, tmp_path)
    filters = page.filters
    assert filters.sort_label.text() == "Sort by"
    assert filters.sort_key.currentText() == "Loss"
    assert filters.sort_key.toolTip().startswith("Sorted by loss. −log")
    page._change_selection(kind="suspects")
    assert filters.sort_key.currentText() == "Suspicion"
    assert not filters.sort_key.isEnabled()
    filters.kinds["all"].click()
    assert filters.sort_key.currentText() == "Loss"
    assert filters.sort_key.findText("Suspicion") == -1


def test_a_comparison_shows_the_maps_of_both_models(make: MakePage, qtbot: QtBot) -> None:
    page = make()  # the example, by the real models
    page.comparing.with_model("compact")
    qtbot.waitUntil(lambda: page.comparing.comparison is not None, timeout=120_000)
    comparison = page.comparing.comparison
    assert comparison is not None
    assert page.opened is not None
    page.filters.kinds["wrong"].click()
    other = {row: comparison.other_prediction(row) for row in page.grid.samples.rows.tolist()}
    classes, predicted = page.opened.evaluation.classes, page.opened.evaluation.predicted
    row = next(r for r, p in other.items() if p is not None and p[0] != classes[predicted[r]])
    page._go_to_row(row)
    qtbot.waitUntil(
        lambda: page.detail.maps[1].title.startswith("Other:") and not page.tasks.busy,
        timeout=60_000,
    )
    prediction = other[row]
    assert prediction is not None
    assert page.detail.maps[0].title == f"This: {classes[predicted[row]].title()}"
    assert page.detail.maps[1].title == f"Other: {prediction[0].title()}"
    assert page.detail.maps[2].title.startswith("This, label:")
    first, second = (tile._map for tile in page.detail.maps[:2])
    assert first is not None
    assert second is not None
    assert first != second
