"""Seeking in video files: the picture of the time asked for; files that lie about their length."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.sources.uri import open_source
from ferapp.sources.video import VideoFile
from tests.support.sources.written_files import write_video

FRAMES, FPS = 12, 10.0  # pictures of 0, 20, 40 …


def shown(source: VideoFile) -> tuple[int, float, int]:
    """Index and time of the next frame, and the number that its grey level encodes."""
    frame = source.read()
    assert frame is not None
    return frame.index, frame.time_s, round(float(frame.image.mean()) / 20)


@pytest.mark.parametrize(("name", "fourcc"), [("a.avi", "MJPG"), ("a.mp4", "mp4v")])
def test_a_seek_finds_the_frame_at_that_time(tmp_path: Path, name: str, fourcc: str) -> None:
    source = VideoFile(write_video(tmp_path / name, FRAMES, fourcc, FPS))
    assert source.duration_s == pytest.approx(FRAMES / FPS)
    for asked_s, number in ((0.6, 6), (0.29, 3), (1.1, 11), (0.0, 0), (99.0, 11), (-1.0, 0)):
        source.seek(asked_s)
        assert shown(source) == (number, pytest.approx(number / FPS), number)
    source.seek(0.8)
    assert [shown(source)[2] for _ in range(4)] == [8, 9, 10, 11]  # and on from there
    assert source.read() is None
    source.rewind()
    assert shown(source) == (0, 0.0, 0)
    source.close()


def test_a_seek_between_key_frames_finds_the_same_picture_as_playing() -> None:
    """The demo clip is H.264: frames between key frames depend on earlier ones."""
    source = open_source("demo")
    wanted = {7: None, 100: None, 311: None}
    for frame in iter(source.read, None):
        if frame.index in wanted:
            wanted[frame.index] = frame.image
    source.rewind()
    for index, image in reversed(wanted.items()):
        source.seek(index / source.fps)
        frame = source.read()
        assert frame is not None
        assert frame.index == index
        np.testing.assert_array_equal(frame.image, image)
    source.close()


def test_a_seek_beyond_the_end_of_a_truncated_file_finds_a_frame(tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.avi", 100)
    whole = video.read_bytes()
    video.write_bytes(whole[: len(whole) // 2])
    source = VideoFile(video)
    source.seek(9.9)
    index, _, number = shown(source)
    assert 20 < index < 60
    assert number == round(index * 20 % 256 / 20)  # write_video's values go round
    source.seek(0.1)
    assert shown(source)[0] == 1
    for _ in iter(source.read, None):
        pass  # its end is told of by a run from the start
    source.close()


def test_a_file_of_unknown_length_cannot_seek(tmp_path: Path) -> None:
    """A raw stream of JPEG files."""
    pictures = [cv2.imencode(".jpg", np.full((48, 64, 3), 20 * n, np.uint8))[1] for n in range(3)]
    (tmp_path / "clip.mjpeg").write_bytes(b"".join(picture.tobytes() for picture in pictures))
    source = open_source(str(tmp_path / "clip.mjpeg"))
    assert isinstance(source, VideoFile)
    assert (source.duration_s, source.can_seek) == (0, False)
    assert shown(source) == (0, 0.0, 0)
    source.close()


def make_uneven(video: Path) -> None:
    """The first half of an MP4's pictures at twice the rate, the second at half of it."""
    data = bytearray(video.read_bytes())
    start = data.find(b"stts") - 4
    count, ticks = struct.unpack(">II", data[start + 16 : start + 24])
    half = (count // 2, ticks // 2, count - count // 2, 2 * ticks)
    data[start : start + 24] = struct.pack(">I4sII4I", 32, b"stts", 0, 2, *half)
    for box in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        place = data.find(box) - 4
        (size,) = struct.unpack(">I", data[place : place + 4])
        data[place : place + 4] = struct.pack(">I", size + 8)
    video.write_bytes(data.replace(b"edts", b"free"))


def test_unevenly_spaced_frames_keep_the_times_of_the_file(tmp_path: Path) -> None:
    video = write_video(tmp_path / "phone.mp4", FRAMES, "mp4v", FPS)
    make_uneven(video)
    expected = [*(0.05 * k for k in range(6)), *(0.3 + 0.2 * k for k in range(6))]
    source = VideoFile(video)
    assert [shown(source)[1] for _ in range(FRAMES)] == pytest.approx(expected, abs=0.032)
    for asked_s in (1.2, 0.1, 0.8):
        source.seek(asked_s)
        for _ in range(2):
            _, time_s, number = shown(source)
            assert time_s == pytest.approx(expected[number], abs=0.032)
    source.close()
