"""Every fault of a camera, played by a scripted one: the message, and how it goes on."""

import time
from dataclasses import replace

import pytest

from ferapp.live.capture import Capture
from ferapp.sources.camera_info import Mode
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

CAM, OTHER, DEMO = 10, 20, 200  # what the pictures are made of


@pytest.fixture
def studio() -> Studio:
    return Studio()


@pytest.fixture
def camera(studio: Studio) -> FakeCamera:
    return studio.add(FakeCamera("Cam", CAM), "camera", "camera:0")


def fault_is(capture: Capture, kind: FaultKind | None) -> None:
    wait_until(
        lambda: (capture.fault.kind if capture.fault else None) is kind,
        f"{kind}; it is {capture.fault}",
    )


@pytest.mark.parametrize("kind", [FaultKind.ABSENT, FaultKind.BUSY, FaultKind.DENIED])
@pytest.mark.parametrize("first", [None, "camera:Cam"])
def test_a_camera_that_cannot_be_opened_is_retried(
    studio: Studio, camera: FakeCamera, kind: FaultKind, first: str | None
) -> None:
    camera.state = kind.value
    with capture_of(studio, first) as capture:
        shows(capture, DEMO)
        assert capture.fault
        assert capture.fault.kind is kind
        assert capture.fault.source == (first or "camera")
        assert capture.fault.hint  # what to try
        assert capture.notice.startswith("Cam")
        assert capture.notice.endswith("Playing the demo clip until then.")
        wait_until(lambda: camera.attempts >= 4, "it is tried again by itself")
        assert capture.name == "Demo clip"
        assert capture.opening == ""  # quietly
        camera.state = "good"
        shows(capture, CAM)
        assert (capture.fault, capture.notice, capture.name) == (None, "", "Cam")
        assert {frame.image[0, 0, 0] for frame in take(capture, 5)} == {CAM}


def test_a_lost_camera_comes_back_and_no_other_takes_its_place(
    studio: Studio, camera: FakeCamera
) -> None:
    other = studio.add(FakeCamera("Other", OTHER, index=1), "camera:1")
    with capture_of(studio, None) as capture:
        shows(capture, CAM)
        camera.state = "gone"
        studio.cameras["camera"] = other  # the other one is the first now
        fault_is(capture, FaultKind.LOST)
        assert capture.fault
        assert capture.waiting
        assert capture.notice.endswith("This is the last picture.")
        assert capture.fault.source == "camera:Cam"
        attempts = camera.attempts
        wait_until(lambda: camera.attempts >= attempts + 3)
        assert capture.fault.kind is FaultKind.LOST  # "absent" would tell less
        camera.state = "busy"
        fault_is(capture, FaultKind.BUSY)  # that is news
        camera.state = "good"
        shows(capture, CAM)
        assert capture.fault is None
        assert not capture.waiting
    assert other.opened == []
    assert "demo" not in studio.requested


def test_another_running_source_stays_until_the_camera_is_back(
    studio: Studio, camera: FakeCamera
) -> None:
    studio.clips["clip"] = lambda: FakeClip("Clip", value=50)
    camera.state = "absent"
    with capture_of(studio, "clip") as capture:
        shows(capture, 50)
        capture.open("camera:Cam")
        fault_is(capture, FaultKind.ABSENT)
        assert (capture.name, "demo" in studio.requested) == ("Clip", False)
        assert "demo" not in capture.notice
        camera.state = "good"
        shows(capture, CAM)


def test_choosing_something_else_ends_the_retries(studio: Studio, camera: FakeCamera) -> None:
    camera.state = "absent"
    with capture_of(studio, "camera:Cam") as capture:
        fault_is(capture, FaultKind.ABSENT)
        capture.open("demo")
        wait_until(lambda: capture.fault is None and capture.opening == "")
        camera.state = "good"
        begins = take(capture)[0].time_s
        wait_until(lambda: take(capture)[0].time_s > begins + 5 * QUICK.retry)
        assert camera.opened == []
        assert capture.name == "Demo clip"


