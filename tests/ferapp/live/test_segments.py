"""Which frames follow each other: the capture numbers the segments that play without a break."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ferapp.live.capture import Capture
from ferapp.sources.base import Frame
from tests.support.sources.scripted import (
    FakeCamera,
    FakeClip,
    FakePictures,
    Studio,
    capture_of,
    shows,
    take,
    wait_until,
)

CLIP, OTHER, CAMERA, DEMO, FOLDER = 50, 70, 10, 200, 90  # what the pictures are made of
LONG = 100_000  # frames: no round ends meanwhile


@dataclass
class Stage:
    """A capture that plays, and what an event needs."""

    capture: Capture
    studio: Studio
    camera: FakeCamera


def long_clip() -> FakeClip:
    return FakeClip("Clip", CLIP, LONG, seekable=True)


def nothing(stage: Stage) -> None:
    return


def seek(stage: Stage) -> None:
    stage.capture.seek(100.0)
    wait_until(lambda: 100 <= (take(stage.capture)[0].position_s or 0) < 110)


def pause_and_resume(stage: Stage) -> None:
    stage.capture.pause(True)
    time.sleep(0.2)
    stage.capture.frames.take()
    time.sleep(0.1)
    assert stage.capture.frames.take() is None
    stage.capture.pause(False)


def next_round(stage: Stage) -> None:
    clip, position_s = stage.studio.made[0], take(stage.capture)[0].position_s
    assert isinstance(clip, FakeClip)
    assert position_s is not None
    stage.capture.set_loop(True)
    clip.end_round()
    wait_until(lambda: (take(stage.capture)[0].position_s or 0) < position_s)


def other_source(stage: Stage) -> None:
    stage.capture.open("other")
    shows(stage.capture, OTHER)


def same_source_again(stage: Stage) -> None:
    stage.capture.open("clip")
    wait_until(lambda: len(stage.studio.made) == 2)
    wait_until(lambda: take(stage.capture)[0].index < 50)


def lost(stage: Stage) -> None:
    stage.camera.state = "gone"
    wait_until(lambda: stage.capture.waiting)


def lost_and_back(stage: Stage) -> None:
    lost(stage)
    stage.camera.state = "good"
    shows(stage.capture, CAMERA)


def stalled_and_on(stage: Stage) -> None:
    stage.camera.state = "silent"
    assert stage.camera.reading.wait(10)
    stage.camera.state = "good"


EVENTS: dict[str, tuple[str, Callable[[Stage], None], bool]] = {
    "a clip plays on": ("clip", nothing, False),
    "a seek": ("clip", seek, True),
    "a pause": ("clip", pause_and_resume, True),
    "another round": ("clip", next_round, True),
    "another source": ("clip", other_source, True),
    "the same source opened again": ("clip", same_source_again, True),
    "a camera sends on": ("camera:Cam", nothing, False),
    "a camera goes on after a stall": ("camera:Cam", stalled_and_on, False),
    "a camera is lost and back": ("camera:Cam", lost_and_back, True),
    "a still image is repeated": ("still", nothing, False),
}


@pytest.mark.parametrize(("source", "event", "begins"), list(EVENTS.values()), ids=list(EVENTS))
def test_what_begins_a_segment(source: str, event: Callable[[Stage], None], begins: bool) -> None:
    studio = Studio()
    studio.clips |= {
        "clip": long_clip,
        "other": lambda: FakeClip("Other", OTHER, LONG),
        "still": lambda: FakePictures("Still", OTHER, frames=1),
    }
    camera = studio.add(FakeCamera("Cam", CAMERA))
    with capture_of(studio, source) as capture:
        before = take(capture, 5)
        event(Stage(capture, studio, camera))
        after = take(capture, 5)
    assert len(segments(before)) == 1
    assert len(segments(after)) == 1
    if begins:
        assert segments(after)[0] > segments(before)[0]
    else:
        assert segments(after) == segments(before)


def test_every_picture_of_a_folder_is_a_segment_in_every_round() -> None:
    studio = Studio()
    studio.clips["folder"] = lambda: FakePictures("Folder", FOLDER, frames=3, fps=50)
    with capture_of(studio, "folder") as capture:
        frames = take(capture, 8)
    assert len(segments(frames)) == len(frames)
    assert segments(frames) == sorted(segments(frames))


def test_a_seek_while_paused_and_going_on_from_there_begin_one_each() -> None:
    studio = Studio()
    studio.clips["clip"] = long_clip
    with capture_of(studio, "clip") as capture:
        before = take(capture)[0]
        capture.pause(True)
        time.sleep(0.2)
        capture.frames.take()
        capture.seek(100.0)
        sought = take(capture)[0]
        assert capture.frames.take(timeout=0.1) is None
        capture.pause(False)
        resumed = take(capture, 5)
    assert sought.position_s == 100
    assert before.segment < sought.segment < resumed[0].segment
    assert len(segments(resumed)) == 1


def test_the_fallback_and_the_source_it_stands_for_differ() -> None:
    """The fallback clip has no source, and a segment of its own."""
    studio = Studio()
    camera = studio.add(FakeCamera("Cam", CAMERA))
    camera.state = "absent"
    with capture_of(studio, "camera:Cam") as capture:
        fallback = take(capture)[0]
        camera.state = "good"
        shows(capture, CAMERA)
        camera_frame = take(capture)[0]
    assert [frame.source for frame in (fallback, camera_frame)] == ["", "camera:Cam"]
    assert fallback.segment < camera_frame.segment


def segments(frames: list[Frame]) -> list[int]:
    """Their numbers, each once, in the order of the frames."""
    return list(dict.fromkeys(frame.segment for frame in frames))
