"""Quality issues are shown and hidden with a delay, so that they do not flicker."""

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
    """Whether SMALL was shown at each moment, given whether it was measured."""
    analyses = [at(time, *([SMALL] if there else [])) for time, there in moments]
    return [kinds(debounce.apply(one)) == [QualityKind.SMALL] for one in analyses]


def test_an_issue_is_shown_after_a_delay() -> None:
    times = [i / 10 for i in range(8)]
    shown = run(QualityDebounce(), *((t, True) for t in times))
    assert shown == [t >= SHOW_AFTER_S for t in times]


def test_an_issue_that_ended_is_shown_a_moment_longer() -> None:
    debounce = QualityDebounce()
    run(debounce, *((i / 10, True) for i in range(6)))  # last measured at .5
    times = [0.6 + i / 10 for i in range(10)]
    assert run(debounce, *((t, False) for t in times)) == [t - 0.5 <= HIDE_AFTER_S for t in times]


def test_an_issue_in_every_other_frame_is_not_shown() -> None:
    assert not any(run(QualityDebounce(), *((i / 30, i % 2 == 0) for i in range(90))))


def test_a_shown_issue_does_not_flicker_when_the_measurement_is_noisy() -> None:
    debounce = QualityDebounce()
    run(debounce, *((i / 30, True) for i in range(15)))
    assert all(run(debounce, *((0.5 + i / 30, i % 5 == 0) for i in range(90))))


def test_the_newest_value_is_shown() -> None:
    debounce = QualityDebounce()
    for i in range(10):
        shown = debounce.apply(at(i / 10, replace(SMALL, value=30 + i)))
    assert shown.faces[0].quality == (replace(SMALL, value=39),)


def test_issues_are_always_in_the_same_order() -> None:
    debounce = QualityDebounce()
    for i in range(6):
        shown = debounce.apply(at(i / 10, DARK, SMALL))
    assert kinds(shown) == [QualityKind.SMALL, QualityKind.DARK]


def test_each_face_has_its_own_issues() -> None:
    debounce = QualityDebounce()
    run(debounce, *((i / 10, True) for i in range(6)))
    assert kinds(debounce.apply(at(0.6, SMALL, face_id=1))) == []


def test_a_face_missed_in_one_frame_keeps_its_issue() -> None:
    debounce = QualityDebounce()
    run(debounce, *((i / 10, True) for i in range(6)))
    gone = analysis()
    debounce.apply(replace(gone, frame=replace(gone.frame, captured_at=0.6, segment=1)))
    assert kinds(debounce.apply(at(0.7, SMALL))) == [QualityKind.SMALL]


def test_the_first_frame_of_a_segment_shows_its_issues_at_once() -> None:
    """Waiting makes no sense there: the next picture of a folder, a seek in a paused video."""
    debounce = QualityDebounce()
    debounce.apply(at(-0.1, segment=1))
    assert kinds(debounce.apply(at(0.0, SMALL, segment=2))) == [QualityKind.SMALL]
    assert kinds(debounce.apply(at(0.1, segment=3))) == []
    assert kinds(debounce.apply(at(0.2, SMALL, segment=4))) == [QualityKind.SMALL]


def test_issues_last_within_a_segment_only() -> None:
    for segment, expected in ((1, [QualityKind.SMALL]), (2, [])):
        debounce = QualityDebounce()
        run(debounce, *((i / 10, True) for i in range(6)))
        assert kinds(debounce.apply(at(0.6, segment=segment))) == expected


def test_frames_further_apart_than_the_delay_show_issues_at_once() -> None:
    debounce = QualityDebounce()
    debounce.apply(at(0.0))
    assert kinds(debounce.apply(at(0.5, SMALL))) == [QualityKind.SMALL]
    assert kinds(debounce.apply(at(1.0))) == []


@pytest.mark.parametrize("faces", [(), (face(),), (face(), face(face_id=1))])
def test_an_analysis_without_issues_is_not_copied(faces: tuple[Face, ...]) -> None:
    shown = analysis(*faces)
    assert QualityDebounce().apply(shown) is shown
