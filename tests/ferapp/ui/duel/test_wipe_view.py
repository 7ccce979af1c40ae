"""What is painted left and right of the line."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.duel.face_comparison import compare_face
from ferapp.ui.duel.side_colours import difference_palette, side_colour
from ferapp.ui.duel.wipe_view import Layer, WipeView
from ferapp.ui.stage.zoomed_face import ZoomedFace
from ferapp.ui.widgets.theme import apply_theme
from ferapp.vision.types import Analysis
from tests.support.ui.compared import compared, half_map
from tests.support.ui.picture import pixels

SIZE = (400, 300)
STYLE = OverlayStyle(boxes=False, landmarks=False)


@pytest.fixture
def painted() -> list[Analysis]:
    return []


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication, painted: list[Analysis]) -> WipeView:
    apply_theme(qapp, "dark")
    made = WipeView(painted.append)
    qtbot.addWidget(made)
    made.resize(*SIZE)
    made.set_overlay_style(STYLE)
    return made


def show(view: WipeView, analysis: Analysis) -> None:
    comparison = compare_face(analysis.selected_face, "predicted", one_model=False)
    view.show_comparison(analysis, comparison)


def alone(qtbot: QtBot, analysis: Analysis, model: int) -> np.ndarray:
    """The zoomed face with the overlays of one side."""
    whole = ZoomedFace(model=model)
    qtbot.addWidget(whole)
    whole.resize(*SIZE)
    whole.set_overlay_style(STYLE)
    whole.show_analysis(analysis)
    return pixels(whole)


@pytest.mark.parametrize("position", [0.3, 0.5, 0.8])
def test_left_of_the_line_is_a_and_right_of_it_is_b(
    view: WipeView, qtbot: QtBot, position: float
) -> None:
    analysis = compared()
    first, second = (alone(qtbot, analysis, model) for model in (0, 1))
    assert np.abs(first - second).mean() > 5  # they look different
    show(view, analysis)
    view.move_line(position)
    shown, x = pixels(view), view.line_x()
    rows = slice(0, 100)  # above the handle and the letters
    np.testing.assert_array_equal(shown[rows, : x - 4], first[rows, : x - 4])
    np.testing.assert_array_equal(shown[rows, x + 4 :], second[rows, x + 4 :])


def test_in_a_mirrored_picture_a_stays_on_the_left(view: WipeView) -> None:
    maps = half_map("left"), half_map("right")
    view.set_overlay_style(replace(STYLE, mirror=True))
    show(view, compared(maps=maps))
    view.move_line(1.0)
    only_first = pixels(view)
    view.move_line(0.5)
    left = slice(0, SIZE[0] // 2 - 30)
    np.testing.assert_array_equal(pixels(view)[:100, left], only_first[:100, left])


def test_the_line_is_dragged_by_its_handle_only(view: WipeView, qtbot: QtBot) -> None:
    show(view, compared())
    view.show()
    view.move_line(0.5)
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(view, left, pos=QPoint(60, 40))
    qtbot.mouseMove(view, QPoint(90, 40))
    qtbot.mouseRelease(view, left, pos=QPoint(90, 40))
    assert view.position == 0.5
    qtbot.mousePress(view, left, pos=QPoint(200, 150))
    qtbot.mouseMove(view, QPoint(100, 150))
    qtbot.mouseRelease(view, left, pos=QPoint(100, 150))
    assert view.position == pytest.approx(0.25)
    qtbot.mouseMove(view, QPoint(300, 150))
    assert view.position == pytest.approx(0.25)


def test_the_line_begins_in_the_middle_of_the_face(view: WipeView) -> None:
    analysis = compared(size=(640, 240))
    show(view, analysis)
    x, _, width, _ = analysis.faces[0].box
    middle = view.frame_to_view().map(x + width / 2, 0.0)
    assert view.line_x() == pytest.approx(middle[0], abs=1)
    view.move_line(0.9)
    show(view, compared(index=1))
    assert view.position == 0.9  # then it stays where it is


def test_where_they_differ_each_side_has_its_colour(view: WipeView) -> None:
    """A sees only the left half of the face, B only the right one."""
    analysis = compared(("happy", "happy"), (half_map("left"), half_map("right")))
    view.set_overlay_style(replace(STYLE, opacity=1.0))
    show(view, analysis)
    view.set_layer(Layer.DIFFERENCE)
    assert view.key.isVisibleTo(view)
    shown = pixels(view)
    at = view.frame_to_view()
    for letter, frame_x in (("A", 130.0), ("B", 190.0)):
        x, y = at.map(frame_x, 120.0)
        expected = side_colour(letter, STYLE)
        colour = QColor(*shown[round(y), round(x)].tolist())
        assert abs(colour.hue() - expected.hue()) < 12, letter
        assert colour.saturation() > 100
    show(view, compared(("happy", "happy"), (half_map("left"), half_map("left")), index=1))
    same = pixels(view)
    view.set_overlay_style(replace(STYLE, attribution=False))
    np.testing.assert_array_equal(same, pixels(view))  # nothing is drawn over the picture


def test_the_difference_never_has_the_colours_of_the_explanations() -> None:
    assert difference_palette(STYLE) != STYLE.palette
    style = replace(STYLE, palette="green_violet")
    assert difference_palette(style) != style.palette


def test_each_live_analysis_is_reported_once_when_it_is_painted(
    view: WipeView, painted: list[Analysis]
) -> None:
    analysis = compared()
    show(view, analysis)
    assert painted == []
    pixels(view)
    assert painted == [analysis]
    assert view.overlay_delay_ms is not None
    show(view, replace(analysis))
    pixels(view)
    held = compared(index=1)
    view.show_comparison(held, None, is_live=False)
    pixels(view)
    assert painted == [analysis]
