"""Doubts come late and go late, so that they do not flicker."""

from dataclasses import replace

import pytest

from ferapp.ui.live.face.quality_debounce import KEPT_S, LASTED_S, SteadyDoubts
from ferapp.vision.types import Analysis, Doubt, DoubtKind, FaceAnalysis
from tests.support.ui.fake_engine import analysis, face

SMALL = Doubt(DoubtKind.SMALL, 38, 44)
DARK = Doubt(DoubtKind.DARK, 31, 40)


def at(time: float, *doubts: Doubt, face_id: int = 0, origin: str = "") -> Analysis:
    shown = analysis(replace(face(face_id=face_id), doubts=doubts))
    return replace(shown, frame=replace(shown.frame, captured_at=time, origin=origin))


def kinds(shown: Analysis) -> list[DoubtKind]:
    return [doubt.kind for doubt in shown.faces[0].doubts]


def run(steady: SteadyDoubts, *moments: tuple[float, bool]) -> list[bool]:
    """Whether SMALL was shown at each moment, given whether it was found."""
    found = [at(time, *([SMALL] if there else [])) for time, there in moments]
    return [kinds(steady.settle(one)) == [DoubtKind.SMALL] for one in found]


def test_a_doubt_is_shown_once_it_lasted() -> None:
    times = [i / 10 for i in range(8)]
    shown = run(SteadyDoubts(), *((t, True) for t in times))
    assert shown == [t >= LASTED_S for t in times]


def test_a_doubt_that_went_is_kept_for_a_moment() -> None:
    steady = SteadyDoubts()
    run(steady, *((i / 10, True) for i in range(6)))  # last found at .5
    times = [0.6 + i / 10 for i in range(10)]
    assert run(steady, *((t, False) for t in times)) == [t - 0.5 <= KEPT_S for t in times]


def test_a_doubt_of_every_other_picture_is_not_shown() -> None:
    assert not any(run(SteadyDoubts(), *((i / 30, i % 2 == 0) for i in range(90))))


def test_a_shown_doubt_does_not_blink_with_a_noisy_measure() -> None:
    steady = SteadyDoubts()
    run(steady, *((i / 30, True) for i in range(15)))
    assert all(run(steady, *((0.5 + i / 30, i % 5 == 0) for i in range(90))))


def test_the_newest_value_is_told() -> None:
    steady = SteadyDoubts()
    for i in range(10):
        shown = steady.settle(at(i / 10, replace(SMALL, value=30 + i)))
    assert shown.faces[0].doubts == (replace(SMALL, value=39),)


def test_always_in_the_same_order() -> None:
    steady = SteadyDoubts()
    for i in range(6):
        shown = steady.settle(at(i / 10, DARK, SMALL))
    assert kinds(shown) == [DoubtKind.SMALL, DoubtKind.DARK]


def test_faces_do_not_share_doubts() -> None:
    steady = SteadyDoubts()
    run(steady, *((i / 10, True) for i in range(6)))
    assert kinds(steady.settle(at(0.6, SMALL, face_id=1))) == []


def test_a_face_that_is_lost_for_a_picture_keeps_its_doubt() -> None:
    steady = SteadyDoubts()
    run(steady, *((i / 10, True) for i in range(6)))
    gone = analysis()
    steady.settle(replace(gone, frame=replace(gone.frame, captured_at=0.6)))
    assert kinds(steady.settle(at(0.7, SMALL))) == [DoubtKind.SMALL]


def test_pictures_of_a_folder_stand_for_themselves() -> None:
    steady = SteadyDoubts()
    assert kinds(steady.settle(at(0.0, SMALL, origin="a.png"))) == [DoubtKind.SMALL]
    assert kinds(steady.settle(at(1.0, origin="b.png"))) == []
    assert kinds(steady.settle(at(2.0, SMALL, origin="c.png"))) == [DoubtKind.SMALL]


def test_slow_pictures_stand_for_themselves() -> None:
    steady = SteadyDoubts()
    steady.settle(at(0.0))
    assert kinds(steady.settle(at(0.5, SMALL))) == [DoubtKind.SMALL]
    assert kinds(steady.settle(at(1.0))) == []


@pytest.mark.parametrize("faces", [(), (face(),), (face(), face(face_id=1))])
def test_without_doubts_nothing_is_copied(faces: tuple[FaceAnalysis, ...]) -> None:
    shown = analysis(*faces)
    assert SteadyDoubts().settle(shown) is shown
