"""Doubts come late and go late, so that they do not flicker."""

from dataclasses import replace

import pytest

from ferapp.ui.live.face.quality_debounce import HIDE_AFTER_S, SHOW_AFTER_S, QualityDebounce
from ferapp.vision.types import Analysis, Face, QualityIssue, QualityKind
from tests.support.ui.fake_engine import analysis, face

SMALL = QualityIssue(QualityKind.SMALL, 38, 44)
DARK = QualityIssue(QualityKind.DARK, 31, 40)


def at(time: float, *issues: QualityIssue, face_id: int = 0, origin: str = "") -> Analysis:
    shown = analysis(replace(face(face_id=face_id), quality=issues))
    return replace(shown, frame=replace(shown.frame, captured_at=time, origin=origin))


def kinds(shown: Analysis) -> list[QualityKind]:
    return [issue.kind for issue in shown.faces[0].quality]


def run(steady: QualityDebounce, *moments: tuple[float, bool]) -> list[bool]:
    """Whether SMALL was shown at each moment, given whether it was found."""
    found = [at(time, *([SMALL] if there else [])) for time, there in moments]
    return [kinds(steady.apply(one)) == [QualityKind.SMALL] for one in found]


def test_a_doubt_is_shown_once_it_lasted() -> None:
    times = [i / 10 for i in range(8)]
    shown = run(QualityDebounce(), *((t, True) for t in times))
    assert shown == [t >= SHOW_AFTER_S for t in times]


def test_a_doubt_that_went_is_kept_for_a_moment() -> None:
    steady = QualityDebounce()
    run(steady, *((i / 10, True) for i in range(6)))  # last found at .5
    times = [0.6 + i / 10 for i in range(10)]
    assert run(steady, *((t, False) for t in times)) == [t - 0.5 <= HIDE_AFTER_S for t in times]


def test_a_doubt_of_every_other_picture_is_not_shown() -> None:
    assert not any(run(QualityDebounce(), *((i / 30, i % 2 == 0) for i in range(90))))


def test_a_shown_doubt_does_not_blink_with_a_noisy_measure() -> None:
    steady = QualityDebounce()
    run(steady, *((i / 30, True) for i in range(15)))
    assert all(run(steady, *((0.5 + i / 30, i % 5 == 0) for i in range(90))))


def test_the_newest_value_is_told() -> None:
    steady = QualityDebounce()
    for i in range(10):
        shown = steady.apply(at(i / 10, replace(SMALL, value=30 + i)))
    assert shown.faces[0].quality == (replace(SMALL, value=39),)


def test_always_in_the_same_order() -> None:
    steady = QualityDebounce()
    for i in range(6):
        shown = steady.apply(at(i / 10, DARK, SMALL))
    assert kinds(shown) == [QualityKind.SMALL, QualityKind.DARK]


def test_faces_do_not_share_doubts() -> None:
    steady = QualityDebounce()
    run(steady, *((i / 10, True) for i in range(6)))
    assert kinds(steady.apply(at(0.6, SMALL, face_id=1))) == []


def test_a_face_that_is_lost_for_a_picture_keeps_its_doubt() -> None:
    steady = QualityDebounce()
    run(steady, *((i / 10, True) for i in range(6)))
    gone = analysis()
    steady.apply(replace(gone, frame=replace(gone.frame, captured_at=0.6)))
    assert kinds(steady.apply(at(0.7, SMALL))) == [QualityKind.SMALL]


def test_pictures_of_a_folder_stand_for_themselves() -> None:
    steady = QualityDebounce()
    assert kinds(steady.apply(at(0.0, SMALL, origin="a.png"))) == [QualityKind.SMALL]
    assert kinds(steady.apply(at(1.0, origin="b.png"))) == []
    assert kinds(steady.apply(at(2.0, SMALL, origin="c.png"))) == [QualityKind.SMALL]


def test_slow_pictures_stand_for_themselves() -> None:
    steady = QualityDebounce()
    steady.apply(at(0.0))
    assert kinds(steady.apply(at(0.5, SMALL))) == [QualityKind.SMALL]
    assert kinds(steady.apply(at(1.0))) == []


@pytest.mark.parametrize("faces", [(), (face(),), (face(), face(face_id=1))])
def test_without_doubts_nothing_is_copied(faces: tuple[Face, ...]) -> None:
    shown = analysis(*faces)
    assert QualityDebounce().apply(shown) is shown
