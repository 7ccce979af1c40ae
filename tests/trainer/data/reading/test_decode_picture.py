"""Every kind of picture file as grey pixels: depth, format, orientation, transparency."""

import io
import logging
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from trainer.data.readers import class_folders
from trainer.data.reading.decode_picture import decode_grey, full_scale
from trainer.files import is_picture_name

RAMP = np.tile(np.linspace(0, 1, 48), (48, 1))
GREY = np.rint(255 * RAMP).astype(np.uint8)
COLOUR = np.dstack([GREY, np.full_like(GREY, 90), 255 - GREY])  # RGB
LUMA = COLOUR @ np.array([0.299, 0.587, 0.114])


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize(
    ("maximum", "white"),
    [(0, 255), (255, 255), (256, 1023), (1023, 1023), (1024, 4095), (9000, 16383), (65535, 65535)],
)
def test_the_smallest_depth_that_holds_the_maximum(maximum: int, white: int) -> None:
    assert full_scale(maximum) == white


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_deep_pictures_are_scaled_by_their_depth(tmp_path: Path, bits: int, suffix: str) -> None:
    folder = tmp_path / "set" / "happy"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / f"a{suffix}"), np.rint(RAMP * (2**bits - 1)).astype(np.uint16))
    data = class_folders.read(tmp_path / "set")
    assert np.abs(data.images[0].astype(int) - GREY).max() <= 1


def test_one_scale_for_the_whole_data_set(tmp_path: Path) -> None:
    """A dark picture stays dark beside a bright one of the same depth."""
    folder = tmp_path / "set" / "happy"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "a.png"), np.rint(RAMP * 200).astype(np.uint16))
    cv2.imwrite(str(folder / "b.png"), np.rint(RAMP * 4000).astype(np.uint16))
    cv2.imwrite(str(folder / "c.png"), GREY)
    data = class_folders.read(tmp_path / "set")
    highest = [int(picture.max()) for picture in data.images]
    assert highest == [round(200 * 255 / 4095), round(4000 * 255 / 4095), 255]


@pytest.mark.parametrize("numbers", [np.float32, np.int32])
def test_floating_point_and_32_bits(numbers: type) -> None:
    largest = 1 if numbers is np.float32 else 1000
    content = saved(Image.fromarray((RAMP * largest).astype(numbers)), "TIFF")
    pixels = decode_grey(content).astype(float)
    assert np.corrcoef(pixels.ravel(), RAMP.ravel())[0, 1] > 0.999
    assert pixels.max() > 200


COLOURS = {
    "jpeg": saved(Image.fromarray(COLOUR), "JPEG", quality=95),
    "cmyk": saved(Image.fromarray(COLOUR).convert("CMYK"), "JPEG", quality=95),
    "palette": saved(Image.fromarray(COLOUR).convert("P", palette=Image.Palette.ADAPTIVE), "PNG"),
    "alpha": saved(Image.fromarray(np.dstack([COLOUR, np.full_like(GREY, 255)])), "PNG"),
    "gif": saved(Image.fromarray(COLOUR).convert("P", palette=Image.Palette.ADAPTIVE), "GIF"),
    "avif": saved(Image.fromarray(COLOUR), "AVIF", quality=95),
    "webp": saved(Image.fromarray(COLOUR), "WEBP", quality=95),
    "tga": saved(Image.fromarray(COLOUR), "TGA"),
    "ppm": saved(Image.fromarray(COLOUR), "PPM"),
}


@pytest.mark.parametrize("kind", COLOURS)
def test_colour_becomes_grey_in_every_format(kind: str) -> None:
    pixels = decode_grey(COLOURS[kind])
    assert pixels.dtype == np.uint8
    assert np.abs(pixels - LUMA).mean() < 4


def test_grey_with_alpha(tmp_path: Path) -> None:
    content = saved(Image.fromarray(np.dstack([GREY, np.full_like(GREY, 255)]), "LA"), "PNG")
    assert np.array_equal(decode_grey(content), GREY)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_the_exif_orientation_is_applied(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    content = saved(Image.fromarray(GREY[:24]), kind, quality=95, exif=exif)
    pixels = decode_grey(content)
    assert pixels.shape == (48, 24)
    assert np.abs(pixels - np.rot90(GREY[:24], -1).astype(float)).mean() < 3


@pytest.mark.parametrize("suffix", [".jfif", ".JPE", ".pgm", ".gif", ".avif", ".webp", ".tga"])
def test_every_suffix_that_can_be_read_counts(suffix: str) -> None:
    assert is_picture_name(f"happy/face{suffix}")


@pytest.mark.parametrize("name", [".a.png", "x/._a.png", "__MACOSX/a.png", "Thumbs.db", "a.txt"])
def test_hidden_and_other_files_are_no_pictures(name: str) -> None:
    assert not is_picture_name(name)


def test_nearly_constant_pictures_are_counted_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "set" / "happy"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "a.png"), GREY)
    cv2.imwrite(str(folder / "b.png"), np.zeros((48, 48), np.uint8))
    with caplog.at_level(logging.WARNING):
        data = class_folders.read(tmp_path / "set")
    assert len(data) == 2
    assert "1 picture is of nearly one grey level: happy/b.png" in caplog.text
