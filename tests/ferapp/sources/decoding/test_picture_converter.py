"""Pictures as a person would see them: colours, square pixels, upright, whole."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorTrc

from ferapp.sources.decoding.picture_converter import orientation_of, square_size, usable_aspect
from ferapp.sources.decoding.tone_mapping import REFERENCE_WHITE, pq_light, srgb_signal, tone_curve
from ferapp.sources.video import VideoFile
from tests.support.sources.encoded import (
    PLAIN,
    Coding,
    grey,
    write_encoded,
    write_frames,
    yuv_frame,
)

BT709, BT601, BT2020 = 1, 6, 9  # of AVColorSpace
LIMITED, FULL = 1, 2
LUMA_WEIGHTS = {BT601: (0.299, 0.114), BT709: (0.2126, 0.0722)}  # of red and blue
YUV = (120, 100, 170)  # in 8 bits


def first(file: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    source = VideoFile(file)
    frame = source.read()
    notes = source.notes
    source.close()
    assert frame is not None
    return frame.image, notes


def colour_of(yuv: tuple[int, int, int], space: int, is_full: bool) -> np.ndarray:
    """BGR by ITU-T H.273."""
    red_weight, blue_weight = LUMA_WEIGHTS[space]
    luma, blue, red = yuv
    scaled = luma if is_full else (luma - 16) * 255 / 219
    chroma = 1 if is_full else 255 / 224
    b = scaled + 2 * (1 - blue_weight) * (blue - 128) * chroma
    r = scaled + 2 * (1 - red_weight) * (red - 128) * chroma
    g = (scaled - red_weight * r - blue_weight * b) / (1 - red_weight - blue_weight)
    return np.array([b, g, r])


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("is_full", [False, True])
@pytest.mark.parametrize("space", [BT601, BT709, None])
def test_colours_by_matrix_range_and_depth(
    tmp_path: Path, space: int | None, is_full: bool, bits: int
) -> None:
    pix_fmt = "yuv420p" if bits == 8 else "yuv420p10le"
    colours = {"color_range": FULL if is_full else LIMITED}
    if space is not None:
        colours["colorspace"] = space
    coding = Coding("ffv1", pix_fmt, colours=colours)
    levels = [value << (bits - 8) for value in YUV]
    file = write_frames(tmp_path / "c.mkv", [yuv_frame(*levels, pix_fmt)] * 3, coding)
    image, notes = first(file)
    expected = colour_of(YUV, space or BT601, is_full)  # without a statement as ffmpeg: BT.601
    # FFmpeg itself is off by 2.4 when it reduces 10 bits to 8
    assert np.abs(image - expected).max() <= (2 if bits == 8 else 3)
    assert not notes


def test_high_dynamic_range_is_tone_mapped_and_said(tmp_path: Path) -> None:
    """Unmapped, its contrast would be that of fog."""
    signal = 0.42
    colours = {
        "color_range": LIMITED,
        "colorspace": BT2020,
        "color_primaries": int(ColorPrimaries.BT2020),
        "color_trc": int(ColorTrc.SMPTE2084),
    }
    luma = round(64 + 876 * signal)
    frames = [yuv_frame(luma, 512, 512, "yuv420p10le")] * 3
    coding = Coding("ffv1", "yuv420p10le", colours=colours)
    image, notes = first(write_frames(tmp_path / "hdr.mkv", frames, coding))
    light = pq_light(np.array([(luma - 64) / 876])) / REFERENCE_WHITE
    assert np.abs(image - 255 * srgb_signal(tone_curve(light))).max() <= 3
    assert notes == ("high dynamic range (PQ), tone-mapped to standard range",)


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "name"),
    [
        ("libx264", "yuv420p", "a.mkv"),
        ("mpeg4", "yuv420p", "a.avi"),
        ("prores_ks", "yuv422p10le", "a.mov"),  # known to the container alone
    ],
)
@pytest.mark.parametrize(
    ("aspect", "size"),
    [
        (Fraction(4, 3), (480, 240)),
        (Fraction(8, 9), (360, 270)),
        (Fraction(64, 45), (512, 240)),
        (Fraction(1, 1), (360, 240)),
        (Fraction(1, 250), (360, 240)),  # absurd: no screen has such pixels
    ],
)
def test_pixels_become_square(
    tmp_path: Path, codec: str, pix_fmt: str, name: str, aspect: Fraction, size: tuple[int, int]
) -> None:
    image = grey(40, (360, 240))
    image[60:180, 90:270] = 220  # the middle half, both ways
    coding = Coding(codec, pix_fmt, aspect=aspect)
    pixels, notes = first(write_encoded(tmp_path / name, [image] * 3, coding))
    height, width = pixels.shape[:2]
    assert (width, height) == size
    bright = pixels[..., 1] > 130
    rows = np.flatnonzero(bright.mean(1) > 0.25)  # single pixels may be noise of the coding
    columns = np.flatnonzero(bright.mean(0) > 0.25)
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    expected = np.array([height / 4, width / 4, 3 * height / 4, 3 * width / 4])
    assert np.abs(np.array([top, left, bottom, right]) - expected).max() <= 2
    assert bool(notes) == (size != (360, 240))


@pytest.mark.parametrize("ratio", [None, Fraction(0), Fraction(-1), Fraction(1, 1000), Fraction(9)])
def test_absurd_pixels_count_as_square(ratio: Fraction | None) -> None:
    assert usable_aspect(ratio) == 1


@pytest.mark.parametrize(
    "aspect", [Fraction(16, 15), Fraction(10, 11), Fraction(2), Fraction(1, 3)]
)
def test_no_side_shrinks(aspect: Fraction) -> None:
    width, height = square_size(720, 480, aspect)
    assert width >= 720
    assert height >= 480
    assert width / height == pytest.approx(720 / 480 * aspect, rel=2e-3)


def corners() -> np.ndarray:
    """Blue, red / black, green."""
    image = grey(0, (64, 32))
    image[:16, :32], image[:16, 32:], image[16:, 32:] = (255, 0, 0), (0, 0, 255), (0, 255, 0)
    return image


@pytest.mark.parametrize(
    ("rotation", "turned"),
    [
        ((0, False, False), lambda image: image),
        ((90, False, False), lambda image: np.rot90(image)),
        ((180, False, False), lambda image: np.rot90(image, 2)),
        ((-90, False, False), lambda image: np.rot90(image, -1)),
        ((0, True, False), lambda image: image[:, ::-1]),
        ((0, False, True), lambda image: image[::-1]),
        ((90, True, False), lambda image: np.rot90(image)[:, ::-1]),
    ],
)
def test_pictures_stand_upright(tmp_path: Path, rotation, turned) -> None:
    """As `ffmpeg -i FILE` shows them."""
    coding = Coding(rotation=rotation, options=PLAIN.options)
    image, notes = first(write_encoded(tmp_path / "phone.mp4", [corners()] * 3, coding))
    expected = turned(corners())
    assert image.shape == expected.shape
    inside = np.s_[4::8, 4::8]  # colours run over edges
    assert np.abs(image[inside].astype(int) - expected[inside]).max() < 60
    assert bool(notes) == (rotation != (0, False, False))


def test_a_singular_matrix_is_ignored() -> None:
    assert orientation_of(bytes(36)) == (False, False, False)


def test_interlaced_frames_become_whole(tmp_path: Path) -> None:
    """A bar that moves between the two fields of a frame has no comb."""
    fields = []
    for number in range(24):
        image = grey(30, (96, 64))
        image[:, 3 * number : 3 * number + 16] = 220
        fields.append(image)
    woven = []
    for lower, upper in zip(fields[::2], fields[1::2], strict=True):  # the lower field is earlier
        image = upper.copy()
        image[1::2] = lower[1::2]
        woven.append(image)
    options = {"flags": "+ilme+ildct", "b": "8000000"}
    coding = Coding("mpeg2video", rate=Fraction(25), options=options)
    file = write_encoded(tmp_path / "tape.mpg", woven, coding)
    source_file = VideoFile(file)
    frames = list(iter(source_file.read, None))
    notes = source_file.notes
    source_file.close()
    assert notes == ("interlaced, deinterlaced",)
    assert len(frames) == 12
    times = [frame.time_s for frame in frames]
    assert times == pytest.approx([0.04 * number for number in range(12)], abs=1e-3)

    def comb(image: np.ndarray) -> float:
        rows = image[..., 1].astype(float)
        return float(np.abs(2 * rows[1:-1] - rows[:-2] - rows[2:]).mean())

    assert comb(frames[6].image) < comb(woven[6]) / 4
