"""Sources that mean no good: pipes and devices, names that are no text, lists, huge frames."""

import os
import shutil
import struct
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ferapp.live.engine import open_source as open_any_source
from ferapp.sources.base import FrameSource, SourceError
from ferapp.sources.decoding.picture_converter import PictureConverter
from ferapp.sources.limits import SourceLimits
from ferapp.sources.stream_address import without_password
from ferapp.sources.uri import open_source
from tests.support import ROOT
from tests.support.sources.encoded import GREYS, Coding, grey, write_encoded
from trainer.data.reading.picture_header import MAX_SIDE

DEMO = ROOT / "assets" / "demo" / "demo.mp4"
unix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


def read_all(source: FrameSource) -> int:
    try:
        return len(list(iter(source.read, None)))
    finally:
        source.close()


@unix_only
class TestPipesAndDevices:
    @pytest.mark.parametrize("name", ["pipe.mp4", "pipe.png", "pipe"])
    def test_a_pipe_is_refused_and_not_waited_for(self, tmp_path: Path, name: str) -> None:
        os.mkfifo(tmp_path / name)
        with pytest.raises(SourceError, match=f"{name}: this is a device, a pipe or a socket"):
            open_any_source(str(tmp_path / name))

    @pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
    def test_a_device_behind_a_link_is_refused(self, tmp_path: Path, device: str) -> None:
        (tmp_path / "face.png").symlink_to(device)
        with pytest.raises(SourceError, match="this is a device"):
            open_source(str(tmp_path / "face.png"))

    def test_in_a_folder_they_are_left_out_and_counted(self, tmp_path: Path) -> None:
        cv2.imwrite(str(tmp_path / "face.png"), np.arange(48, dtype=np.uint8).reshape(6, 8))
        os.mkfifo(tmp_path / "pipe.jpg")
        (tmp_path / "zero.png").symlink_to("/dev/zero")
        source = open_source(str(tmp_path))
        assert source.frame_count == 1
        assert read_all(source) == 1
        note = "left out 2 that are no file but a device, pipe or socket: pipe.jpg, zero.png"
        assert note in source.notes
        assert source.skipped == ()


class TestNames:
    @pytest.mark.parametrize(
        "uri", ["x" * 5000, "/tmp/" + "y" * 300 + ".mp4", "~nobody-here/a.mp4"]
    )
    def test_an_impossible_name_is_one_sentence(self, uri: str) -> None:
        with pytest.raises(SourceError) as caught:
            open_any_source(uri)
        assert len(str(caught.value.args[0])) < 700
        assert "\n" not in caught.value.args[0]

    def test_a_zero_byte(self) -> None:
        with pytest.raises(SourceError, match=r"a\\x00b: there is no such file"):
            open_any_source("a\0b")

    @unix_only
    @pytest.mark.parametrize("raw", [b"bad\xff", b"red\x1b[31m", b"two\nlines", b"\xe2\x80\xaegnp"])
    @pytest.mark.parametrize("suffix", [b".mp4", b".png", b".webp"])
    def test_any_bytes_are_read_and_shown_safely(
        self, tmp_path: Path, raw: bytes, suffix: bytes
    ) -> None:
        path = tmp_path / os.fsdecode(raw + suffix)
        if suffix == b".mp4":
            shutil.copy(DEMO, path)
        else:
            more = [Image.fromarray(grey(level)) for level in GREYS[:3]]
            options = {"save_all": True, "append_images": more} if suffix == b".webp" else {}
            with path.open("wb") as file:
                Image.fromarray(grey(70)).save(file, suffix[1:].decode(), **options)
        source = open_source(str(path))
        assert source.read() is not None
        source.close()
        for text in (source.name, *source.notes):
            text.encode()
            assert text.isprintable()

    @unix_only
    def test_a_folder_of_such_names(self, tmp_path: Path) -> None:
        folder = tmp_path / os.fsdecode(b"f\xfe\x1b")
        folder.mkdir()
        for name in (b"1\xff.png", b"2\x1b[2J.png"):
            with open(os.fsencode(folder) + b"/" + name, "wb") as file:
                Image.fromarray(grey(70)).save(file, "PNG")
        for name in (b"3\xff.png", b"4\xff.txt"):
            Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"no picture")
        source = open_source(str(folder))
        names = [frame.file_name for frame in iter(source.read, None)]
        assert names == [r"1\xff.png", r"2\x1b[2J.png"]
        assert source.skipped == (r"3\xff.png",)
        for text in (source.name, *source.notes, *names):
            text.encode()
            assert text.isprintable()

    def test_an_address_is_shown_safely_and_never_its_password(self) -> None:
        assert without_password("http://cam/\x1b[2J") == r"http://cam/\x1b[2J"
        long = f"http://me:{'s' * 4000}@cam/video"
        assert without_password(long) == "http://cam/video"


