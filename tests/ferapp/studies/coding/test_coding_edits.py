"""Editing one coder's intervals: what overlaps, what is undone."""

from ferapp.studies.coding.coded_interval import CodedInterval
from ferapp.studies.coding.coding_edits import CodingEdits


def spans(edits: CodingEdits) -> list[tuple[float, float, str]]:
    return [(one.start_s, one.end_s, one.code) for one in edits.intervals]


def test_what_is_put_last_wins_on_its_track() -> None:
    edits = CodingEdits("a")
    edits.put(0, 10, "happy")
    edits.put(2, 8, "AU12")
    edits.put(3, 5, "sad")
    assert spans(edits) == [(0, 3, "happy"), (2, 8, "AU12"), (3, 5, "sad"), (5, 10, "happy")]
    edits.put(2.5, 6, "happy")
    assert spans(edits) == [(0, 10, "happy"), (2, 8, "AU12")]


def test_too_short_a_drag_changes_nothing() -> None:
    edits = CodingEdits("a")
    assert edits.put(1, 1.01, "happy") is None
    assert not edits.can_undo


def test_undo_and_redo_go_through_every_change() -> None:
    edits = CodingEdits("a")
    first = edits.put(0, 4, "happy")
    assert first is not None
    moved = edits.put(1, 5, "happy", first)
    assert moved is not None
    edits.remove(moved)
    assert spans(edits) == []
    edits.undo()
    assert spans(edits) == [(1, 5, "happy")]
    edits.undo()
    assert spans(edits) == [(0, 4, "happy")]
    edits.redo()
    assert spans(edits) == [(1, 5, "happy")]
    edits.put(7, 8, "sad")
    assert not edits.can_redo
    for _ in range(5):
        edits.undo()
    assert spans(edits) == []


def test_a_point_of_another_program_can_be_moved() -> None:
    point = CodedInterval(1, 1, "AU45", "a")
    edits = CodingEdits("a", [point])
    edits.put(2, 2, "AU45", point)
    assert spans(edits) == [(2, 2, "AU45")]
