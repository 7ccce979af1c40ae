"""A file is what its content says, whatever it is called."""

import shutil
import socket
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ferapp.sources.base import SourceError
from ferapp.sources.file_kind import VIDEO_FILE_SUFFIXES, FileKind, file_kind
from ferapp.sources.uri import open_source
from tests.support.sources.encoded import GREYS, Coding, grey, write_encoded
from trainer.files import PICTURE_SUFFIXES

NAMES = (
    "a:b.mp4",
    "c%d.mp4",
    "-dash%03d.png",
    "two  blanks.mp4",
    "grün日.mp4",
    "w?h#t*.avi",
    "[x]{y}.mov",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file of each kind, named after its kind."""
    folder = tmp_path_factory.mktemp("kinds")
    pictures = [Image.fromarray(grey(level)) for level in GREYS[::12]]
    for kind in ("GIF", "PNG", "WEBP", "AVIF"):
        more = {"save_all": True, "append_images": pictures[1:], "duration": [100, 200, 50, 100]}
        pictures[0].save(folder / f"moving.{kind.lower()}", kind, **more)
        pictures[0].save(folder / f"still.{kind.lower()}", kind)
    cv2.imwrite(str(folder / "still.jpg"), grey(90))
    cv2.imwrite(str(folder / "still.bmp"), grey(90))
    cv2.imwrite(str(folder / "still.tiff"), grey(90))
    cv2.imwrite(str(folder / "still.ppm"), grey(90))
    for suffix in ("mp4", "mkv", "avi"):
        write_encoded(folder / f"video.{suffix}", map(grey, GREYS[:5]), Coding())
    return folder


@pytest.mark.parametrize("name", ["moving.gif", "moving.png", "moving.webp", "moving.avif"])
@pytest.mark.parametrize("suffix", ["", ".mp4", ".jpg"])
def test_animated_pictures_are_videos(folder: Path, tmp_path: Path, name: str, suffix: str) -> None:
    file = shutil.copy(folder / name, tmp_path / f"{name}{suffix}")
    source = open_source(str(file))
    frames = list(iter(source.read, None))
    assert (source.kind, source.is_sequence) == ("video", True)
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.3, 0.35], abs=0.001)
    levels = [float(frame.image.mean()) for frame in frames]
    assert levels == pytest.approx([float(level) for level in GREYS[::12]], abs=4)
    source.rewind()
    again = source.read()
    source.close()
    assert again is not None
    assert again.time_s == 0
    np.testing.assert_array_equal(again.image, frames[0].image)


STILLS = ["gif", "png", "webp", "avif", "jpg", "bmp", "tiff", "ppm"]


@pytest.mark.parametrize("kind", STILLS)
@pytest.mark.parametrize("suffix", ["", ".mp4"])
def test_still_pictures_are_pictures(folder: Path, tmp_path: Path, kind: str, suffix: str) -> None:
    file = shutil.copy(folder / f"still.{kind}", tmp_path / f"still.{kind}{suffix}")
    source = open_source(str(file))
    frames = list(iter(source.read, None))
    source.close()
    assert (source.kind, source.is_sequence, len(frames)) == ("image", False, 1)


@pytest.mark.parametrize("kind", ["mp4", "mkv", "avi"])
@pytest.mark.parametrize("suffix", ["", ".png", ".gif"])
def test_videos_are_videos(folder: Path, tmp_path: Path, kind: str, suffix: str) -> None:
    file = shutil.copy(folder / f"video.{kind}", tmp_path / f"video.{kind}{suffix}")
    source = open_source(str(file))
    frames = list(iter(source.read, None))
    source.close()
    assert (source.kind, len(frames)) == ("video", 5)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_can_be_opened(
    folder: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FFmpeg would read protocols, patterns and options in some."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(folder / "video.mp4", name)
    for uri in (name, str(tmp_path / name)):
        source = open_source(uri)
        assert len(list(iter(source.read, None))) == 5
        assert source.name == name
        source.close()


def test_a_folder_shows_the_first_frame_of_what_moves(folder: Path, tmp_path: Path) -> None:
    """There every file is one picture, as in the trainer."""
    for name in ("moving.gif", "still.jpg"):
        shutil.copy(folder / name, tmp_path / name)
    source = open_source(str(tmp_path))
    assert [frame.file_name for frame in iter(source.read, None)] == ["moving.gif", "still.jpg"]


def test_raw_jpegs_one_after_the_other(tmp_path: Path) -> None:
    content = b"".join(cv2.imencode(".jpg", grey(level))[1].tobytes() for level in GREYS[:5])
    (tmp_path / "camera.mjpeg").write_bytes(content)
    assert file_kind(tmp_path / "camera.mjpeg") is FileKind.VIDEO
    source = open_source(str(tmp_path / "camera.mjpeg"))
    assert len(list(iter(source.read, None))) == 5
    source.close()


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4"])
def test_a_playlist_in_a_file_makes_no_connection(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/part.ts"
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{url}\n#EXT-X-ENDLIST\n"
        (tmp_path / name).write_text(text)
        with pytest.raises(SourceError, match=name):
            list(iter(open_source(str(tmp_path / name)).read, None))
        with pytest.raises(TimeoutError):
            server.accept()


def test_what_is_offered_by_name() -> None:
    assert {".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v"} <= VIDEO_FILE_SUFFIXES
    assert not VIDEO_FILE_SUFFIXES & PICTURE_SUFFIXES
