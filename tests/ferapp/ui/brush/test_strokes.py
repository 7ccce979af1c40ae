"""What is hidden, stroke by stroke, and undo."""

import pytest

from ferapp.ui.brush.strokes import Strokes
from ferapp.vision.hidden_areas import EYES, Hidden, hide_parts, square


@pytest.fixture
def changes() -> list[Hidden]:
    return []


@pytest.fixture
def strokes(changes: list[Hidden]) -> Strokes:
    return Strokes(changes.append)


def paint(strokes: Strokes, *places: tuple[float, float], erases: bool = False) -> None:
    strokes.begin(places[0], 0.2, erases=erases)
    for place in places[1:]:
        strokes.extend(place)
    strokes.end()


def test_a_stroke_grows_and_is_undone_as_one(strokes: Strokes, changes: list[Hidden]) -> None:
    paint(strokes, (10, 20), (20, 20), (30, 20))
    assert [len(hidden.areas[0].points) for hidden in changes] == [1, 2, 3]
    (stroke,) = strokes.hidden.areas
    assert stroke.points == ((10, 20), (20, 20), (30, 20))
    assert strokes.hidden.names[0].startswith("painted area (")
    strokes.undo()
    assert not strokes.hidden
    assert not changes[-1]
    assert not strokes.can_undo


def test_points_close_to_each_other_are_left_out(strokes: Strokes) -> None:
    """A hand that trembles makes no longer stroke; what is left out is covered all the same."""
    paint(strokes, *((10 + 0.1 * step, 20.0) for step in range(101)))
    (stroke,) = strokes.hidden.areas
    assert len(stroke.points) < 12
    assert stroke.points[-1][0] > 20 - 0.3 * 0.2 * EYES - 0.1


def test_parts_are_strokes_among_others(strokes: Strokes) -> None:
    strokes.set_part("mouth", True)
    paint(strokes, (24, 20))
    strokes.set_part("eyes", True)
    assert strokes.hidden.parts == {"mouth", "eyes"}
    strokes.set_part("mouth", False)
    assert strokes.hidden.parts == {"eyes"}
    assert strokes.hidden.is_painted
    strokes.undo()
    assert strokes.hidden.parts == {"mouth", "eyes"}
    strokes.undo()
    strokes.undo()
    assert strokes.hidden == hide_parts({"mouth"})


def test_what_is_erased_completely_is_no_longer_hidden(strokes: Strokes) -> None:
    paint(strokes, (24, 24))
    paint(strokes, (24, 24), erases=True)
    assert strokes.hidden.areas == ()
    strokes.undo()
    assert strokes.hidden.is_painted


def test_the_fill_is_kept_through_all_changes(strokes: Strokes, changes: list[Hidden]) -> None:
    strokes.set_fill("noise")
    strokes.put(square((24, 24), 8))
    strokes.put()
    assert [hidden.fill for hidden in changes] == ["noise"] * 3
    strokes.undo()
    assert strokes.hidden.areas == (square((24, 24), 8),)