LISTS = {
    "ffconcat": "ffconcat version 1.0\nfile '{0}'\n",
    "concat": "file '{0}'\n",
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{0}\n#EXT-X-ENDLIST\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    "dash": '<?xml version="1.0"?>\n<MPD><BaseURL>{0}</BaseURL></MPD>\n',
    "pls": "[playlist]\nFile1={0}\n",
    "blanks first": "\n\n  ffconcat version 1.0\nfile '{0}'\n",
    "late": "# a comment as long as a head\n" * 9 + "ffconcat version 1.0\nfile '{0}'\n",
}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("name", ["list.mp4", "list.m3u8", "list", "list.png"])
def test_a_list_opens_no_other_file(tmp_path: Path, kind: str, name: str) -> None:
    shutil.copy(DEMO, tmp_path / "other.mp4")
    (tmp_path / name).write_text(LISTS[kind].format(tmp_path / "other.mp4"))
    with pytest.raises(SourceError, match=name):
        read_all(open_source(str(tmp_path / name)))


def test_a_list_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text(LISTS["ffconcat"].format(DEMO))
    with pytest.raises(SourceError, match="a list of other files or addresses") as caught:
        open_source(str(tmp_path / "a.mp4"))
    assert caught.value.hint


class TestSizes:
    def test_a_picture_beyond_the_limit(self, tmp_path: Path) -> None:
        cv2.imwrite(str(tmp_path / "a.png"), np.zeros((60, 80), np.uint8))
        with pytest.raises(SourceError, match=r"80 × 60 pixels, .* limit") as caught:
            open_source(str(tmp_path / "a.png"), SourceLimits.of(4000))
        assert "--max-pixels" in caught.value.hint
        source = open_source(str(tmp_path), SourceLimits.of(4000))
        with pytest.raises(SourceError, match="none of the 1 images"):
            source.read()

    def test_a_very_wide_picture_comes_reduced_and_says_so(self, tmp_path: Path) -> None:
        cv2.imwrite(str(tmp_path / "wide.png"), np.tile(np.arange(256, dtype=np.uint8), (8, 150)))
        for path in (tmp_path / "wide.png", tmp_path):
            source = open_source(str(path))
            frame = source.read()
            assert frame is not None
            assert max(frame.image.shape) == 9600
            assert any("reduced size" in note and "wide.png" in note for note in source.notes)

    @pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.gif", "a.png", "a.webp"])
    def test_frames_beyond_the_limit(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        if path.suffix in (".mp4", ".mkv", ".avi"):
            write_encoded(path, map(grey, GREYS[:5]), Coding())
        else:
            pictures = [Image.fromarray(grey(level)) for level in GREYS[:5]]
            pictures[0].save(path, save_all=True, append_images=pictures[1:])
        assert read_all(open_source(str(path), SourceLimits.of(64 * 48))) == 5
        with pytest.raises(SourceError, match=r"64 × 48 pixels, .* limit of 0\.003071 million"):
            read_all(open_source(str(path), SourceLimits.of(64 * 48 - 1)))

    def test_frames_that_grow_later_are_not_decoded(self, tmp_path: Path) -> None:
        """Each picture of a raw stream of JPEGs states its own size."""
        small, large = (
            cv2.imencode(".jpg", np.full(size, 90, np.uint8))[1].tobytes()
            for size in ((48, 64), (480, 640))
        )
        (tmp_path / "a.mjpeg").write_bytes(small * 3 + large * 3)
        assert read_all(open_source(str(tmp_path / "a.mjpeg"), SourceLimits.of(5000))) == 3

    def test_a_stated_size_that_is_a_bomb(self, tmp_path: Path) -> None:
        """The head of an animated GIF says 60,000 × 60,000."""
        pictures = [Image.fromarray(grey(level)) for level in GREYS[:3]]
        pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:])
        content = bytearray((tmp_path / "a.gif").read_bytes())
        content[6:10] = struct.pack("<HH", 60_000, 60_000)
        (tmp_path / "a.gif").write_bytes(content)
        with pytest.raises(SourceError):
            read_all(open_source(str(tmp_path / "a.gif")))

    def test_stretched_pixels_stay_within_what_can_be_mapped(self) -> None:
        converter = PictureConverter(Fraction(4))
        wide = converter._square(np.full((100, 9000, 3), 90, np.uint8))
        assert max(wide.shape) <= MAX_SIDE
        assert wide.shape[1] / wide.shape[0] == pytest.approx(4 * 90, rel=0.02)
        assert converter.notes
