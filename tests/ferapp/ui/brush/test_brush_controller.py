"""The brush in the window: mouse, wheel, keys, chips, and the search for the smallest patch."""

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from ferapp.ui.live.live_page import LivePage
from ferapp.vision.face_mesh import to_picture
from ferapp.vision.hidden_areas import Hidden
from ferapp.vision.smallest_patch import candidates
from tests.support.ui.fake_engine import analysis, probabilities
from tests.support.ui.picture import drawn_face, pixels
from tests.support.ui.window_bench import Bench
from trainer.card import Preprocessing
from trainer.labels import EXPRESSIONS

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
HAPPY, SAD = EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")


@pytest.fixture
def page(bench: Bench) -> Iterator[LivePage]:
    bench.show(analysis(drawn_face()))
    bench.window.actions_by_id["brush"].trigger()
    yield bench.window.live_page
    bench.window.actions_by_id["brush"].setChecked(False)


def at(page: LivePage, landmark: int) -> QPoint:
    shown = page.view.analysis
    assert shown is not None
    points = shown.faces[0].landmarks
    assert points is not None
    return page.view.frame_to_view(*points[landmark].tolist()).toPoint()


def paint(bench: Bench, *landmarks: int, button: Qt.MouseButton = LEFT) -> None:
    page = bench.window.live_page
    bench.qtbot.mousePress(page.view, button, pos=at(page, landmarks[0]))
    for landmark in landmarks[1:]:
        bench.qtbot.mouseMove(page.view, at(page, landmark))
    bench.qtbot.mouseRelease(page.view, button, pos=at(page, landmarks[-1]))


def hidden(bench: Bench) -> Hidden:
    return bench.engine.options.hidden


def test_a_stroke_lies_on_the_landmarks_below_the_mouse(bench: Bench, page: LivePage) -> None:
    paint(bench, 48, 51, 54)
    (stroke,) = hidden(bench).areas
    shown = page.view.analysis
    assert shown is not None
    (one,) = shown.faces
    assert one.landmarks is not None
    moved = one.landmarks * 1.3 + 20  # nearer to the camera, elsewhere
    assert to_picture(stroke.points, moved) == pytest.approx(moved[[48, 51, 54]], abs=1.5)


def test_a_mirrored_view_paints_where_the_mouse_is(bench: Bench, page: LivePage) -> None:
    bench.window.actions_by_id["mirror"].setChecked(True)
    paint(bench, 36)
    (stroke,) = hidden(bench).areas
    shown = page.view.analysis
    assert shown is not None
    points = shown.faces[0].landmarks
    assert points is not None
    assert to_picture(stroke.points, points)[0] == pytest.approx(points[36], abs=1)


def test_without_the_brush_nothing_is_painted(bench: Bench, page: LivePage) -> None:
    bench.window.actions_by_id["brush"].setChecked(False)
    paint(bench, 48, 54)
    assert not hidden(bench)
    assert page.brush.bar.isHidden()


def test_the_right_button_erases_and_so_does_the_eraser(bench: Bench, page: LivePage) -> None:
    paint(bench, 48)
    paint(bench, 48, button=RIGHT)
    assert not hidden(bench)
    paint(bench, 48)
    bench.qtbot.mouseClick(page.brush.bar.eraser, LEFT)
    paint(bench, 48)
    assert not hidden(bench)
    assert bench.window.actions_by_id["brush_eraser"].isChecked()


def test_wheel_and_keys_change_the_size(bench: Bench, page: LivePage) -> None:
    brush, view = page.brush.brush, page.view
    before = brush.radius
    place = QPointF(view.rect().center())
    turn = QWheelEvent(
        place,
        view.mapToGlobal(place),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, turn)
    larger = brush.radius
    assert larger > before
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_BracketLeft)
    assert brush.radius == pytest.approx(before)
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_BracketRight)
    assert brush.radius == pytest.approx(larger)
    paint(bench, 30)
    assert hidden(bench).areas[0].radius == brush.radius


def test_undo_and_clear(bench: Bench, page: LivePage) -> None:
    bar = page.brush.bar
    assert not bar.undo.isEnabled()
    page.hide_row.chips["mouth"].click()
    paint(bench, 36)
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert hidden(bench).names == ("mouth",)
    bench.qtbot.mouseClick(bar.clear, LEFT)
    assert not hidden(bench)
    assert not page.hide_row.chips["mouth"].isChecked()
    bench.qtbot.mouseClick(bar.undo, LEFT)
    assert page.hide_row.chips["mouth"].isChecked()
    assert hidden(bench).parts == {"mouth"}


def test_the_fill_is_chosen_and_explained(bench: Bench, page: LivePage) -> None:
    paint(bench, 36)
    assert hidden(bench).fill == "blur"
    chip = page.brush.bar.fills["noise"]
    bench.qtbot.mouseClick(chip, LEFT)
    assert hidden(bench).fill == "noise"
    assert not page.brush.bar.fills["blur"].isChecked()
    for one in page.brush.bar.fills.values():
        assert "The fill matters" in one.toolTip()


