"""The face map in the real window: from a lasso to decisions, and two models compared."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.cli import main
from ferapp.review.opening import example
from ferapp.ui.face_map.face_map_view import NO_FEATURES, FaceMapView
from ferapp.ui.inspect.inspect_page import InspectPage
from ferapp.ui.shell.window import MainWindow
from tests.support.ui.inspect_bench import MakePage, inspect_pages, small_opened


def map_of(page: InspectPage, qtbot: QtBot) -> FaceMapView:
    """The map, shown, with every face on it."""
    (view,) = (view for view in page.views if isinstance(view, FaceMapView))
    page.switch.chips[1 + page.views.index(view)].click()
    qtbot.waitUntil(lambda: len(view.canvas.rows_in_view) > 0, timeout=60_000)
    return view


def lasso_all(view: FaceMapView) -> None:
    canvas, shift = view.canvas, Qt.KeyboardModifier.ShiftModifier
    right, bottom = canvas.width() - 2, canvas.height() - 2
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, shift, QPoint(1, 1))
    for corner in (QPoint(right, 1), QPoint(right, bottom), QPoint(1, bottom)):
        QTest.mouseMove(canvas, corner)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, shift, QPoint(1, bottom))


def test_select_on_the_map_then_relabel_undo_drop_tag_and_export(
    qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    done = list[str]()

    def look(page: InspectPage) -> None:
        qtbot.waitUntil(lambda: page.opened is not None, timeout=60_000)
        assert page.opened is not None
        evaluation, review = page.opened.evaluation, page.opened.review
        view = map_of(page, qtbot)
        view._show_rows("wrong")
        lasso_all(view)
        wrong = np.flatnonzero(evaluation.wrong).tolist()
        assert view.canvas.selection.tolist() == wrong
        selection = view.panel.selection
        assert selection.count.text().startswith(f"{len(wrong)}\u00a0face")

        (sad,) = (a for a in selection.classes.actions() if a.text() == "Sad")
        sad.trigger()
        decided = [json.loads(line) for line in review.read_text().splitlines()]
        unlike = [r for r in wrong if evaluation.classes[evaluation.label[r]] != "sad"]
        assert [each["sample_id"] for each in decided] == evaluation.sample_id[unlike].tolist()
        assert {each["label"] for each in decided} == {"sad"}
        page.review_bar.undo_button.click()
        assert page.review_bar.decisions == {}
        selection.drop_button.click()
        assert sum(each.flag for each in page.review_bar.decisions.values()) == len(wrong)

        selection.tag_line.setText("odd")
        QTest.keyClick(selection.tag_line, Qt.Key.Key_Return)
        assert view.panel.filter.itemText(2) == f"Tagged odd ({len(wrong)})"

        page.files.export(view.canvas.selection, tmp_path / "out")
        qtbot.waitUntil(lambda: "saved in" in page.toast.label.text(), timeout=20_000)
        labels = {path.parent.name for path in (tmp_path / "out").rglob("*.png")}
        assert labels == {evaluation.classes[evaluation.label[row]] for row in wrong}
        assert len(list((tmp_path / "out").rglob("*.png"))) == len(wrong)

        selection.grid_button.click()
        assert sorted(page.grid.samples.rows.tolist()) == wrong
        assert page.view is None
        done.append("all")

    def guarded() -> None:
        try:
            windows = (w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow))
            (window,) = (w for w in windows if w.isVisible())
            (page,) = window.findChildren(InspectPage)
            look(page)
        finally:
            QApplication.closeAllWindows()

    QTimer.singleShot(0, guarded)
    monkeypatch.setattr(sys, "argv", ["ferapp", "--source", "demo", "--page", "inspect"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert done == ["all"]


@pytest.fixture
def make(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[MakePage]:
    with inspect_pages(qtbot, qapp, tmp_path / "runs") as made:
        yield made


def test_two_models_show_whose_answers_changed_and_a_click_shows_the_face(
    make: MakePage, qtbot: QtBot
) -> None:
    page = make(str(example()), views=(FaceMapView(),))
    assert page.opened is not None
    view = map_of(page, qtbot)
    assert view.panel.colours["change"].isHidden()
    page.comparing.with_model("compact")
    qtbot.waitUntil(lambda: page.comparing.comparison is not None, timeout=60_000)
    assert page.comparing.comparison is not None
    differs = page.opened.evaluation.predicted != page.comparing.comparison.other.predicted
    changed = np.flatnonzero(differs)
    view.panel.colours["change"].click()
    assert view.panel.legend.note.text().startswith(f"{len(changed)}\u00a0answer")
    view.panel.filter.setCurrentIndex(view.panel.filter.findText("Changed answers"))
    view.panel.filter.activated.emit(view.panel.filter.currentIndex())
    assert view.canvas.rows_in_view.tolist() == changed.tolist()
    row = int(changed[0])
    view.canvas.fit()
    place: QPointF = view.canvas.place(row)
    nearest = view.canvas.row_at(place)
    QTest.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=place.toPoint())
    assert page.row == nearest
    assert page.detail.sample.text().startswith(str(page.opened.evaluation.sample_id[nearest]))
    page.comparing.with_source("")
    view.canvas.fit()
    assert view.canvas.rows_in_view.size == len(page.opened.evaluation)


def test_an_evaluation_without_features_says_so(make: MakePage, qtbot: QtBot) -> None:
    page = make("old", lambda name, report: small_opened("old", 8), views=(FaceMapView(),))
    page.switch.chips[1].click()
    (view,) = page.views
    assert isinstance(view, FaceMapView)
    assert view.canvas.accessibleDescription() == NO_FEATURES