def test_a_silent_camera_is_reported_and_recovers(studio: Studio, camera: FakeCamera) -> None:
    with capture_of(studio, "camera", timeouts=STRICT) as capture:
        shows(capture, CAM)
        camera.state = "silent"
        fault_is(capture, FaultKind.STALLED)
        assert capture.notice.startswith("Cam: no frames are arriving\n")
        assert capture.name == "Cam"  # its last picture stays
        assert capture.waiting
        camera.state = "good"
        fault_is(capture, None)
        shows(capture, CAM)
    assert len(camera.opened) == 1
    assert "demo" not in studio.requested


def test_a_silent_camera_that_was_unplugged_is_lost(studio: Studio, camera: FakeCamera) -> None:
    with capture_of(studio, "camera", timeouts=STRICT) as capture:
        shows(capture, CAM)
        camera.state = "hung"
        camera.plugged = False
        fault_is(capture, FaultKind.LOST)
        assert len(camera.opened) == 1  # the driver still has it: no second opening
        camera.plugged = True
        camera.state = "good"
        shows(capture, CAM)
        fault_is(capture, None)
    assert camera.opened == ["camera", "camera:Cam"]


def test_a_camera_that_opens_but_sends_nothing_is_stalled(
    studio: Studio, camera: FakeCamera
) -> None:
    studio.clips["clip"] = lambda: FakeClip("Clip", value=50)
    camera.state = "silent"
    with capture_of(studio, "clip", timeouts=STRICT) as capture:
        shows(capture, 50)
        capture.open("camera:Cam")
        fault_is(capture, FaultKind.STALLED)
        for _ in range(20):  # the running one plays on, and its pictures do not wipe it away
            take(capture)
            assert capture.fault is not None
            assert capture.fault.kind is FaultKind.STALLED
        camera.state = "good"
        shows(capture, CAM)
        fault_is(capture, None)


def test_a_repeated_picture_is_reported_after_a_while(studio: Studio, camera: FakeCamera) -> None:
    patient = replace(QUICK, repeating=0.3)
    with capture_of(studio, "camera", timeouts=patient) as capture:
        shows(capture, CAM)
        before = take(capture)[0].captured_at  # pictures changed up to here, at least
        camera.state = "frozen"
        fault_is(capture, FaultKind.REPEATING)
        assert time.perf_counter() - before > patient.repeating
        assert "repeats the same picture" in capture.notice
        assert capture.name == "Cam"
        camera.state = "good"
        fault_is(capture, None)
    assert len(camera.opened) == 1


def test_an_unplugged_camera_whose_driver_repeats_is_lost(
    studio: Studio, camera: FakeCamera
) -> None:
    with capture_of(studio, "camera") as capture:
        shows(capture, CAM)
        camera.state, camera.plugged = "frozen", False
        fault_is(capture, FaultKind.LOST)
        camera.state, camera.plugged = "good", True
        shows(capture, CAM)
        fault_is(capture, None)


@pytest.mark.parametrize("kind", ["video", "stream"])
def test_repeated_pictures_are_a_fault_of_cameras_only(studio: Studio, kind: str) -> None:
    """A clip may show one picture, and a compressed stream of a still scene repeats it."""
    if kind == "video":
        studio.clips["still"] = lambda: FakeClip("Still", value=50, still=True)
    else:
        stream = FakeCamera("Still", 50, kind="stream")
        stream.state = "frozen"
        studio.cameras["still"] = stream
    with capture_of(studio, "still") as capture:
        begins = take(capture)[0].captured_at
        wait_until(lambda: take(capture)[0].captured_at > begins + 3 * QUICK.repeating)
        assert capture.fault is None


def test_retry_opens_a_repeating_camera_anew(studio: Studio, camera: FakeCamera) -> None:
    with capture_of(studio, "camera") as capture:
        shows(capture, CAM)
        camera.state = "frozen"
        fault_is(capture, FaultKind.REPEATING)
        assert capture.fault
        capture.open(capture.fault.source)
        wait_until(lambda: len(camera.opened) == 2)
        camera.state = "good"
        shows(capture, CAM)
        fault_is(capture, None)


