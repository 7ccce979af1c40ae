"""A video file played: pausing, seeking, and what looks at its pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.live.engine import Engine
from ferapp.live.status import RecordingPlan
from ferapp.vision.analysis_options import AnalysisOptions
from tests.support.app.engine_parts import next_analysis, until
from tests.support.app.recording_parts import ended, image, live, recorded_until, rows
from tests.support.sources.scripted import FakeCamera, FakeClip, Studio

FRAMES, FPS = 40, 20.0


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Of the pictures 0…39."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (64, 48))
    for number in range(FRAMES):
        writer.write(image(number))
    writer.release()
    return path


def paused(engine: Engine) -> None:
    until(lambda: engine.status().source.playback, "a file plays")
    engine.pause(True)
    until(lambda: (p := engine.status().source.playback) and p.paused)


def test_it_says_how_long_it_is_and_where_each_picture_stands(video: Path) -> None:
    with live(Studio(), str(video)) as engine:
        found = next_analysis(engine, lambda a: a.frame.at_s > 0.3)
        playback = engine.status().source.playback
        assert playback is not None
        assert playback.seconds == pytest.approx(FRAMES / FPS)
        assert not playback.paused
        assert engine.status().source.replay is None
        number = round(found.frame.at_s * FPS)
        np.testing.assert_allclose(found.frame.image, image(number), atol=3)


def test_paused_it_holds_and_a_seek_shows_the_picture_of_that_time(video: Path) -> None:
    with live(Studio(), str(video)) as engine:
        paused(engine)
        last = 0.0
        for number in (30, 3, 39, 0):
            engine.seek(number / FPS)
            found = next_analysis(engine, lambda a, at=number / FPS: abs(a.frame.at_s - at) < 1e-6)
            np.testing.assert_allclose(found.frame.image, image(number), atol=3)
            assert found.frame.time_s > last  # though it was sought back
            last = found.frame.time_s
        assert engine.take() is None  # and no further one by itself
        engine.pause(False)
        assert next_analysis(engine, lambda a: a.frame.at_s > 0).frame.time_s > last


def test_it_plays_on_from_where_somebody_sought_and_round_again(video: Path) -> None:
    with live(Studio(), str(video)) as engine:
        until(lambda: engine.status().source.playback)
        engine.seek(1.8)
        late = next_analysis(engine, lambda a: a.frame.at_s >= 1.8 - 1e-6)
        assert late.frame.seeks == 1
        again = next_analysis(engine, lambda a: a.frame.at_s < 0.5)
        assert again.frame.time_s > late.frame.time_s
        assert again.frame.seeks == 1  # nobody sought
        assert engine.status().source.fault is None  # a round from the middle is not truncated


def test_it_tells_since_when_it_plays_without_a_break(video: Path) -> None:
    """A pause, a seek and a new round are breaks."""
    with live(Studio(), str(video)) as engine:
        until(lambda: engine.status().source.playback, "a file plays")
        seen = [next_analysis(engine, lambda _: True).frame for _ in range(3)]
        assert len({frame.since for frame in seen}) == 1
        engine.seek(1.8)
        sought = next_analysis(engine, lambda a: a.frame.seeks == 1).frame
        assert sought.since > seen[-1].captured_at
        new_round = next_analysis(engine, lambda a: a.frame.at_s < 0.5).frame
        assert new_round.since > sought.captured_at
        paused(engine)
        while engine.take() is not None:
            pass
        engine.pause(False)
        goes_on = next_analysis(engine, lambda a: a.frame.since != new_round.since).frame
        assert goes_on.since > new_round.captured_at


def test_the_picture_that_is_held_is_looked_at_again(video: Path) -> None:
    with live(Studio(), str(video)) as engine:
        paused(engine)
        engine.seek(0.5)
        held = next_analysis(engine, lambda a: abs(a.frame.at_s - 0.5) < 1e-6)
        assert held.hidden == frozenset()
        engine.set_options(AnalysisOptions(hidden=frozenset({"mouth"})))
        engine.look_again()
        again = next_analysis(engine, lambda _: True)
        assert again.hidden == frozenset({"mouth"})
        assert again.frame.image is held.frame.image
        assert (again.frame.at_s, again.frame.seeks) == (held.frame.at_s, held.frame.seeks)
        assert again.frame.captured_at > held.frame.captured_at
        engine.pause(False)
        following = next_analysis(engine, lambda _: True)
        assert following.frame.at_s == pytest.approx(0.5 + 1 / FPS)  # no picture is passed over


def test_what_is_asked_for_while_nobody_looks_is_seen_on_coming_back(video: Path) -> None:
    with live(Studio(), str(video)) as engine:
        paused(engine)
        engine.seek(0.5)
        next_analysis(engine, lambda a: abs(a.frame.at_s - 0.5) < 1e-6)
        engine.set_seen(False)
        engine.set_options(AnalysisOptions(hidden=frozenset({"mouth"})))
        engine.look_again()
        engine.set_seen(True)
        assert next_analysis(engine, lambda a: bool(a.hidden)).hidden == frozenset({"mouth"})


def test_what_is_looked_at_again_is_not_recorded_again(video: Path, tmp_path: Path) -> None:
    with live(Studio(), str(video)) as engine:
        engine.record(RecordingPlan(tmp_path / "made"))
        recorded_until(engine, 3)
        paused(engine)
        engine.seek(0.5)
        next_analysis(engine, lambda a: abs(a.frame.at_s - 0.5) < 1e-6)
        for parts in (("mouth",), ("eyes",), ()):
            engine.set_options(AnalysisOptions(hidden=frozenset(parts)))
            engine.look_again()
            next_analysis(engine, lambda a, parts=parts: a.hidden == frozenset(parts))
        engine.end_recording()
        folder = ended(engine).folder
    assert not rows(folder / "events.csv")  # which tells what was hidden in what was recorded


def test_a_recording_of_it_goes_on_through_seeks(video: Path, tmp_path: Path) -> None:
    with live(Studio(), str(video)) as engine:
        engine.record(RecordingPlan(tmp_path / "made"))
        recorded_until(engine, 3)
        for place in (1.5, 0.2):
            engine.seek(place)
            found = next_analysis(engine, lambda a, at=place: abs(a.frame.at_s - at) < 1e-6)
            recorded_until(engine, 3)
        assert found.frame.seeks == 2
        engine.end_recording()
        folder = ended(engine).folder
    for table in ("frames.csv", "faces.csv"):
        numbers = [int(row["frame"]) for row in rows(folder / table)]
        times = [float(row["time_s"]) for row in rows(folder / table)]
        assert numbers == sorted(set(numbers))
        assert times == sorted(times)


def test_what_only_fills_the_time_cannot_be_sought() -> None:
    class Clip(FakeClip):
        seconds = 0.05

    studio = Studio()
    studio.clips["demo"] = Clip
    studio.add(FakeCamera("One", 90)).state = "absent"
    with live(studio, "camera:One") as engine:
        until(lambda: engine.status().source.uri == "demo")
        assert engine.status().source.fault
        assert engine.status().source.playback is None
        engine.open_source("demo")
        until(lambda: engine.status().source.playback, "one that was asked for can be")