def test_escape_puts_the_brush_away_and_leaves_the_paint(bench: Bench, page: LivePage) -> None:
    paint(bench, 36)
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Escape)
    assert not bench.window.actions_by_id["brush"].isChecked()
    assert not page.hide_row.paint.isChecked()
    assert hidden(bench).is_painted


def test_a_frozen_camera_picture_cannot_be_painted(bench: Bench, page: LivePage) -> None:
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Space)
    assert not page.hide_row.paint.isEnabled()
    assert page.brush.bar.isHidden()
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Space)
    assert page.hide_row.paint.isEnabled()


def test_the_ring_is_as_large_as_the_stroke(bench: Bench, page: LivePage) -> None:
    page.brush.brush.radius = 0.3
    before = pixels(page.view)
    bench.qtbot.mouseMove(page.view, at(page, 30))
    bench.qtbot.waitUntil(lambda: page.brush.tool.layer.isVisible())
    changed = np.abs(pixels(page.view) - before).sum(axis=2) > 30
    one, two = at(page, 36), at(page, 45)
    expected = 0.6 * float(np.hypot(two.x() - one.x(), two.y() - one.y()))
    columns = np.nonzero(changed.any(axis=0))[0]
    assert columns.max() - columns.min() == pytest.approx(expected, abs=6)


# the search


class ScriptedClassifier:
    """Sad as soon as any pixel of the middle of the crop changes."""

    card = SimpleNamespace(preprocessing=Preprocessing())  # crops of 48 px

    def __init__(self, stubborn: bool = False) -> None:
        self._stubborn = stubborn
        self._whole: np.ndarray | None = None

    def classify(self, crops: np.ndarray, *, attribution: bool) -> object:
        assert not attribution
        self._whole = crops[0] if self._whole is None else self._whole
        middle = np.s_[:, 24:28, 20:28]
        changed = (np.abs(crops[middle].astype(int) - self._whole[None][middle]) > 1).any((1, 2))
        rows = [
            probabilities("sad", 0.6) if one and not self._stubborn else probabilities("happy", 0.8)
            for one in changed
        ]
        return type("Result", (), {"probabilities": np.stack(rows)})()


def run_search(bench: Bench, classifier: ScriptedClassifier) -> None:
    """What the inference thread does between two frames."""
    search = bench.engine.patch_search
    while search.is_running:
        search.step(classifier)  # type: ignore[arg-type]


def test_the_smallest_patch_is_found_and_becomes_a_stroke(bench: Bench, page: LivePage) -> None:
    paint(bench, 36)
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_F)
    assert not hidden(bench)  # it begins with the whole face
    assert "Cancel" in page.brush.bar.search.text()
    layer, plain = page.brush.tool.layer, pixels(page.view)
    classifier = ScriptedClassifier()
    bench.engine.patch_search.step(classifier)  # type: ignore[arg-type]
    bench.qtbot.waitUntil(lambda: bool(layer.patches))
    assert (np.abs(pixels(page.view) - plain).sum(axis=2) > 60).sum() > 200  # they flash
    run_search(bench, classifier)
    state = bench.engine.patch_search.state
    assert state is not None
    bench.qtbot.waitUntil(lambda: hidden(bench).is_painted)
    assert hidden(bench).areas == (state.patch,)
    assert layer.found == state.patch
    text = page.live_view.toast.label.text()
    assert "Happy 80\u00a0% → 7\u00a0%, now Sad" in text
    assert text.startswith(f"Hiding {round(100 * state.share)}\u00a0% of the face is enough")
    assert page.brush.bar.search.text() == "Find smallest patch"
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not hidden(bench)


def test_that_no_patch_is_enough_is_said(bench: Bench, page: LivePage) -> None:
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_F)
    run_search(bench, ScriptedClassifier(stubborn=True))
    toast = page.live_view.toast
    bench.qtbot.waitUntil(lambda: "changes Happy" in toast.label.text())
    state = bench.engine.patch_search.state
    assert state is not None
    share = round(100 * state.share)
    assert f"No square patch up to {share}\u00a0% of the face" in toast.label.text()
    assert not hidden(bench)


def test_escape_cancels_a_search_first(bench: Bench, page: LivePage) -> None:
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_F)
    assert bench.engine.patch_search.is_running
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_Escape)
    assert not bench.engine.patch_search.is_running
    assert bench.window.actions_by_id["brush"].isChecked()
    assert not hidden(bench)


def test_patches_are_drawn_where_they_are_on_the_face(bench: Bench, page: LivePage) -> None:
    layer = page.brush.tool.layer
    patch = candidates(10)[20]
    corners = layer.patch_corners(patch)
    shown = page.view.analysis
    assert shown is not None
    points = shown.faces[0].landmarks
    assert points is not None
    for corner, (x, y) in zip(corners, to_picture(patch.points, points).tolist(), strict=True):
        assert (corner - page.view.frame_to_view(x, y)).manhattanLength() < 1e-6


def test_without_a_face_there_is_nothing_to_search(bench: Bench, page: LivePage) -> None:
    bench.show(analysis(index=1))
    bench.qtbot.keyClick(bench.window, Qt.Key.Key_F)
    assert not bench.engine.patch_search.is_running
    assert "needs a face" in page.live_view.toast.label.text()
