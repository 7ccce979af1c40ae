"""Doubts come late and go late, so that they do not flicker."""

from dataclasses import replace

import pytest

from ferapp.ui.live.face.quality_debounce import HIDE_AFTER_S, SHOW_AFTER_S, QualityDebounce
from ferapp.vision.types import Analysis, Face, QualityIssue, QualityKind
from tests.support.ui.fake_engine import analysis, face

SMALL = QualityIssue(QualityKind.SMALL, 38, 44)
DARK = QualityIssue(QualityKind.DARK, 31, 40)


def at(time: float, *issues: QualityIssue, face_id: int = 0, segment: int = 1) -> Analysis:
    shown = analysis(replace(face(face_id=face_id), quality=issues))
    return replace(shown, frame=replace(shown.frame, captured_at=time, segment=segment))


def kinds(shown: Analysis) -> list[QualityKind]:
    return [issue.kind for issue in shown.faces[0].quality]


def run(debounce: QualityDebounce, *moments: tuple[float, bool]) -> list[bool]:
    """Whether SMALL was shown at each moment, given whether it was found."""
    found = [at(time, *([SMALL] if there else [])) for time, there in moments]
    return [kinds(debounce.apply(one)) == [QualityKind.SMALL] for one in found]


def test_a_doubt_is_shown_once_it_lasted() -> None:
    times = [i / 10 for i in range(8)]
    shown = run(QualityDebounce(), *((t, True) for t in times))
    assert shown == [t >= SHOW_AFTER_S for t in times]


def test_a_doubt_that_went_is_kept_for_a_moment() -> None:
    debounce = QualityDebounce()
    run(debounce, *((i / 10, True) for i in range(6)))  # last found at .5
    times = [0.6 + i / 10 for i in range(10)]
    assert run(debounce, *((t, False) for t in times)) == [t - 0.5 <= HIDE_AFTER_S for t in times]


def test_a_doubt_of_every_other_picture_is_not_shown() -> None:
    assert not any(run(QualityDebounce(), *((i / 30, i % 2 == 0) for i in range(90))))


def test_a_shown_doubt_does_not_blink_with_a_noisy_measure() -> None:
    debounce = QualityDebounce()
    run(debounce, *((i / 30, True) for i in range(15)))
    assert all(run(debounce, *((0.5 + i / 30, i % 5 == 0) for i in range(90))))


def test_the_newest_value_is_told() -> None:
    debounce = QualityDebounce()
    for i in range(10):
        shown = debounce.apply(at(i / 10, replace(SMALL, value=30 + i)))
    assert shown.faces[0].quality == (replace(SMALL, value=39),)


def test_always_in_the_same_order() -> None:
    debounce = QualityDebounce()
    for i in range(6):
        shown = debounce.apply(at(i / 10, DARK, SMALL))
    assert kinds(shown) == [QualityKind.SMALL, QualityKind.DARK]


def test_faces_do_not_share_doubts() -> None:
    debounce = QualityDebounce()
    run(debounce, *((i / 10, True) for i in range(6)))
    assert kinds(debounce.apply(at(0.6, SMALL, face_id=1))) == []


def test_a_face_that_is_lost_for_a_picture_keeps_its_doubt() -> None:
    debounce = QualityDebounce()
    run(debounce, *((i / 10, True) for i in range(6)))
    gone = analysis()
    debounce.apply(replace(gone, frame=replace(gone.frame, captured_at=0.6, segment=1)))
    assert kinds(debounce.apply(at(0.7, SMALL))) == [QualityKind.SMALL]


def test_the_first_frame_of_a_segment_shows_what_was_measured() -> None:
    """There is no past to wait for: the next picture of a folder, or a seek in a paused video."""
    debounce = QualityDebounce()
    debounce.apply(at(-0.1, segment=1))
    assert kinds(debounce.apply(at(0.0, SMALL, segment=2))) == [QualityKind.SMALL]
    assert kinds(debounce.apply(at(0.1, segment=3))) == []
    assert kinds(debounce.apply(at(0.2, SMALL, segment=4))) == [QualityKind.SMALL]


def test_a_new_segment_keeps_no_doubt_and_the_same_one_does() -> None:
    for segment, expected in ((1, [QualityKind.SMALL]), (2, [])):
        debounce = QualityDebounce()
        run(debounce, *((i / 10, True) for i in range(6)))
        assert kinds(debounce.apply(at(0.6, segment=segment))) == expected


def test_frames_further_apart_than_the_delay_show_what_was_measured() -> None:
    debounce = QualityDebounce()
    debounce.apply(at(0.0))
    assert kinds(debounce.apply(at(0.5, SMALL))) == [QualityKind.SMALL]
    assert kinds(debounce.apply(at(1.0))) == []


@pytest.mark.parametrize("faces", [(), (face(),), (face(), face(face_id=1))])
def test_without_doubts_nothing_is_copied(faces: tuple[Face, ...]) -> None:
    shown = analysis(*faces)
    assert QualityDebounce().apply(shown) is shown
