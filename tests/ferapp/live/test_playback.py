"""A video file played live: pausing, seeking, analysing again, recording."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.live.engine import Engine
from ferapp.live.status import RecordingPlan
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.hidden_areas import NOTHING_HIDDEN, hide_parts
from ferapp.vision.types import Analysis
from tests.support.app.engine_parts import next_analysis, until
from tests.support.app.recording_parts import ended, image, live, recorded_until, rows
from tests.support.sources.scripted import FakeCamera, FakeClip, Studio

FRAMES, FPS = 40, 20.0


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A video of the pictures 0…39."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (64, 48))
    for number in range(FRAMES):
        writer.write(image(number))
    writer.release()
    return path


def is_at(analysis: Analysis, position_s: float) -> bool:
    return abs(analysis.frame.position_s - position_s) < 1e-6


def paused(engine: Engine) -> None:
    until(lambda: engine.status().source.playback, "a file plays")
    engine.pause(True)
    until(lambda: (p := engine.status().source.playback) and p.paused)


def test_duration_and_positions_are_known(video: Path) -> None:
    with live(Studio(), str(video)) as engine:
        found = next_analysis(engine, lambda a: a.frame.position_s > 0.3)
        playback = engine.status().source.playback
        assert playback is not None
        assert playback.seconds == pytest.approx(FRAMES / FPS)
        assert not playback.paused
        assert engine.status().source.replay is None
        number = round(found.frame.position_s * FPS)
        np.testing.assert_allclose(found.frame.image, image(number), atol=3)


def test_a_seek_while_paused_shows_the_frame_at_that_time(video: Path) -> None:
    with live(Studio(), str(video)) as engine:
        paused(engine)
        last = 0.0
        for number in (30, 3, 39, 0):
            engine.seek(number / FPS)
            found = next_analysis(engine, lambda a, at=number / FPS: is_at(a, at))
            np.testing.assert_allclose(found.frame.image, image(number), atol=3)
            assert found.frame.time_s > last  # though it was sought back
            last = found.frame.time_s
        assert engine.take() is None  # and no further one by itself
        engine.pause(False)
        assert next_analysis(engine, lambda a: a.frame.position_s > 0).frame.time_s > last


def test_it_plays_on_from_a_seek_and_then_from_the_start(video: Path) -> None:
    with live(Studio(), str(video)) as engine:
        until(lambda: engine.status().source.playback)
        engine.seek(1.8)
        late = next_analysis(engine, lambda a: a.frame.position_s >= 1.8 - 1e-6)
        again = next_analysis(engine, lambda a: a.frame.position_s < 0.5)
        assert again.frame.time_s > late.frame.time_s
        assert again.frame.segment > late.frame.segment
        assert engine.status().source.fault is None  # a round from the middle is not truncated


def test_the_frame_of_a_paused_video_is_analysed_again(video: Path) -> None:
    with live(Studio(), str(video)) as engine:
        paused(engine)
        engine.seek(0.5)
        held = next_analysis(engine, lambda a: is_at(a, 0.5))
        assert held.hidden == NOTHING_HIDDEN
        engine.set_options(AnalysisOptions(hidden=hide_parts({"mouth"})))
        engine.repeat_analysis()
        again = next_analysis(engine, lambda _: True)
        assert again.hidden == hide_parts({"mouth"})
        assert again.frame.image is held.frame.image
        assert again.frame.position_s == held.frame.position_s
        assert again.frame.segment == held.frame.segment
        assert again.frame.is_repeat
        assert again.frame.captured_at > held.frame.captured_at
        engine.pause(False)
        following = next_analysis(engine, lambda _: True)
        position_s = following.frame.position_s
        assert position_s == pytest.approx(0.5 + 1 / FPS)  # no picture is skipped


def test_options_changed_while_hidden_are_applied_on_coming_back(video: Path) -> None:
    with live(Studio(), str(video)) as engine:
        paused(engine)
        engine.seek(0.5)
        next_analysis(engine, lambda a: is_at(a, 0.5))
        engine.set_visible(False)
        engine.set_options(AnalysisOptions(hidden=hide_parts({"mouth"})))
        engine.repeat_analysis()
        engine.set_visible(True)
        assert next_analysis(engine, lambda a: bool(a.hidden)).hidden == hide_parts({"mouth"})


def test_a_repeated_analysis_is_not_recorded_again(video: Path, tmp_path: Path) -> None:
    with live(Studio(), str(video)) as engine:
        engine.record(RecordingPlan(tmp_path / "made"))
        recorded_until(engine, 3)
        paused(engine)
        engine.seek(0.5)
        next_analysis(engine, lambda a: is_at(a, 0.5))
        for parts in (("mouth",), ("eyes",), ()):
            engine.set_options(AnalysisOptions(hidden=hide_parts(parts)))
            engine.repeat_analysis()
            next_analysis(engine, lambda a, parts=parts: a.hidden == hide_parts(parts))
        engine.end_recording()
        folder = ended(engine).folder
    assert not rows(folder / "events.csv")  # which tells what was hidden in what was recorded


def test_a_recording_goes_on_through_seeks(video: Path, tmp_path: Path) -> None:
    with live(Studio(), str(video)) as engine:
        engine.record(RecordingPlan(tmp_path / "made"))
        recorded_until(engine, 3)
        for place in (1.5, 0.2):
            engine.seek(place)
            next_analysis(engine, lambda a, at=place: is_at(a, at))
            recorded_until(engine, 3)
        engine.end_recording()
        folder = ended(engine).folder
    for table in ("frames.csv", "faces.csv"):
        numbers = [int(row["frame"]) for row in rows(folder / table)]
        times = [float(row["time_s"]) for row in rows(folder / table)]
        assert numbers == sorted(set(numbers))
        assert times == sorted(times)


def test_the_fallback_clip_cannot_seek() -> None:
    studio = Studio()
    studio.clips["demo"] = lambda: FakeClip(seekable=True)
    studio.add(FakeCamera("One", 90)).state = "absent"
    with live(studio, "camera:One") as engine:
        until(lambda: engine.status().source.uri == "demo")
        assert engine.status().source.fault
        assert engine.status().source.playback is None
        engine.open_source("demo")
        until(lambda: engine.status().source.playback, "one that was asked for can be")
