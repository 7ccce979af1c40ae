"""The map's pixels, and what mouse and keyboard do on it."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.ui.face_map.map_canvas import MAX_THUMBNAILS, MapCanvas
from ferapp.ui.face_map.map_painting import ClusterName
from ferapp.ui.face_map.point_colours import ClassEntry, colour_points
from ferapp.ui.face_map.viewport import fitted, inside_polygon
from ferapp.ui.widgets import theme
from tests.support.runs.evaluations import HAPPY, SAD, evaluation
from tests.support.ui.picture import pixels, rgb

SIDE = 20  # faces in a row of the grid that the map shows
GREY = 77  # of every thumbnail


@pytest.fixture
def canvas(qtbot: QtBot, qapp: QApplication) -> Iterator[MapCanvas]:
    """400 faces in a square grid, numbered line by line; row 0 is happy, the others are sad."""
    theme.apply_theme(qapp, "dark")
    made = MapCanvas(lambda row: [f"Face {row}", "Predicted sad 90 %"])
    qtbot.addWidget(made)
    made.resize(500, 500)
    made.show()
    made.open(lambda row: np.full((48, 48), GREY, np.uint8))
    count = SIDE * SIDE
    positions = np.stack(np.divmod(np.arange(count), SIDE)[::-1], axis=1).astype(np.float32)
    made.show_positions(positions)
    made.show_rows(np.arange(count))
    labels = [HAPPY] + [SAD] * (count - 1)
    made.show_colours(colour_points(evaluation(labels, labels), None, "label"))
    yield made
    made.thumbnails.close()


def at(canvas: MapCanvas, row: int) -> QPoint:
    return canvas.place(row).toPoint()


def colour_at(canvas: MapCanvas, row: int) -> list[int]:
    place = at(canvas, row)
    return [int(value) for value in pixels(canvas)[place.y(), place.x()]]


def drag(canvas: MapCanvas, corners: list[QPoint], modifier: Qt.KeyboardModifier) -> None:
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, modifier, corners[0])
    for corner in corners[1:]:
        QTest.mouseMove(canvas, corner)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, modifier, corners[-1])


def test_a_face_has_the_colour_of_its_class_at_its_place(canvas: MapCanvas) -> None:
    assert not canvas.shows_thumbnails
    assert colour_at(canvas, 0) == rgb(theme.current().expressions["happy"])
    assert colour_at(canvas, 1) == rgb(theme.current().expressions["sad"])
    empty = (at(canvas, 0) + at(canvas, SIDE + 1)) / 2
    assert list(pixels(canvas)[empty.y(), empty.x()]) == rgb(theme.current().window)


def test_few_faces_in_view_are_thumbnails_framed_in_their_colour(
    canvas: MapCanvas, qtbot: QtBot
) -> None:
    first = canvas.place(0)
    canvas.show_viewport(canvas.viewport.zoomed(2.5, first.x(), first.y()))
    assert len(canvas.rows_in_view) <= MAX_THUMBNAILS
    canvas.repaint()  # asks for the pictures
    qtbot.waitUntil(lambda: colour_at(canvas, 0) == [GREY] * 3)
    left = round(canvas.thumbnail_side() / 2) - 1
    place = at(canvas, 0)
    frame = pixels(canvas)[place.y(), place.x() - left]
    assert list(frame) == rgb(theme.current().expressions["happy"])


def test_the_wheel_zooms_about_the_cursor_and_dragging_moves(canvas: MapCanvas) -> None:
    before = canvas.place(21)
    nothing, buttons = QPoint(0, 0), Qt.MouseButton.NoButton
    wheel = QWheelEvent(
        before,
        canvas.mapToGlobal(before),
        nothing,
        QPoint(0, 240),
        buttons,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, wheel)
    assert canvas.viewport.zoom == pytest.approx(2)
    after = canvas.place(21)
    assert (after - before).manhattanLength() < 0.01
    start = QPoint(250, 250)
    drag(canvas, [start, start + QPoint(30, 0), start + QPoint(30, 20)], Qt.KeyboardModifier(0))
    moved = canvas.place(21) - after
    assert (moved.x(), moved.y()) == pytest.approx((30, 20), abs=0.01)


def test_a_lasso_selects_exactly_the_faces_inside_and_escape_none(
    canvas: MapCanvas, qtbot: QtBot
) -> None:
    half = (canvas.place(1).x() - canvas.place(0).x()) / 2
    low, high = canvas.place(0), canvas.place(2 * SIDE + 2)
    corners = [
        QPointF(x, y).toPoint()
        for x, y in (
            (low.x() - half, low.y() - half),
            (high.x() + half, low.y() - half),
            (high.x() + half, high.y() + half),
            (low.x() - half, high.y() + half),
        )
    ]
    with qtbot.waitSignal(canvas.selected) as told:
        drag(canvas, corners, Qt.KeyboardModifier.ShiftModifier)
    inside = [y * SIDE + x for y in range(3) for x in range(3)]
    assert told.args is not None
    assert told.args[0].tolist() == inside
    sad = np.array(rgb(theme.current().expressions["sad"]))
    assert np.abs(colour_at(canvas, 1) - sad).max() < 10  # under the lasso's tint
    assert np.abs(colour_at(canvas, 399) - sad).max() > 60  # paler
    canvas.always_lasso(True)
    drag(canvas, [*corners[:2], corners[3]], Qt.KeyboardModifier(0))
    assert set(canvas.selection.tolist()) < set(inside)
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert len(canvas.selection) == 0


def test_a_click_chooses_a_face_and_a_name_its_group(canvas: MapCanvas, qtbot: QtBot) -> None:
    with qtbot.waitSignal(canvas.sample_chosen) as told:
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at(canvas, 45))
    assert told.args == [45]
    canvas.show_names((ClusterName("3 sad → happy", 10.0, 10.0, np.array([7, 8, 9])),))
    canvas.repaint()
    middle = canvas.viewport.to_px(np.array([[10.0, 10.0]], np.float32))[0]
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(int(middle[0]), int(middle[1])))
    assert canvas.selection.tolist() == [7, 8, 9]


def test_the_keyboard_does_it_all(canvas: MapCanvas, qtbot: QtBot) -> None:
    place = canvas.place(0)
    qtbot.keyClick(canvas, Qt.Key.Key_Left)
    assert canvas.place(0).x() > place.x()
    qtbot.keyClicks(canvas, "+")
    assert canvas.viewport.zoom == pytest.approx(1.25)
    qtbot.keyClicks(canvas, "0")
    assert canvas.viewport.zoom == pytest.approx(1)
    assert (canvas.place(0) - place).manhattanLength() < 0.01
    canvas.choose(45)
    shift = Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(canvas, Qt.Key.Key_Right, shift)
    assert canvas.current == 46
    qtbot.keyClick(canvas, Qt.Key.Key_Down, shift)
    assert canvas.current == 66
    qtbot.keyClick(canvas, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(canvas.selection) == SIDE * SIDE
    with qtbot.waitSignal(canvas.key_typed) as told:
        qtbot.keyClicks(canvas, "3")
    assert told.args == ["3"]


def test_the_card_under_the_cursor_covers_the_map(canvas: MapCanvas, qtbot: QtBot) -> None:
    before = pixels(canvas)
    place = at(canvas, 45)
    qtbot.mouseMove(canvas, place)
    card = place + QPoint(18, 18)
    assert list(pixels(canvas)[card.y(), card.x()]) == rgb(theme.current().raised)
    assert list(before[card.y(), card.x()]) != rgb(theme.current().raised)


def test_colours_say_class_or_value(qapp: QApplication) -> None:
    theme.apply_theme(qapp, "dark")
    made = evaluation([HAPPY, HAPPY, SAD], [HAPPY, SAD, SAD], sure=[0.9, 0.9, 0.4])
    by_class = colour_points(made, None, "predicted")
    colour = theme.current().expressions["sad"]
    assert by_class.classes[SAD] == ClassEntry("Sad", colour, 2)
    loss = colour_points(made, None, "loss")
    light = [sum(rgb(f"#{value & 0xFFFFFF:06x}")) for value in loss.colours.tolist()]
    assert light[1] > light[2] > light[0]  # −log of 0.017, 0.4 and 0.9
    assert colour_points(made, None, "change").quiet.all()


def test_a_polygon_may_be_hollow_and_a_view_fits_everything() -> None:
    bow = np.array([[0, 0], [4, 4], [4, 0], [0, 4]], np.float32)  # two triangles
    points = np.array([[1, 2], [3, 2], [2, 0.5], [2, 3.5], [9, 9]], np.float32)
    assert inside_polygon(points, bow).tolist() == [True, True, False, False, False]
    view = fitted(points, 300, 200)
    assert view.contains(view.to_px(points)).all()
    assert view.to_map(*view.to_px(points[:1])[0].tolist()) == pytest.approx((1, 2), abs=1e-4)
