"""The videos themselves: times, sizes, colours, damage, full disks."""

from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest

from ferapp.recording import h264
from ferapp.recording.h264 import COMPLETE, LIVE, H264Reader, H264Writer, check_encoder
from tests.support.app.recording_parts import image, pictures, timed_pictures
from trainer.errors import FerError

TIMES = (0.033, 0.05, 0.4, 0.416, *(1 + index / 24 for index in range(60)), 90.0, 90.5)
COLOURS = (
    *((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255)),
    *((0, 0, 0), (255, 255, 255), (128, 128, 128), (30, 60, 200), (200, 180, 20), (90, 120, 170)),
)


def written(file: Path, size: tuple[int, int] = (64, 48)) -> tuple[H264Writer, list[int]]:
    """An open recording of pictures at TIMES, and the file's bytes after each."""
    writer, ends = H264Writer(file, size, LIVE), []
    for number, time_s in enumerate(TIMES):
        writer.write(image(number, size), time_s)
        ends.append(file.stat().st_size)
    return writer, ends


@pytest.mark.parametrize("is_closed", [True, False])
def test_every_picture_stands_at_its_time(tmp_path: Path, is_closed: bool) -> None:
    file = tmp_path / "clean.mkv"
    writer, _ = written(file)
    if is_closed:
        writer.close()
    found = timed_pictures(file)
    # unfinished, it lacks the picture that waits for the next one
    count = len(TIMES) if is_closed else len(TIMES) - 1
    assert [ms for _, ms in found] == [round(1000 * time_s) for time_s in TIMES[:count]]
    for number, (picture, _) in enumerate(found):
        np.testing.assert_allclose(picture, image(number), atol=3)
    if not is_closed:
        writer.close()


def test_pictures_of_one_moment_follow_each_other_by_a_millisecond(tmp_path: Path) -> None:
    file = tmp_path / "clean.mkv"
    writer = H264Writer(file, (64, 48), LIVE)
    for number, time_s in enumerate((0.1, 0.1, 0.1002, 0.09, 0.2)):
        writer.write(image(number), time_s)
    writer.close()
    assert [ms for _, ms in timed_pictures(file)] == [100, 101, 102, 103, 200]


@pytest.mark.parametrize("is_closed", [True, False])
def test_it_can_be_sought(tmp_path: Path, is_closed: bool) -> None:
    """Also without the index at its end."""
    file = tmp_path / "clean.mkv"
    writer, _ = written(file)
    if is_closed:
        writer.close()
    reader = H264Reader(file)
    for number in (40, 3, 63, 0, 21, 64):
        reader.seek(round(1000 * TIMES[number]))
        found = reader.read()
        assert found is not None
        assert found[1] == round(1000 * TIMES[number])
        np.testing.assert_allclose(found[0], image(number), atol=3)
    reader.close()
    if not is_closed:
        writer.close()


@pytest.mark.parametrize("size", [(63, 47), (64, 47), (1, 1), (33, 2)])
def test_odd_sizes_come_back_as_they_were(tmp_path: Path, size: tuple[int, int]) -> None:
    """In the file the last row and column are there twice, and nothing is scaled or moved."""
    ramp = np.arange(size[0] * size[1], dtype=np.uint8).reshape(size[1], size[0]) // 2 + 60
    picture = np.repeat(np.sort(ramp, axis=None).reshape(size[1], size[0], 1), 3, axis=2)
    file = tmp_path / "clean.mkv"
    writer = H264Writer(file, size, COMPLETE)
    writer.write(picture, 0.0)
    writer.close()
    (found,) = pictures(file)
    assert found.shape == picture.shape
    np.testing.assert_allclose(found, picture, atol=6)
    container = av.open(str(file))
    frame = next(container.decode(video=0))
    container.close()
    assert (frame.width, frame.height) == (size[0] + size[0] % 2, size[1] + size[1] % 2)


