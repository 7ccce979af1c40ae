"""Sources that do what a test says, when it says so; no file, no device, no OpenCV."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from ferapp.live.capture import Capture
from ferapp.live.capture_timeouts import CaptureTimeouts
from ferapp.sources.base import Frame, FrameSource, Kind, SourceError
from ferapp.sources.camera_info import CameraInfo, Mode, parse_camera_uri
from ferapp.sources.faults import FaultKind, camera_fault_text

# a busy machine may hold up a healthy source for a while: only who tests silence is strict
QUICK = CaptureTimeouts(stalled=8, repeating=0.1, retry=0.02, notice=0.7, close=0.2, tick=0.01)
STRICT = replace(QUICK, stalled=0.15)
PICTURE_S = 0.004  # a fake camera's time between pictures


def wait_until(condition: Callable[[], object], what: str = "", limit_s: float = 20) -> None:
    """Return as soon as `condition` holds."""
    ends = time.perf_counter() + limit_s
    while not condition():
        assert time.perf_counter() < ends, f"never happened: {what or condition}"
        time.sleep(0.002)


def picture(value: int, number: int, size: tuple[int, int] = (8, 6)) -> np.ndarray:
    """All of `value`, but the last pixel, which counts."""
    image = np.full((size[1], size[0], 3), value, np.uint8)
    image[-1, -1] = number % 251
    return image


class FakeCamera:
    """A device whose state the test changes while it is read.

    States: good, frozen (the same picture again), silent (no picture; the read hangs), hung (as
    silent, also when it is told to close), gone; absent, busy, denied (it cannot be opened).
    """

    def __init__(self, name: str, value: int, index: int = 0, kind: Kind = "camera") -> None:
        self.info = CameraInfo(index, name, path=f"fake/{name}", uri=f"camera:{name}")
        self.value, self.kind = value, kind
        self.state = "good"
        self.size = (8, 6)
        self.plugged = True
        self.opened: list[str] = []  # the text of every attempt that succeeded
        self.attempts = 0
        self.open_now = 0
        self.opened_twice = False  # somebody tried to, while it was open
        self.reading = threading.Event()  # set while a read hangs
        self.driver: threading.Event | None = None  # `is_connected` hangs until it is set
        self.asking_driver = threading.Event()  # set while `is_connected` hangs

    def open(self, uri: str) -> FrameSource:
        self.attempts += 1
        if self.state in ("absent", "busy", "denied", "gone"):
            kind = FaultKind.ABSENT if self.state == "gone" else FaultKind(self.state)
            raise SourceError(*camera_fault_text(kind, self.info.name), kind)
        if self.open_now:
            self.opened_twice = True
            raise SourceError(*camera_fault_text(FaultKind.BUSY, self.info.name), FaultKind.BUSY)
        self.opened.append(uri)
        self.open_now += 1
        requested = parse_camera_uri(uri)
        return _FakeCameraSource(self, requested[1] if requested else None)


class _FakeCameraSource(FrameSource):
    def __init__(self, device: FakeCamera, mode: Mode | None) -> None:
        self._device, self.requested_mode = device, mode
        self.kind: Kind = device.kind
        self.camera = device.info if device.kind == "camera" else None
        self.name, self.fps = device.info.name, 30.0
        self._number, self._index = 0, 0
        self._began = time.perf_counter()

    def read(self) -> Frame | None:
        device = self._device
        time.sleep(PICTURE_S)
        while device.state in ("silent", "hung"):
            device.reading.set()
            time.sleep(PICTURE_S)
        if device.state == "gone":
            raise SourceError(*camera_fault_text(FaultKind.LOST, self.name), FaultKind.LOST)
        self._number += device.state != "frozen"
        now = time.perf_counter()
        image = picture(device.value, self._number, device.size)
        self._index += 1
        return Frame(image, self._index - 1, now - self._began, now)

    def is_connected(self) -> bool:
        if self._device.driver is not None:
            self._device.asking_driver.set()
            self._device.driver.wait(30)
        return self._device.plugged

    def close(self) -> None:
        self._device.open_now -= 1


class FakeClip(FrameSource):
    """A finite clip; `fails_at` raises there, `still` shows one picture only, `seekable` seeks."""

    kind: Kind = "video"

    def __init__(
        self,
        name: str = "Demo clip",
        value: int = 200,
        frames: int = 10,
        fps: float = 200.0,
        *,
        fails_at: int | None = None,
        still: bool = False,
        seekable: bool = False,
    ) -> None:
        self.name, self.fps = name, fps
        self.duration_s = frames / fps if seekable else 0.0
        self._value, self._frames, self._fails_at, self._still = value, frames, fails_at, still
        self._index = 0
        self.closed = 0
        self.rounds = 0

    def read(self) -> Frame | None:
        if self._index == self._fails_at:
            raise SourceError(f"{self.name}: the file is truncated")
        if self._index >= self._frames:
            return None
        image = picture(self._value, 0 if self._still else self._index)
        frame = Frame(image, self._index, self._index / self.fps, time.perf_counter())
        self._index += 1
        return frame

    def rewind(self) -> None:
        self._index = 0
        self.rounds += 1

    def seek(self, time_s: float) -> None:
        self._index = round(time_s * self.fps)

    def end_round(self) -> None:
        """Let the clip end after the frame that is read now."""
        self._index = self._frames

    def close(self) -> None:
        self.closed += 1


class FakePictures(FakeClip):
    """Pictures of a folder, or with `frames` 1 a still image, delivered at `fps`."""

    kind: Kind = "image"
    is_sequence = False

    def read(self) -> Frame | None:
        frame = super().read()
        return None if frame is None else replace(frame, segment=frame.index)


class Studio:
    """Opens what the test has put into it; the demo clip is always there."""

    def __init__(self) -> None:
        self.cameras: dict[str, FakeCamera] = {}
        self.clips: dict[str, Callable[[], FrameSource]] = {"demo": FakeClip}
        self.requested: list[str] = []
        self.made: list[FrameSource] = []

    def add(self, camera: FakeCamera, *names: str) -> FakeCamera:
        for name in (camera.info.uri, *names):
            self.cameras[name] = camera
        return camera

    def open(self, uri: str) -> FrameSource:
        self.requested.append(uri)
        camera = parse_camera_uri(uri)
        name = uri if camera is None else "camera" + (f":{camera[0]}" if camera[0] else "")
        if name in self.cameras:
            return self.cameras[name].open(uri)
        if uri not in self.clips:
            raise SourceError(f"{uri}: there is no such file", "Name another.")
        self.made.append(self.clips[uri]())
        return self.made[-1]


@contextmanager
def capture_of(
    studio: Studio, first: str | None, fps: float | None = None, timeouts: CaptureTimeouts = QUICK
) -> Iterator[Capture]:
    """A started capture; afterwards no thread of it is left."""
    before = set(threading.enumerate())
    capture = Capture(first, fps, studio.open, timeouts)
    capture.start()
    try:
        yield capture
    finally:
        for camera in studio.cameras.values():
            if camera.state in ("silent", "hung"):
                camera.state = "good"
        capture.close()
    wait_until(lambda: set(threading.enumerate()) <= before, "all threads have ended")
    for camera in studio.cameras.values():
        assert camera.open_now == 0
        assert not camera.opened_twice


def take(capture: Capture, count: int = 1) -> list[Frame]:
    """The next frames, as many as asked for."""
    frames: list[Frame] = []
    while len(frames) < count:
        frame = capture.frames.take(timeout=10)
        assert frame is not None, f"no picture; {capture.notice}"
        frames.append(frame)
    return frames


def shows(capture: Capture, value: int) -> None:
    """Return as soon as a picture of the source with that `value` comes."""
    wait_until(lambda: take(capture)[0].image[0, 0, 0] == value, f"a picture of {value}")
