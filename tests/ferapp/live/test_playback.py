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
from tests.support.app.recording_parts import (
    ended,
    image,
    live,
    loaded,
    recorded_until,
    recording,
    rows,
    shot,
)
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
        engine.set_loop(True)
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
    # nothing was hidden in what was recorded, but for the pause before the frame of the seek
    assert [row["kind"] for row in rows(folder / "events.csv")] == ["paused", "back"]


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


def step_to(engine: Engine, frames: int, number: int) -> Analysis:
    """Step, and return the picture `number`, which is the next one to come."""
    engine.step(frames)
    found = next_analysis(engine, lambda _: True)
    assert is_at(found, number / FPS)
    np.testing.assert_allclose(found.frame.image, image(number), atol=3)
    return found


def test_steps_go_to_the_very_next_and_previous_frame(video: Path) -> None:
    with live(Studio(), str(video)) as engine:
        paused(engine)
        engine.seek(20 / FPS)
        last = next_analysis(engine, lambda a: is_at(a, 20 / FPS))
        for frames, number in ((1, 21), (1, 22), (-1, 21), (-1, 20), (-1, 19), (1, 20)):
            found = step_to(engine, frames, number)
            assert found.frame.time_s > last.frame.time_s
            assert found.frame.segment > last.frame.segment  # nothing is smoothed across
            last = found
        engine.pause(False)
        assert is_at(next_analysis(engine, lambda _: True), 21 / FPS)  # it plays on from there


def test_a_step_pauses_what_plays(video: Path) -> None:
    with live(Studio(), str(video)) as engine:
        until(lambda: engine.status().source.playback)
        engine.step(1)
        until(lambda: (p := engine.status().source.playback) and p.paused)
        engine.seek(1.0)
        next_analysis(engine, lambda a: is_at(a, 1.0))
        engine.seek(0.0)
        next_analysis(engine, lambda a: is_at(a, 0.0))
        engine.step(-1)  # there is none before it
        assert is_at(next_analysis(engine, lambda _: True), 0.0)
        step_to(engine, 1, 1)


def test_steps_follow_uneven_times(tmp_path: Path) -> None:
    """A recording's frames lie at their own times: one back is not one nth of a second back."""
    times = (0.0, 0.05, 0.1, 0.9, 0.95)
    with recording(RecordingPlan(tmp_path)) as running:
        for number, time_s in enumerate(times):
            running.add(shot(number, at=running.began + time_s), loaded())
    with live(Studio(), str(running.status.folder)) as engine:
        paused(engine)
        engine.seek(0.95)
        next_analysis(engine, lambda a: abs(a.frame.position_s - 0.95) < 0.002)
        for number in (3, 2, 1, 0):
            engine.step(-1)
            found = next_analysis(engine, lambda _: True)
            assert abs(found.frame.position_s - times[number]) < 0.002


def test_a_video_stops_at_its_end_and_plays_again(video: Path) -> None:
    with live(Studio(), str(video)) as engine:
        until(lambda: engine.status().source.playback)
        assert not engine.status().source.playback.loops
        engine.seek((FRAMES - 3) / FPS)
        last = next_analysis(engine, lambda a: is_at(a, (FRAMES - 1) / FPS))
        np.testing.assert_allclose(last.frame.image, image(FRAMES - 1), atol=3)
        until(lambda: engine.status().source.playback.ended, "the end")
        assert engine.take() is None
        assert not engine.status().source.waiting
        step_to(engine, -1, FRAMES - 2)  # from the end, too
        engine.pause(False)
        until(lambda: engine.status().source.playback.ended, "the end once more")
        engine.seek(0.0)
        assert is_at(next_analysis(engine, lambda a: a.frame.position_s < 0.5), 0.0)
        assert not engine.status().source.playback.ended


def test_loop_goes_on_from_the_end(video: Path) -> None:
    with live(Studio(), str(video)) as engine:
        until(lambda: engine.status().source.playback)
        engine.seek((FRAMES - 1) / FPS)
        until(lambda: engine.status().source.playback.ended, "the end")
        engine.set_loop(True)
        assert next_analysis(engine, lambda a: a.frame.position_s < 0.5)


def test_the_demo_clip_loops(video: Path) -> None:
    studio = Studio()
    studio.clips["demo"] = lambda: FakeClip(seekable=True)
    with live(studio, "demo") as engine:
        until(lambda: engine.status().source.playback)
        assert engine.status().source.playback.loops
        until(lambda: studio.made[0].rounds >= 2)  # type: ignore[attr-defined]


@pytest.mark.parametrize("speed", [0.25, 2.0])
def test_speed_paces_by_the_times_of_the_file(speed: float) -> None:
    studio = Studio()
    studio.clips["clip"] = lambda: FakeClip("Clip", 50, frames=1000, fps=20, seekable=True)
    with live(studio, "clip") as engine:
        until(lambda: engine.status().source.playback)
        engine.set_speed(speed)
        first = next_analysis(engine, lambda _: True).frame
        meant = 5 / 20
        last = next_analysis(engine, lambda a: a.frame.time_s >= first.time_s + meant).frame
        shown_s, source_s = last.captured_at - first.captured_at, last.time_s - first.time_s
        # a busy machine may be late, but never early; the change itself falls into one frame
        assert shown_s > (source_s - 1 / 20) / speed * 0.9
        assert engine.status().source.playback.speed == speed


def test_a_faster_speed_takes_less_time() -> None:
    studio = Studio()
    studio.clips["clip"] = lambda: FakeClip("Clip", 50, frames=1000, fps=4, seekable=True)
    with live(studio, "clip") as engine:
        until(lambda: engine.status().source.playback)
        engine.set_speed(2.0)
        frames = [next_analysis(engine, lambda _: True).frame for _ in range(4)]
        assert frames[-1].captured_at - frames[1].captured_at < 0.9 * (2 / 4)


def test_a_folder_can_be_stepped_through(tmp_path: Path) -> None:
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), image(number))
    (tmp_path / "2.png").write_bytes(b"damaged")
    with live(Studio(), str(tmp_path)) as engine:
        paused(engine)
        playback = engine.status().source.playback
        assert playback.pictures.names == ("0.png", "1.png", "2.png", "3.png")
        engine.seek(3.0)
        next_analysis(engine, lambda a: a.frame.file_name == "3.png")
        for frames, name in ((-1, "1.png"), (-1, "0.png"), (1, "1.png"), (1, "3.png")):
            engine.step(frames)
            assert next_analysis(engine, lambda _: True).frame.file_name == name
