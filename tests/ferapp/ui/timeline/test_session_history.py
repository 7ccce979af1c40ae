"""What the history keeps of a session: overwritten by place in a file, ten minutes of a camera."""

from dataclasses import replace

import numpy as np
import pytest

from ferapp.ui.timeline import session_history
from ferapp.ui.timeline.session_history import SessionHistory, doubt_bits, doubt_kinds
from ferapp.vision.types import Analysis, QualityKind
from tests.support.ui.fake_engine import analysis, face


def at(
    position_s: float,
    name: str = "happy",
    segment: int = 1,
    source: str = "a.mp4",
    faces: int = 1,
    **changes: object,
) -> Analysis:
    shown = [face(name=name, face_id=i) for i in range(faces)]
    made = analysis(*shown, index=round(30 * position_s))
    fields = {"source": source, "segment": segment, "position_s": position_s, **changes}
    return replace(made, frame=replace(made.frame, **fields))  # type: ignore[arg-type]


def camera(time_s: float, source: str = "camera:One") -> Analysis:
    made = at(time_s, source=source)
    return replace(made, frame=replace(made.frame, position_s=None, captured_at=time_s))


def leaders(history: SessionHistory, number: int = 1) -> dict[float, str]:
    series = history.series(number)
    assert series is not None
    rows = series.rows(-1e9, 1e9)
    names = [history.classes[i] for i in rows.smoothed.argmax(axis=1)]
    return dict(zip(np.round(rows.times, 3).tolist(), names, strict=True))


def test_a_second_pass_over_a_file_replaces_what_it_passes_and_nothing_else() -> None:
    history = SessionHistory()
    for tenth in range(10):
        history.add(at(tenth / 10))
    for position in (0.35, 0.55):  # fewer frames are analysed, at other places
        history.add(at(position, "sad", segment=2))
    assert leaders(history) == {
        **{t / 10: "happy" for t in (0, 1, 2, 3, 6, 7, 8, 9)},
        0.35: "sad",
        0.55: "sad",
    }
    assert history.cursor_s == 0.55


def test_a_seek_back_keeps_what_was_analysed_and_the_curve_ends_at_the_picture() -> None:
    history = SessionHistory()
    for tenth in range(30):
        history.add(at(tenth / 10))
    history.add(at(1.0, "sad", segment=2))
    assert len(leaders(history)) == 30
    assert leaders(history)[1.0] == "sad"
    rows = history.last(20)
    assert rows.times[-1] == 0
    assert rows.times[0] == pytest.approx(-1.0)
    assert history.classes[int(rows.smoothed[-1].argmax())] == "sad"
    assert rows.times[-2] == pytest.approx(-0.1)
    assert history.classes[int(rows.smoothed[-2].argmax())] == "happy"  # joined: none is between


def test_a_frame_without_a_face_is_a_gap_and_takes_older_results_away() -> None:
    history = SessionHistory()
    for tenth in range(5):
        history.add(at(tenth / 10))
    for tenth in range(5):
        history.add(at(tenth / 10, segment=2, faces=int(tenth != 2)))
    assert 0.2 not in leaders(history)
    series = history.series(1)
    assert series is not None
    assert len(set(series.rows(0, 1).stretch.tolist())) == 2
    assert history.frames.count(0, 1) == 5


def test_time_on_another_page_is_a_gap_that_takes_nothing_away() -> None:
    history = SessionHistory()
    for tenth in range(10):
        history.add(at(tenth / 10))
    history.add(at(0.1, segment=2))
    history.interrupt()
    history.add(at(0.8, segment=2))
    assert len(leaders(history)) == 10


def test_another_file_begins_anew_and_another_camera_goes_on_with_a_tick() -> None:
    history = SessionHistory()
    history.add(at(3.0))
    history.add(at(1.0, source="b.mp4"))
    assert list(leaders(history)) == [1.0]
    history.add(camera(100.0))
    assert list(leaders(history)) == [100.0]
    history.add(camera(101.0, "camera:Two"))
    assert list(leaders(history)) == [100.0, 101.0]
    assert [(e.kind, e.text, e.time_s) for e in history.events] == [("source", "camera:Two", 101.0)]


def test_of_a_camera_ten_minutes_stay() -> None:
    history = SessionHistory()
    for second in range(6_000):
        history.add(camera(float(second)))
    first, last = history.span
    assert last == 5_999
    assert session_history.LIVE_S <= last - first <= session_history.LIVE_S + 4096


def test_the_number_of_rows_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_history, "MAX_ROWS", 4_500)
    history = SessionHistory()
    for number in range(6_000):
        history.add(at(number / 30))
    assert len(leaders(history)) <= 4_500
    assert history.span[1] == pytest.approx(5_999 / 30)


def test_an_analysis_repeated_with_other_settings_replaces_the_first() -> None:
    history = SessionHistory()
    history.add(at(0.5))
    history.add(at(0.5, "fear", is_repeat=True))
    assert leaders(history) == {0.5: "fear"}


def test_faces_have_a_history_each_and_marks_stay_where_they_were_set() -> None:
    history = SessionHistory()
    history.add(at(0.5, faces=3))
    assert sorted(history.faces) == [1, 2, 3]
    history.add_mark()
    history.note_last_mark("a laugh")
    history.add(at(0.6, faces=3))
    assert [(e.time_s, e.kind, e.text) for e in history.events] == [(0.5, "mark", "a laugh")]


def test_doubts_as_bits() -> None:
    kinds = (QualityKind.SMALL, QualityKind.UNSURE)
    assert doubt_kinds(doubt_bits(kinds)) == kinds


def test_in_a_file_a_step_after_a_pause_leaves_no_gap() -> None:
    """Frames of 30 a second; each step is a segment of its own."""
    history = SessionHistory()
    for number in range(10):
        history.add(at(number / 30, segment=1))
    for number in (9, 8, 7, 8, 9, 10, 11):  # back and on, frame by frame
        history.add(at(number / 30, segment=10 + number))
    rows = history.faces[1].series.rows(0, 9)
    np.testing.assert_allclose(rows.times, [number / 30 for number in range(12)], atol=1e-6)
    assert len(set(rows.stretch.tolist())) == 1
    history.add(at(0.9, segment=40))  # a seek: what lies between was not analysed
    rows = history.faces[1].series.rows(0, 9)
    assert rows.stretch[-1] != rows.stretch[-2]
