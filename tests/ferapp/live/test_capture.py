"""The capture: pacing, looping, changing the source, and sources that fail."""

import threading
import time
from itertools import pairwise

import pytest

from ferapp.sources.base import FrameSource
from ferapp.sources.faults import FaultKind
from tests.support.sources.scripted import (
    QUICK,
    STRICT,
    FakeCamera,
    FakeClip,
    Studio,
    capture_of,
    shows,
    take,
    wait_until,
)


@pytest.fixture
def studio() -> Studio:
    return Studio()


def test_a_clip_is_paced_at_its_own_rate(studio: Studio) -> None:
    studio.clips["clip"] = lambda: FakeClip(fps=50, frames=1000)
    with capture_of(studio, "clip") as capture:
        frames = take(capture, 30)
    first = frames[0]
    lasted, meant = frames[-1].captured_at - first.captured_at, frames[-1].time_s - first.time_s
    assert 0.5 * meant < lasted < meant + 5  # the first may have been late itself
    assert frames[-1].time_s - first.time_s == pytest.approx((frames[-1].index - first.index) / 50)


def test_every_file_is_paced_at_the_requested_rate(studio: Studio) -> None:
    studio.clips["clip"] = lambda: FakeClip(fps=1, frames=1000)
    with capture_of(studio, "clip", fps=100) as capture:
        frames = take(capture, 5)
    for one, other in pairwise(frames):
        assert other.time_s - one.time_s == pytest.approx((other.index - one.index) / 100)


def test_index_and_time_grow_through_all_rounds(studio: Studio) -> None:
    clip = FakeClip(fps=250, frames=4)
    studio.clips["clip"] = lambda: clip
    with capture_of(studio, "clip") as capture:
        frames = take(capture, 13)
    assert clip.rounds >= 2
    for one, other in pairwise(frames):
        assert other.index > one.index
        # the last picture of a round lasts as long as every other
        assert other.time_s - one.time_s == pytest.approx((other.index - one.index) / 250)


def test_the_newest_picture_wins(studio: Studio) -> None:
    camera = studio.add(FakeCamera("Cam", 10))
    with capture_of(studio, "camera:Cam") as capture:
        wait_until(lambda: capture.frames.overwritten >= 5)
        overwritten = capture.frames.overwritten
        frame = take(capture)[0]
        assert frame.index >= overwritten
    assert camera.opened == ["camera:Cam"]


def test_a_source_that_cannot_be_opened_leaves_the_running_one_alone(studio: Studio) -> None:
    studio.clips["clip"] = lambda: FakeClip("Clip", value=50, frames=100_000)
    with capture_of(studio, "clip") as capture:
        shows(capture, 50)
        before = take(capture)[0].index
        capture.open("nothing.mp4")
        wait_until(lambda: capture.fault)
        assert capture.fault
        assert capture.fault.kind is FaultKind.UNREADABLE
        assert capture.fault.source == "nothing.mp4"
        assert not capture.fault.retried
        assert capture.notice == "nothing.mp4: there is no such file\nName another."
        assert capture.name == "Clip"
        after = take(capture, 3)
        assert [frame.image[0, 0, 0] for frame in after] == [50] * 3
        assert after[0].index > before  # it went on, it did not start anew
        capture.open("demo")
        shows(capture, 200)
        assert capture.notice == ""
    assert studio.requested == ["clip", "nothing.mp4", "demo"]


def test_a_file_that_fails_while_it_plays_keeps_its_last_picture(studio: Studio) -> None:
    studio.clips["clip"] = lambda: FakeClip("Clip", value=50, fails_at=3)
    with capture_of(studio, "clip") as capture:
        wait_until(lambda: capture.fault)
        assert capture.fault
        assert capture.fault.source == "clip"
        assert capture.notice == "Clip: the file is truncated\nThis is the last picture."
        assert capture.waiting
        assert (capture.name, capture.source) == ("Clip", "clip")
        # a file does not heal, so it is not tried again, and nothing plays in its place
        wait_until(lambda: capture.frames.take(timeout=5 * QUICK.retry) is None)
        assert studio.requested == ["clip"]
        capture.open("demo")
        shows(capture, 200)
        assert not capture.waiting