def test_a_changed_size_is_reported_once(studio: Studio, camera: FakeCamera) -> None:
    with capture_of(studio, "camera") as capture:
        shows(capture, CAM)
        assert capture.delivered_mode == Mode(8, 6, 30.0)
        camera.size = (16, 12)
        fault_is(capture, FaultKind.RESIZED)
        assert capture.notice == "Cam now delivers 16 × 12 pixels"
        assert capture.delivered_mode == Mode(16, 12, 30.0)
        assert take(capture, 2)[1].image.shape == (12, 16, 3)
        fault_is(capture, None)  # by itself
    assert len(camera.opened) == 1


@pytest.mark.parametrize("again", ["camera", "camera:0", "camera:cam", "camera:fake/Cam"])
def test_the_running_camera_is_not_opened_again(
    studio: Studio, camera: FakeCamera, again: str
) -> None:
    with capture_of(studio, "camera:Cam") as capture:
        shows(capture, CAM)
        capture.open(again)
        take(capture, 3)
        assert (capture.fault, capture.opening) == (None, "")
    assert studio.requested == ["camera:Cam"]


def test_another_mode_reopens_the_camera_but_never_twice_at_once(
    studio: Studio, camera: FakeCamera
) -> None:
    with capture_of(studio, "camera") as capture:
        shows(capture, CAM)
        assert capture.requested_mode is None
        capture.open("camera:Cam@1280x720@60")
        wait_until(lambda: capture.requested_mode == Mode(1280, 720, 60.0))
        shows(capture, CAM)
        assert capture.fault is None  # the fake says "busy" to a second opening
        camera.state = "gone"
        fault_is(capture, FaultKind.LOST)
        camera.state = "good"
        shows(capture, CAM)
    assert camera.opened == ["camera", "camera:Cam@1280x720@60", "camera:Cam@1280x720@60"]


def test_switching_to_a_camera_that_is_busy(studio: Studio, camera: FakeCamera) -> None:
    other = studio.add(FakeCamera("Other", OTHER, index=1))
    other.state = "busy"
    with capture_of(studio, "camera:Cam") as capture:
        shows(capture, CAM)
        capture.open("camera:Other")
        fault_is(capture, FaultKind.BUSY)
        assert {frame.image[0, 0, 0] for frame in take(capture, 10)} == {CAM}
        assert capture.name == "Cam"
        capture.open("camera:Cam")  # content with that
        assert capture.fault is None
        attempts = other.attempts
        begins = take(capture)[0].captured_at
        wait_until(lambda: take(capture)[0].captured_at > begins + 5 * QUICK.retry)
        assert other.attempts <= attempts + 1  # one may have been under way
    assert len(camera.opened) == 1


def test_a_closed_stream_is_opened_again(studio: Studio) -> None:
    stream = FakeCamera("http://host/cam", 30, kind="stream")
    studio.cameras["http://me:secret@host/cam"] = stream
    with capture_of(studio, "http://me:secret@host/cam") as capture:
        shows(capture, 30)
        stream.state = "gone"
        fault_is(capture, FaultKind.LOST)
        assert "secret" not in capture.notice
        stream.state = "good"
        shows(capture, 30)
        assert capture.fault is None


def test_a_late_frame_of_a_replaced_camera_is_not_shown(
    studio: Studio, camera: FakeCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.clips["clip"] = lambda: FakeClip("Clip", value=50)
    with capture_of(studio, "camera") as capture:
        shows(capture, CAM)
        camera.state = "hung"
        assert camera.reading.wait(10)
        capture.open("clip")
        shows(capture, 50)
        seen: list[int] = []
        monkeypatch.setattr(capture.frames, "put", lambda f: seen.append(int(f.image[0, 0, 0])))
        camera.state = "good"  # its driver hands out one more picture
        wait_until(lambda: camera.open_now == 0)
        wait_until(lambda: len(seen) >= 3)
        assert set(seen) == {50}