def test_colours_come_back_and_are_tagged(tmp_path: Path) -> None:
    """By every reader that believes the tags; half of the colours' resolution is lost."""
    wide = np.zeros((96, 128, 3), np.uint8)
    for number, colour in enumerate(COLOURS):
        row, column = divmod(number, 4)
        wide[32 * row : 32 * row + 32, 32 * column : 32 * column + 32] = colour
    file = tmp_path / "clean.mkv"
    writer = H264Writer(file, (128, 96), LIVE)
    for index in range(3):
        writer.write(wide, index / 30)
    writer.close()
    container = av.open(str(file))
    frame = next(container.decode(video=0))
    container.close()
    bt709, limited = 1, 1
    assert (frame.colorspace, frame.color_range) == (bt709, limited)
    assert (frame.color_primaries, frame.color_trc) == (bt709, bt709)
    # luma of white and black in limited range
    luma = frame.to_ndarray()[:96]
    assert abs(int(luma[48, 112]) - 235) <= 1
    assert abs(int(luma[48, 80]) - 16) <= 1
    for picture in pictures(file):
        for number, colour in enumerate(COLOURS):
            row, column = divmod(number, 4)
            inside = picture[32 * row + 4 : 32 * row + 28, 32 * column + 4 : 32 * column + 28]
            np.testing.assert_allclose(inside.mean(axis=(0, 1)), colour, atol=4)


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_file_cut_at_any_byte_plays_to_the_cut(tmp_path: Path, is_closed: bool) -> None:
    """A power cut leaves a part of the file; so does a copy that was not finished."""
    file, cut = tmp_path / "clean.mkv", tmp_path / "cut.mkv"
    writer, ends = written(file)
    if is_closed:
        writer.close()
    content = file.read_bytes()
    if not is_closed:
        writer.close()
    first = ends[1]  # the first picture is on the disk when the second one comes
    for size in range(first, len(content), 97):
        cut.write_bytes(content[:size])
        found = timed_pictures(cut)
        whole = sum(end <= size for end in ends[1:])
        assert len(found) >= whole
        assert [ms for _, ms in found] == [round(1000 * at) for at in TIMES[: len(found)]]
    for size in (0, 10, first // 2):
        cut.write_bytes(content[:size])
        with pytest.raises(OSError, match=r"."):
            H264Reader(cut)


def test_damage_in_the_middle_costs_what_it_hits(tmp_path: Path) -> None:
    file = tmp_path / "clean.mkv"
    writer, ends = written(file)
    writer.close()
    content = bytearray(file.read_bytes())
    content[ends[10] : ends[12]] = bytes(ends[12] - ends[10])
    file.write_bytes(content)
    times = {ms for _, ms in timed_pictures(file)}
    lost = {round(1000 * time_s) for time_s in TIMES} - times
    assert len(lost) <= 30  # at most up to the next key frame
    assert 90_500 in times


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "clean.mkv").symlink_to("/dev/full")
    writer = H264Writer(tmp_path / "clean.mkv", (64, 48), LIVE)
    with pytest.raises(OSError, match="No space left"):
        writer.write(image(0), 0.0)
    with suppress(OSError):  # the same full disk
        writer.close()


def test_a_name_with_colons_and_signs(tmp_path: Path) -> None:
    """FFmpeg would take it for a protocol or a pattern."""
    file = tmp_path / "rtsp:a %03d?.mkv"
    writer = H264Writer(file, (64, 48), LIVE)
    writer.write(image(7), 0.0)
    writer.close()
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    (found,) = pictures(file)
    np.testing.assert_allclose(found, image(7), atol=3)


def test_a_size_that_h264_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(FerError, match="no pictures of 17000 × 2 pixels"):
        H264Writer(tmp_path / "clean.mkv", (17_000, 2), LIVE)


def test_without_an_encoder_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    check_encoder()
    monkeypatch.setattr(h264, "ENCODER", "libx264-missing")
    with pytest.raises(FerError, match=r"no H\.264 encoder") as refused:
        check_encoder()
    assert "pip install" in refused.value.hint


def test_a_complete_mp4_is_plain_and_its_index_comes_first(tmp_path: Path) -> None:
    """Browsers play H.264 in 4:2:0, and begin before the file is there whole."""
    file = tmp_path / "seen.mp4"
    writer = H264Writer(file, (64, 48), COMPLETE, "mp4")
    times = [index * 1001 / 24000 for index in range(30)]
    for number, time_s in enumerate(times):
        writer.write(image(number), time_s, 1001 / 24000)
    writer.close()
    content = file.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    container = av.open(str(file))
    stream = container.streams.video[0]
    assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
    found = [float(frame.pts * stream.time_base) for frame in container.decode(stream)]
    np.testing.assert_allclose(found, times, atol=1e-5)
    # the last one is shown for as long as the others
    assert float(stream.duration * stream.time_base) == pytest.approx(30 * 1001 / 24000, abs=1e-4)
    assert float(stream.average_rate) == pytest.approx(24000 / 1001, rel=1e-4)
    container.close()
