"""Cameras by name, and why one cannot be used."""

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from types import SimpleNamespace

import cv2
import pytest

from ferapp.sources import camera as camera_module
from ferapp.sources.base import SourceError
from ferapp.sources.camera import Camera
from ferapp.sources.camera_info import CameraInfo, Mode, parse_camera_uri
from ferapp.sources.camera_list import find_camera, is_camera_connected, list_cameras
from ferapp.sources.faults import FaultKind, permission_hint
from tests.support.sources.fake_device import FakeDevice, ShutDevice, failing_after

linux = pytest.mark.skipif(sys.platform != "linux", reason="about /dev")
CAM = CameraInfo(3, "Cam", backend=200, path=os.devnull, uri="camera:Cam")
GONE = replace(CAM, path="/dev/no-such-camera")


def item(index: int, name: str, path: str = "", vid: int | None = None) -> SimpleNamespace:
    return SimpleNamespace(index=index, name=name, path=path, vid=vid, pid=vid, backend=200)


TWINS = [
    item(4, "HD Webcam", "/dev/video4"),
    item(0, "Integrated Camera: Integrated C", "/dev/video0", 0x46D),
    item(2, "HD Webcam", "/dev/video2"),
]


def test_cameras_are_listed_by_number_with_uris_that_find_them_again() -> None:
    cameras = list_cameras(lambda: TWINS)
    assert [(camera.index, camera.name) for camera in cameras] == [
        (0, "Integrated Camera"),
        (2, "HD Webcam"),
        (4, "HD Webcam"),
    ]
    assert cameras[0].vid == 0x46D
    assert cameras[0].uri == "camera:Integrated Camera"
    assert cameras[1].uri != cameras[2].uri  # twins are told apart by where they are
    for camera in cameras:
        text = parse_camera_uri(camera.uri)
        assert text is not None
        assert find_camera(text[0], cameras) == camera


@pytest.mark.parametrize("name", ["7", "Cam@640x480"])
def test_an_ambiguous_name_is_not_used_as_a_selector(name: str) -> None:
    cameras = list_cameras(lambda: [item(0, name, "/dev/video0")])
    assert cameras[0].uri == "camera:/dev/video0"


def test_a_failing_list_is_empty() -> None:
    def broken() -> Iterable[object]:
        raise OSError("no such interface")

    def missing() -> Iterable[object]:
        raise ImportError("cv2_enumerate_cameras")

    assert list_cameras(broken) == []
    assert list_cameras(missing) == []


def test_the_list_of_this_computer_does_not_fail() -> None:
    assert all(camera.name and camera.uri for camera in list_cameras())


@pytest.mark.parametrize(
    ("text", "index"),
    [("", 0), ("0", 0), ("4", 4), ("integrated camera", 0), ("/dev/video2", 2), ("Integr", 0)],
)
def test_a_selector_finds_its_camera(text: str, index: int) -> None:
    assert find_camera(text, list_cameras(lambda: TWINS)).index == index


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("HD Webcam", "2 cameras are called HD Webcam", "camera:/dev/video2"),
        ("Zoom", "Zoom is not connected", "Connected: Integrated Camera"),
        ("1", "Camera 1 is not connected", "Connected: Integrated Camera"),
    ],
)
def test_no_camera_is_mistaken_for_another(text: str, message: str, hint: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        find_camera(text, list_cameras(lambda: TWINS))
    assert caught.value.fault is FaultKind.ABSENT
    assert hint in caught.value.hint


def test_a_number_is_tried_when_cameras_cannot_be_listed() -> None:
    assert find_camera("7", []).index == 7


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("camera", ("", None)),
        ("camera:0", ("0", None)),
        ("camera:USB: Cam 2", ("USB: Cam 2", None)),
        ("camera@640x480", ("", Mode(640, 480))),
        ("camera:Me@Home@1280x720@29.97", ("Me@Home", Mode(1280, 720, 29.97))),
        ("camera:", None),
        ("cameras", None),
        ("demo", None),
        ("clip@1280x720", None),
    ],
)
def test_camera_uris_are_parsed(uri: str, parts: tuple[str, Mode | None] | None) -> None:
    assert parse_camera_uri(uri) == parts


