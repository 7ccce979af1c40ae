"""A camera of the kernel's v4l2loopback, where it is loaded: the real driver path without a device.

`modprobe v4l2loopback exclusive_caps=0` makes one; elsewhere the scripted cameras stand for it.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ferapp.sources.uri import open_source

DEVICES = sorted(Path("/sys/devices/virtual/video4linux").glob("video*"))

pytestmark = pytest.mark.skipif(
    not (Path("/sys/module/v4l2loopback").exists() and DEVICES and shutil.which("ffmpeg")),
    reason="the kernel has no v4l2loopback, or there is no ffmpeg to feed it",
)


@pytest.fixture
def device() -> Iterator[str]:
    """Fed with a moving test picture of 640 × 480 at 30 a second."""
    path = f"/dev/{DEVICES[0].name}"
    feed = subprocess.Popen(
        ["ffmpeg", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc=s=640x480:r=30",
         "-pix_fmt", "yuyv422", "-f", "v4l2", path]
    )  # fmt: skip
    yield path
    feed.terminate()
    feed.wait(10)


def test_a_virtual_camera_delivers_what_is_fed(device: str) -> None:
    source = open_source(f"camera:{device}")
    try:
        frames = [source.read() for _ in range(10)]
    finally:
        source.close()
    assert all(frame is not None and frame.image.shape == (480, 640, 3) for frame in frames)
    times = [frame.captured_at for frame in frames if frame is not None]
    assert times == sorted(times)
