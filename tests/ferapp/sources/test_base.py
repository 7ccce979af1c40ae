"""What holds for every kind of source."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ferapp.sources.base import FrameSource, SourceError
from ferapp.sources.camera import Camera
from ferapp.sources.camera_info import CameraInfo
from ferapp.sources.uri import open_source
from tests.support.sources.fake_device import FakeDevice
from tests.support.sources.mjpeg_server import running
from tests.support.sources.scripted import wait_until
from tests.support.sources.written_files import COUNT, write_images, write_video

NULL = CameraInfo(0, "Cam", path=os.devnull, uri="camera:Cam")

Open = Callable[[], FrameSource]


@pytest.fixture
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens one kind of source; its pictures are of 0, 20, 40 … (JPEG changes them a little)."""
    with ExitStack() as stack:
        match request.param:
            case "camera":
                yield lambda: Camera(NULL, open_device=FakeDevice)
            case "stream" | "video at an address":
                video = write_video(tmp_path / "clip.avi")
                server = stack.enter_context(running(video.parent))
                path = "/ok" if request.param == "stream" else "/clip.avi"
                yield lambda: open_source(server.url(path))
            case "video":
                video = write_video(tmp_path / "clip.avi")
                yield lambda: open_source(str(video))
            case "folder":
                folder = write_images(tmp_path / "pictures")
                yield lambda: open_source(str(folder))
            case _:
                image = write_images(tmp_path / "pictures") / "0.png"
                yield lambda: open_source(str(image))


KINDS = {
    "camera": ("camera", "Cam", COUNT),
    "stream": ("stream", "http://127.0.0.1", COUNT),
    "video at an address": ("video", "http://127.0.0.1", COUNT),
    "video": ("video", "clip.avi", COUNT),
    "folder": ("image", "pictures", COUNT),
    "image": ("image", "0.png", 1),
}
every_kind = pytest.mark.parametrize("opener", list(KINDS), indirect=True)


@every_kind
def test_frames_come_in_order_as_bgr(opener: Open, request: pytest.FixtureRequest) -> None:
    kind, name, count = KINDS[request.node.callspec.params["opener"]]
    source = opener()
    assert source.kind == kind
    assert source.name.startswith(name)
    frames, values = [], []
    for _ in range(count):
        frame = source.read()
        assert frame is not None
        frames.append(frame)
        values.append(frame.image.copy())
    source.close()
    assert [frame.index for frame in frames] == list(range(count))
    assert frames[0].time_s == 0
    for one, other in pairwise(frames):
        assert other.time_s > one.time_s
        assert other.captured_at >= one.captured_at
    for number, (frame, value) in enumerate(zip(frames, values, strict=True)):
        assert (frame.image.dtype, frame.image.shape) == (np.uint8, (48, 64, 3))
        assert np.array_equal(frame.image, value)  # later reads do not write into it
        assert abs(int(frame.image.mean()) - number * 20) <= 3


CAN = {  # is_live, can_seek, is_sequence, has_file_names, frame_count
    "camera": (True, False, True, False, 0),
    "stream": (True, False, True, False, 0),
    "video at an address": (False, False, True, False, COUNT),
    "video": (False, True, True, False, COUNT),
    "folder": (False, True, False, True, COUNT),
    "image": (False, False, False, False, 1),
}


@every_kind
def test_a_source_says_what_it_can_do(opener: Open, request: pytest.FixtureRequest) -> None:
    source = opener()
    can = (
        source.is_live,
        source.can_seek,
        source.is_sequence,
        source.has_file_names,
        source.frame_count,
    )
    frames = [frame for _ in range(2) if (frame := source.read()) is not None]
    source.close()
    assert can == CAN[request.node.callspec.params["opener"]]
    assert [bool(frame.file_name) for frame in frames] == [source.has_file_names] * len(frames)
    if source.is_sequence:
        assert {frame.segment for frame in frames} == {0}
    assert source.recorded is None


@every_kind
def test_close_may_be_repeated_and_frees_the_descriptor(opener: Open) -> None:
    folder = "/proc/self/fd"
    if sys.platform != "linux":
        pytest.skip("descriptors are counted in /proc")
    opener().close()  # whatever is opened once and for all
    before, devices = len(os.listdir(folder)), FakeDevice.open_now
    kept = [opener() for _ in range(5)]  # so that it is close() that frees, and nothing else
    for source in kept:
        source.read()
        source.close()
        source.close()
    # the server of the test is in this process too, and hangs up in its own time
    wait_until(lambda: len(os.listdir(folder)) <= before + 2, "the descriptors are free")
    assert FakeDevice.open_now == devices


@pytest.mark.parametrize(
    "opener", ["video", "folder", "image", "video at an address"], indirect=True
)
def test_a_file_can_be_played_again(opener: Open) -> None:
    source = opener()
    rounds = []
    for _ in range(2):
        rounds.append([frame.image for frame in iter(source.read, None)])
        assert source.read() is None  # the end stays the end
        source.rewind()
    source.close()
    assert len(rounds[0]) == len(rounds[1]) > 0
    assert all(np.array_equal(one, other) for one, other in zip(*rounds, strict=True))


def test_the_demo_clip_opens() -> None:
    source = open_source("demo")
    frame = source.read()
    source.close()
    assert (source.name, source.kind) == ("Demo clip", "video")
    assert frame is not None
    assert frame.image.shape == (360, 640, 3)


def test_times_of_a_video_follow_its_rate(tmp_path: Path) -> None:
    source = open_source(str(write_video(tmp_path / "clip.avi", fps=8)))
    times = [frame.time_s for frame in iter(source.read, None)]
    source.close()
    assert times == pytest.approx([0, 1 / 8, 2 / 8, 3 / 8, 4 / 8])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("clip.mp4", b"", "this video cannot be opened"),
        ("clip.mp4", b"this is a text" * 100, "this video cannot be opened"),
        ("notes.md", b"this is a text" * 100, "neither a video nor a picture"),
        ("face.jpg", b"", "could not be read"),
        ("face.png", b"\x89PNG\r\n\x1a\n" + b"x" * 100, "could not be read"),
    ],
)
def test_damaged_files_are_refused_by_name(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(SourceError, match=said) as caught:
        open_source(str(file))
    assert str(file) in str(caught.value)


def test_a_truncated_video_says_where_it_ends(tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.avi", frames=100)
    whole = video.read_bytes()
    video.write_bytes(whole[: len(whole) // 2])
    source = open_source(str(video))
    with pytest.raises(SourceError, match=r"truncated, it ends after \d+ of 100 frames"):
        for _ in iter(source.read, None):
            pass
    source.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nowhere.mp4", "there is no such file"),
        ("", "there is no"),
        ("camera:", "there is no such file"),
        ("camcorder", "there is no such file"),
        ("ftp://host/clip.mp4", "unknown kind of address"),
    ],
)
def test_an_unknown_uri_is_refused_with_a_hint(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=said) as caught:
        open_source(text)
    assert caught.value.hint