def test_the_running_source_goes_on_while_a_slow_one_opens(studio: Studio) -> None:
    gate = threading.Event()

    def slow() -> FrameSource:
        gate.wait(10)
        return FakeClip("Slow", value=70)

    studio.clips["clip"] = lambda: FakeClip("Clip", value=50)
    studio.clips["slow"] = slow
    with capture_of(studio, "clip") as capture:
        shows(capture, 50)
        began = time.perf_counter()
        capture.open("slow")
        assert time.perf_counter() - began < 1  # the window is not held up
        wait_until(lambda: "slow" in studio.requested)
        assert {frame.image[0, 0, 0] for frame in take(capture, 10)} == {50}
        assert (capture.opening, capture.name) == ("slow", "Clip")
        gate.set()
        shows(capture, 70)
        assert (capture.opening, capture.name) == ("", "Slow")
        assert {frame.image[0, 0, 0] for frame in take(capture, 5)} == {70}
        wait_until(lambda: studio.made[0].closed == 1)  # type: ignore[attr-defined]


def test_the_latest_request_wins_over_one_that_still_opens(studio: Studio) -> None:
    gate, late = threading.Event(), FakeClip("Slow", value=70)

    def slow() -> FrameSource:
        gate.wait(10)
        return late

    studio.clips["slow"] = slow
    studio.clips["clip"] = lambda: FakeClip("Clip", value=50)
    with capture_of(studio, "slow") as capture:
        wait_until(lambda: "slow" in studio.requested)
        capture.open("clip")
        shows(capture, 50)
        gate.set()
        wait_until(lambda: late.closed, "the late one is closed, unseen")
        assert {frame.image[0, 0, 0] for frame in take(capture, 5)} == {50}


def test_a_source_without_frames_is_a_fault_and_no_endless_loop(studio: Studio) -> None:
    studio.clips["empty"] = lambda: FakeClip("Empty", frames=0)
    with capture_of(studio, "empty") as capture:
        shows(capture, 200)
        assert "there is no picture in it" in capture.notice


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_unexpected_error_of_a_source_is_reported(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(args.exc_value))

    def broken() -> FrameSource:
        raise RuntimeError("driver on fire")

    studio.clips["http://me:secret@host/cam"] = broken
    with capture_of(studio, "http://me:secret@host/cam") as capture:
        shows(capture, 200)
        assert "http://host/cam: driver on fire" in capture.notice
        assert "secret" not in capture.notice
    assert [str(error) for error in seen] == ["driver on fire"]  # and the log has the traceback


def test_without_a_demo_clip_only_the_reason_is_shown(studio: Studio) -> None:
    del studio.clips["demo"]
    with capture_of(studio, "nothing.mp4") as capture:
        wait_until(lambda: studio.requested == ["nothing.mp4", "demo"])
        wait_until(lambda: capture.notice)
        assert capture.notice == "nothing.mp4: there is no such file\nName another."


def test_skipped_files_of_a_folder_are_named(studio: Studio) -> None:
    clip = FakeClip("Folder", value=50)
    clip.skipped = ("a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg")
    studio.clips["folder"] = lambda: clip
    with capture_of(studio, "folder") as capture:
        shows(capture, 50)
        wait_until(lambda: capture.fault)
        assert capture.fault
        assert capture.fault.kind is FaultKind.SKIPPED
        assert capture.notice.endswith("a.jpg, b.jpg, c.jpg and 2 more")


def test_close_does_not_wait_for_a_driver_that_hangs(studio: Studio) -> None:
    camera = studio.add(FakeCamera("Cam", 10))
    with capture_of(studio, "camera:Cam") as capture:
        shows(capture, 10)
        camera.state = "hung"
        assert camera.reading.wait(10)
        began = time.perf_counter()
        capture.close()
        assert time.perf_counter() - began < QUICK.close + 5
        capture.open("demo")  # too late: nothing is started any more
        assert studio.requested == ["camera:Cam"]


def test_close_does_not_wait_for_a_list_of_cameras_that_hangs(studio: Studio) -> None:
    camera = studio.add(FakeCamera("Cam", 10))
    with capture_of(studio, "camera:Cam", timeouts=STRICT) as capture:
        shows(capture, 10)
        camera.driver = threading.Event()
        camera.state = "silent"  # so that its connection is checked
        assert camera.asking_driver.wait(20)
        began = time.perf_counter()
        capture.close()
        took = time.perf_counter() - began
        camera.driver.set()
    assert took < STRICT.close + 5
