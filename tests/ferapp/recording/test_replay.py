"""A recording played: its recorded numbers at their times, seeking, pausing, another model."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ferapp.live.engine import Engine
from ferapp.recording.replay import SessionSource
from ferapp.recording.session import read_session
from ferapp.sources.base import Frame, SourceError
from ferapp.sources.recorded import Replay
from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.face_edits import edit_faces, edits_file
from ferapp.studies.single_source import analyze_source
from ferapp.vision.types import Analysis
from tests.support.app.engine_parts import next_analysis, until
from tests.support.app.recording_parts import (
    image,
    live,
    loaded,
    recorded_until,
    recording,
    rows,
    shot,
)
from tests.support.sources.scripted import FakeCamera, Studio
from trainer.labels import EXPRESSIONS

TIMES = (0.0, 0.05, 0.1, 0.4, 0.45, 0.5, 0.55, 0.6)  # with a gap


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return record(tmp_path / "made")


def record(place: Path, *, clean: bool = True, overlaid: bool = False) -> Path:
    """A recording of pictures 0…7 at TIMES, with a mark at the gap."""
    from ferapp.live.status import RecordingPlan

    def draw(analysis: Analysis) -> np.ndarray:
        return np.dstack([255 - analysis.frame.image, analysis.picture[..., 3]])

    plan = RecordingPlan(place, clean=clean, overlaid=overlaid, draw=draw)
    with recording(plan) as running:
        began = running.began
        for number, time_s in enumerate(TIMES):
            running.add(shot(number, faces=number % 3, at=began + time_s), loaded())
        running.mark("", None)
    return running.status.folder


def test_faces_split_by_hand_have_their_numbers(folder: Path) -> None:
    table = folder / "faces.csv"
    before = [
        (frame.number, face.face_id)
        for frame in read_session(folder).frames
        for face in frame.results.faces
    ]
    first, *later = [number for number, face in before if face == before[0][1]]
    split = before[0][1]
    edit_faces(table, [], [f"{split}@{later[0]}"])
    new = 1 + max(face for _, face in before)
    assert [
        (frame.number, face.face_id)
        for frame in read_session(folder).frames
        for face in frame.results.faces
    ] == [(number, new if face == split and number > first else face) for number, face in before]
    edits_file(table).write_text("{")
    with pytest.raises(SourceError, match=r"faces\.json: these corrections of faces cannot"):
        read_session(folder)


def played(engine: Engine, fits: Callable[[Frame], bool]) -> Analysis:
    return next_analysis(engine, lambda a: a.frame.recorded is not None and fits(a.frame))


def replay(engine: Engine) -> Replay:
    until(lambda: engine.status().source.replay, "the recording plays")
    found = engine.status().source.replay
    assert found is not None
    return found


def test_recorded_values_are_read_back_exactly(folder: Path) -> None:
    source = SessionSource(folder)
    table = rows(folder / "faces.csv")
    number = 0
    while (frame := source.read()) is not None:
        np.testing.assert_allclose(frame.image, image(number), atol=3)
        own = [row for row in table if int(row["frame"]) == frame.index and row["face_id"]]
        assert frame.time_s == float(rows(folder / "frames.csv")[number]["time_s"])
        assert frame.recorded is not None
        assert len(frame.recorded.faces) == len(own) == number % 3
        for face, row in zip(frame.recorded.faces, own, strict=True):
            assert str(face.face_id) == row["face_id"]
            assert [f"{v:.1f}" for v in face.box] == [row[f"box_{k}"] for k in "xywh"]
            written = [float(row[f"p_{name}"]) for name in EXPRESSIONS]
            shares = face.probabilities
            np.testing.assert_array_equal(shares, np.array(written, np.float32))
            best = EXPRESSIONS[int(shares.argmax())]
            assert best == row["label"]
        number += 1
    assert number == len(TIMES)
    source.close()


def test_it_plays_at_the_recorded_times(folder: Path) -> None:
    with live(Studio(), str(folder)) as engine:
        shown, playback = replay(engine), engine.status().source.playback
        first, second = (played(engine, lambda f, i=i: f.position_s > i) for i in (0.05, 0.35))
        recorded = read_session(folder).frames
        for analysis in (first, second):
            frame = analysis.frame
            (own,) = [each for each in recorded if each.time_s == frame.position_s]
            assert len(analysis.faces) == len(own.results.faces)
            for face, kept in zip(analysis.faces, own.results.faces, strict=True):
                np.testing.assert_array_equal(face.prediction.probabilities, kept.probabilities)
            assert analysis.classes == EXPRESSIONS
        apart = second.frame.captured_at - first.frame.captured_at
        assert apart > 0.15  # the gap of 0.3 s was waited for; at the mean rate it were 0.09
    assert shown.model == "one"
    assert playback is not None
    assert playback.seconds == pytest.approx(0.6, abs=0.01)
    assert [mark.kind for mark in shown.marks] == ["mark"]
    assert shown.is_complete
    assert not shown.has_overlays


def test_a_seek_while_paused_shows_one_frame(folder: Path) -> None:
    with live(Studio(), str(folder)) as engine:
        replay(engine)
        engine.pause(True)
        until(lambda: (p := engine.status().source.playback) and p.paused)
        for place, number in ((0.42, 3), (0.06, 1), (99.0, 7), (0.0, 0)):
            engine.seek(place)
            found = played(engine, lambda f, at=TIMES[number]: abs(f.position_s - at) < 0.002)
            np.testing.assert_allclose(found.frame.image, image(number), atol=3)
        assert engine.take() is None  # and no further one by itself
        before = found.frame.time_s
        engine.pause(False)
        later = played(engine, lambda f: f.position_s > 0.04)
        assert later.frame.time_s > before  # though it was sought back


def test_it_plays_in_a_loop(folder: Path) -> None:
    with live(Studio(), str(folder)) as engine:
        replay(engine)
        engine.set_loop(True)
        first = played(engine, lambda f: f.position_s > 0.5)
        again = played(engine, lambda f: f.position_s < 0.06)
        assert again.frame.time_s > first.frame.time_s


def test_it_can_be_reanalysed_and_back(folder: Path) -> None:
    """The scripted model predicts something else than what was recorded for picture 0."""
    with live(Studio(), str(folder)) as engine:
        replay(engine)
        engine.pause(True)
        engine.seek(0.0)
        recorded = played(engine, lambda f: f.position_s < 0.01)
        assert recorded.faces == ()
        engine.set_reanalysis(True)
        engine.repeat_analysis()
        again = next_analysis(engine, lambda a: len(a.faces) == 1)
        assert again.frame.position_s < 0.01
        assert replay(engine).is_reanalysed
        engine.set_reanalysis(False)
        engine.repeat_analysis()
        assert next_analysis(engine, lambda a: a.frame.position_s < 0.01 and not a.faces)


def test_without_a_clean_video_the_overlaid_one_plays(tmp_path: Path) -> None:
    folder = record(tmp_path, clean=False, overlaid=True)
    source = SessionSource(folder)
    first = source.read()
    assert first is not None
    assert first.has_overlays
    np.testing.assert_allclose(first.image, 255 - image(0), atol=3)
    source.close()
    with live(Studio(), str(folder)) as engine:
        assert replay(engine).has_overlays
        engine.set_loop(True)
        engine.set_reanalysis(True)  # the scripted model finds a face in every picture
        assert played(engine, lambda f: f.position_s < 0.01).faces == ()


def test_another_recording_starts_with_recorded_results(folder: Path, tmp_path: Path) -> None:
    other = record(tmp_path / "other")
    with live(Studio(), str(folder)) as engine:
        replay(engine)
        engine.set_reanalysis(True)
        until(lambda: replay(engine).is_reanalysed)
        engine.open_source(str(other))
        until(lambda: engine.status().source.uri == str(other))
        assert not replay(engine).is_reanalysed


def test_without_a_video_it_says_so(tmp_path: Path) -> None:
    folder = record(tmp_path, clean=False)
    with pytest.raises(SourceError, match=r"no clean\.mkv") as raised:
        SessionSource(folder)
    assert "faces.csv" in raised.value.hint


@pytest.mark.parametrize("damage", ["no json", "another format", "no table", "empty table"])
def test_an_unreadable_recording_leaves_the_running_source_alone(folder: Path, damage: str) -> None:
    if damage == "no json":
        (folder / "session.json").write_text("{")
    elif damage == "another format":
        (folder / "session.json").write_text(json.dumps({"format": 99}))
    elif damage == "no table":
        (folder / "faces.csv").unlink()
    else:
        (folder / "frames.csv").write_text("frame,time_s,video_frame,analysed\n")
    with live(Studio(), "demo") as engine:
        engine.open_source(str(folder))
        until(lambda: engine.status().source.fault, "the fault is told")
        assert engine.status().source.uri == "demo"
        assert str(folder) in engine.status().source.notice


def test_a_truncated_row_is_ignored(folder: Path) -> None:
    file = folder / "faces.csv"
    text = file.read_text()
    file.write_text(text[: len(text) - 30])
    frames = read_session(folder).frames
    assert [len(frame.results.faces) for frame in frames] == [0, 1, 2, 0, 1, 2, 0, 0]


def test_a_replay_is_not_recorded(folder: Path, tmp_path: Path) -> None:
    from ferapp.live.status import RecordingPlan

    with live(Studio(), str(folder)) as engine:
        replay(engine)
        engine.record(RecordingPlan(tmp_path / "other"))
        status = engine.status().recording
        assert status is not None
        assert (status.failed, status.over) == (True, True)
    assert not (tmp_path / "other").exists()


def test_a_camera_cannot_be_paused(tmp_path: Path) -> None:
    studio = Studio()
    studio.add(FakeCamera("One", 90))
    with live(studio, "camera:One") as engine:
        engine.pause(True)
        engine.seek(5)
        for _ in range(3):
            next_analysis(engine, lambda a: True)
        assert engine.status().source.replay is None
        assert engine.status().source.playback is None


def test_it_opens_by_its_json_and_after_a_move(folder: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.move(folder, moved)
    with live(Studio(), str(moved / "session.json")) as engine:
        assert replay(engine).name == "elsewhere"


def test_analyze_uses_the_times_of_a_recording(tmp_path: Path, demo_frame: np.ndarray) -> None:
    from dataclasses import replace

    from ferapp.live.status import RecordingPlan

    with recording(RecordingPlan(tmp_path / "made")) as running:
        began = running.began
        for number, time_s in ((10, 0.0), (11, 0.033), (13, 1.5)):
            one = shot(number, at=began + time_s, size=(640, 360))
            running.add(replace(one, frame=replace(one.frame, image=demo_frame)), loaded())
    table = tmp_path / "again.csv"
    summary = analyze_source(str(running.status.folder), table, AnalysisSettings(device="cpu"))
    assert summary.frames_with_face == 3
    kept = rows(running.status.folder / "frames.csv")
    again = rows(table)
    for name in ("frame", "time_s"):
        assert [row[name] for row in again] == [row[name] for row in kept]


def test_a_running_recording_can_be_read(tmp_path: Path) -> None:
    """By another program or this one, as far as it goes."""
    from ferapp.live.status import RecordingPlan

    studio = Studio()
    studio.add(FakeCamera("One", 90))
    with live(studio, "camera:One") as engine:
        engine.record(RecordingPlan(tmp_path))
        status = recorded_until(engine, 10)
        session = read_session(status.folder)
        assert len(session.frames) >= 10
        assert not session.is_complete
        source = SessionSource(status.folder)
        assert source.read() is not None
        source.close()
