"""What a file presents: times, the frames of an edit list, the end, exact seeks."""

import struct
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferapp.sources.base import Frame, SourceError
from ferapp.sources.uri import open_source
from ferapp.sources.video import VideoFile
from tests.support.damage import damaged, quickly, refused_at_most
from tests.support.sources.encoded import (
    GREYS,
    PLAIN,
    Coding,
    grey,
    trim_without_encoding,
    write_encoded,
)


def frames_of(file: Path) -> list[Frame]:
    source = VideoFile(file)
    frames = list(iter(source.read, None))
    source.close()
    return frames


def times_of(file: Path) -> list[float]:
    return [frame.time_s for frame in frames_of(file)]


def level(frame: Frame | None) -> float:
    assert frame is not None
    return float(frame.image.mean())


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 frames that grow brighter, 24 a second, with frames that depend on later ones."""
    coding = Coding(options={"crf": "1", "g": "48", "bf": "2"})
    return write_encoded(tmp_path_factory.mktemp("encoded") / "base.mp4", map(grey, GREYS), coding)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_uneven_frames_keep_the_times_of_the_file(tmp_path: Path, suffix: str) -> None:
    """As phones write them: no grid could be fitted."""
    stamps = [0, 10, 500, 530, 1490, 1500, 3000, 3250]
    file = write_encoded(tmp_path / f"phone{suffix}", map(grey, GREYS[:8]), PLAIN, stamps)
    assert times_of(file) == pytest.approx([stamp / 1000 for stamp in stamps], abs=0.001)


def test_two_frames_a_second_stand_where_the_file_says(tmp_path: Path) -> None:
    """A grid within a quarter of a frame was up to 125 ms off here."""
    stamps = [0, 599, 1001, 1520, 1999]
    coding = Coding(rate=Fraction(2), options=PLAIN.options)
    file = write_encoded(tmp_path / "slow.mp4", map(grey, GREYS[:5]), coding, stamps)
    assert times_of(file) == pytest.approx([stamp / 1000 for stamp in stamps], abs=0.001)


def test_one_frame_a_minute(tmp_path: Path) -> None:
    coding = Coding(rate=Fraction(1, 60), options=PLAIN.options)
    file = write_encoded(tmp_path / "lapse.mp4", map(grey, GREYS[:3]), coding)
    assert times_of(file) == pytest.approx([0, 60, 120])


@pytest.mark.parametrize("suffix", [".ts", ".mkv"])
def test_times_begin_with_the_presentation(tmp_path: Path, suffix: str) -> None:
    """Stamps may begin anywhere: in a transport stream they begin at 1.4 s."""
    stamps = [1400 + 40 * number for number in range(10)]
    coding = Coding(rate=Fraction(25), options=PLAIN.options)
    file = write_encoded(tmp_path / f"late{suffix}", map(grey, GREYS[:10]), coding, stamps)
    assert times_of(file) == pytest.approx([0.04 * number for number in range(10)], abs=0.001)


def test_a_picture_that_begins_after_its_sound(tmp_path: Path) -> None:
    file = tmp_path / "talk.mp4"
    with av.open(str(file), "w") as container:
        video = container.add_stream("libx264", rate=10)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=8000, layout="mono")
        assert isinstance(sound, av.AudioStream)
        for number in range(8):
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            samples.sample_rate, samples.pts = 8000, 1024 * number
            container.mux(sound.encode(samples))
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(grey(100), "bgr24")
            frame.pts, frame.time_base = 3 + number, Fraction(1, 10)
            container.mux(video.encode(frame))
        container.mux(sound.encode(None))
        container.mux(video.encode(None))
    assert times_of(file) == pytest.approx([0.3, 0.4, 0.5, 0.6, 0.7], abs=0.01)


def test_a_file_trimmed_without_encoding(clip: Path, tmp_path: Path) -> None:
    """Its first frames are in the file, because others depend on them, and not presented."""
    file = trim_without_encoding(clip, tmp_path / "trim.mp4", 0.7)
    with av.open(str(file)) as container:
        assert container.streams.video[0].frames == 48
    source = VideoFile(file)
    assert source.frame_count == 31
    assert source.duration_s == pytest.approx(1.3, abs=0.01)
    frames = list(iter(source.read, None))  # and no error at the end
    assert len(frames) == 31
    assert [frame.time_s for frame in frames] == pytest.approx([n / 24 for n in range(31)])
    whole = frames_of(clip)
    assert level(frames[0]) == pytest.approx(level(whole[17]), abs=1)
    source.seek(0.5)
    assert level(source.read()) == level(frames[12])
    source.close()


def test_a_file_that_was_cut_off_is_an_error(tmp_path: Path) -> None:
    """Cut anywhere, not by an edit list: the index is at the start and announces more."""
    coding = Coding(options=PLAIN.options, container_options={"movflags": "faststart"})
    rng = np.random.default_rng(0)
    noise = (rng.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(48))
    file = write_encoded(tmp_path / "cut.mp4", noise, coding)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    source = VideoFile(file)
    with pytest.raises(SourceError, match=r"truncated, it ends after \d+ of 48 frames"):
        list(iter(source.read, None))
    source.close()


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.avi", "libx264", "yuv420p"),  # stamps of an AVI count in the order of decoding
        ("a.mkv", "libx264", "yuv420p"),
        ("a.ts", "mpeg2video", "yuv420p"),
        ("a.mpg", "mpeg2video", "yuv420p"),
        ("a.webm", "libvpx", "yuv420p"),
        ("a.avi", "mjpeg", "yuvj420p"),
    ],
)
def test_a_seek_finds_the_same_picture_as_playing(
    tmp_path: Path, name: str, codec: str, pix_fmt: str
) -> None:
    coding = Coding(codec, pix_fmt, options={} if codec == "mjpeg" else {"g": "12", "bf": "2"})
    source = VideoFile(write_encoded(tmp_path / name, map(grey, GREYS), coding))
    played = list(iter(source.read, None))
    assert len(played) == 48
    assert [frame.time_s for frame in played] == pytest.approx(
        [n / 24 for n in range(48)], abs=2e-3
    )
    for number in (47, 13, 30, 0, 11, 12, 46, 1):
        for off in (-0.4, 0, 0.4):  # frames
            source.seek(played[number].time_s + off / 24)
            frame = source.read()
            assert frame is not None
            assert (frame.index, frame.time_s) == (number, pytest.approx(played[number].time_s))
            np.testing.assert_array_equal(frame.image, played[number].image)
    source.seek(99)
    assert level(source.read()) == level(played[47])
    assert source.read() is None
    source.close()


def test_between_distant_frames_a_seek_finds_the_one_on_screen(tmp_path: Path) -> None:
    stamps = [0, 100, 200, 2000, 2100]
    coding = Coding(rate=Fraction(10), options=PLAIN.options)
    source = VideoFile(write_encoded(tmp_path / "hold.mp4", map(grey, GREYS[:5]), coding, stamps))
    for asked_s, time_s in ((1.5, 0.2), (1.0, 0.2), (2.0, 2.0), (0.0, 0.0), (-1.0, 0.0)):
        source.seek(asked_s)
        frame = source.read()
        assert frame is not None
        assert frame.time_s == pytest.approx(time_s)
    source.close()


def test_a_raw_stream_without_stamps_has_a_grid(tmp_path: Path) -> None:
    """And cannot seek, because it announces no length."""
    coding = Coding(rate=Fraction(20), options=PLAIN.options)
    file = write_encoded(tmp_path / "raw.h264", map(grey, GREYS[:10]), coding)
    source = VideoFile(file)
    assert not source.can_seek
    times = [frame.time_s for frame in iter(source.read, None)]
    source.seek(0.3)  # by decoding all before it
    assert [round(20 * frame.time_s) for frame in iter(source.read, None)] == [6, 7, 8, 9]
    source.close()
    assert times == pytest.approx([number / 20 for number in range(10)])


def state_rate(video: Path, rate: int) -> None:
    """Frames a second in the header of an AVI."""
    content = bytearray(video.read_bytes())
    place = content.index(b"strh") + 28
    content[place : place + 8] = struct.pack("<II", 1, rate)
    video.write_bytes(content)


@pytest.mark.parametrize("rate", [1_000_000, 0, 2**32 - 1])
def test_an_impossible_rate_is_not_believed(tmp_path: Path, rate: int) -> None:
    coding = Coding("mjpeg", "yuvj420p", rate=Fraction(25))
    file = write_encoded(tmp_path / "odd.avi", map(grey, GREYS[:5]), coding)
    state_rate(file, rate)
    source = VideoFile(file)
    times = [frame.time_s for frame in iter(source.read, None)]
    assert times == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
    assert source.fps == 25
    assert source.duration_s == pytest.approx(0.2)
    assert any("impossible frame rate" in note for note in source.notes) == (rate > 0)
    source.close()


@pytest.mark.parametrize("frames", [0, 1])
def test_files_of_no_frame_and_of_one(tmp_path: Path, frames: int) -> None:
    file = tmp_path / "short.mkv"
    write_encoded(file, [grey(100)], PLAIN)
    if not frames:
        content = file.read_bytes()
        file.write_bytes(content[: content.index(b"\x1f\x43\xb6\x75")])  # before the first cluster
        with pytest.raises(SourceError, match=r"short\.mkv"):
            frames_of(file)
    else:
        assert times_of(file) == [0.0]


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    file = tmp_path / "song.mp4"
    with av.open(str(file), "w") as container:
        sound = container.add_stream("aac", rate=8000, layout="mono")
        assert isinstance(sound, av.AudioStream)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        samples.sample_rate = 8000
        container.mux(sound.encode(samples))
        container.mux(sound.encode(None))
    with pytest.raises(SourceError, match="there is no video in it"):
        open_source(str(file))


def test_damage_inside_does_not_end_a_file(clip: Path, tmp_path: Path) -> None:
    content = bytearray(clip.read_bytes())
    middle = (content.index(b"mdat") + content.index(b"moov")) // 2
    content[middle : middle + 10] = bytes(10)
    file = tmp_path / "damaged.mp4"
    file.write_bytes(content)
    times = times_of(file)
    assert len(times) > 30
    assert all(earlier < later for earlier, later in pairwise(times))


@pytest.fixture(scope="module")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of `whole.mp4`, `whole.avi` and `whole.mkv`."""
    folder = tmp_path_factory.mktemp("small")
    for suffix in (".mp4", ".avi", ".mkv"):
        coding = Coding("mpeg4", options={"g": "4"})
        write_encoded(folder / f"whole{suffix}", map(grey, GREYS[:8]), coding)
    return folder


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mkv"])
@quickly
@given(data=st.data())
def test_any_damage_is_survived_or_refused_by_name(
    small_files: Path, suffix: str, data: st.DataObject
) -> None:
    file = small_files / f"damaged{suffix}"
    file.write_bytes(data.draw(damaged((small_files / f"whole{suffix}").read_bytes())))
    with refused_at_most(SourceError, file):
        source = open_source(str(file))
        try:
            times = [frame.time_s for frame in islice(iter(source.read, None), 99)]
            assert all(earlier < later for earlier, later in pairwise(times))
            source.seek(0.2)
            source.read()
        finally:
            source.close()