def test_a_mode_reads_back() -> None:
    for mode in (Mode(640, 480), Mode(1280, 720, 29.97)):
        assert parse_camera_uri(f"camera:Cam@{mode}") == ("Cam", mode)


def test_the_requested_mode_is_set() -> None:
    made: list[FakeDevice] = []

    def device(index: int, backend: int) -> FakeDevice:
        made.append(FakeDevice(index, backend))
        return made[-1]

    camera = Camera(CAM, Mode(1280, 720, 30), device)
    camera.close()
    assert made[0].number == (3, 200)
    assert made[0].set_to == {
        cv2.CAP_PROP_FOURCC: cv2.VideoWriter.fourcc(*"MJPG"),
        cv2.CAP_PROP_FRAME_WIDTH: 1280,
        cv2.CAP_PROP_FRAME_HEIGHT: 720,
        cv2.CAP_PROP_FPS: 30,
    }
    assert (camera.requested_mode, camera.fps) == (Mode(1280, 720, 30), 15.0)
    Camera(CAM, None, device).close()
    assert made[1].set_to == {}  # nothing wished, nothing changed


@linux
def test_a_camera_that_is_not_connected_is_absent() -> None:
    def never(*_: int) -> FakeDevice:
        raise AssertionError("it was opened")

    with pytest.raises(SourceError, match="Cam is not connected") as caught:
        Camera(GONE, open_device=never)
    assert caught.value.fault is FaultKind.ABSENT


@linux
def test_a_camera_that_does_not_open_is_busy_or_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = FakeDevice.open_now
    with pytest.raises(SourceError, match="in use by another program") as caught:
        Camera(CAM, open_device=ShutDevice)
    assert caught.value.fault is FaultKind.BUSY
    monkeypatch.setattr(camera_module.os, "access", lambda *_: False)  # a test may run as root
    with pytest.raises(SourceError, match="may not use the camera") as caught:
        Camera(CAM, open_device=ShutDevice)
    assert caught.value.fault is FaultKind.DENIED
    assert "usermod -aG video" in caught.value.hint
    assert FakeDevice.open_now == devices


@linux
@pytest.mark.parametrize(
    ("good", "waits", "path", "kind"),
    [
        (0, False, CAM.path, FaultKind.BUSY),  # it opened, but another program streams
        (3, False, CAM.path, FaultKind.LOST),
        (3, False, GONE.path, FaultKind.LOST),
        (3, True, CAM.path, FaultKind.STALLED),
        (3, True, GONE.path, FaultKind.LOST),
    ],
)
def test_why_no_frame_arrives(
    good: int, waits: bool, path: str, kind: FaultKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    if waits:
        monkeypatch.setattr(camera_module, "STALLED_S", 0.0)
    camera = Camera(CAM, open_device=failing_after(good))
    for _ in range(good):
        assert camera.read() is not None
    camera.camera = replace(CAM, path=path)  # perhaps pulled out meanwhile
    with pytest.raises(SourceError, match="Cam") as caught:
        camera.read()
    camera.close()
    assert caught.value.fault is kind


@linux
def test_the_system_knows_whether_a_camera_is_connected() -> None:
    assert is_camera_connected(CAM)
    assert not is_camera_connected(GONE)
    camera = Camera(CAM, open_device=FakeDevice)
    assert camera.is_connected()
    camera.close()


@pytest.mark.parametrize(
    ("platform", "words"),
    [
        ("linux", "usermod -aG video"),
        ("darwin", "System Settings → Privacy & Security → Camera"),
        ("win32", "Settings → Privacy & security → Camera"),
    ],
)
def test_the_hint_says_where_to_allow_the_camera(platform: str, words: str) -> None:
    assert words in permission_hint("/dev/video0", platform)
