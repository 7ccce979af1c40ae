"""Pictures are looked at before they are decoded: how large, and what that would take."""

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from trainer.data.reading import picture_header
from trainer.data.reading.decode_picture import decode_colour, decode_colour_8_bits, decode_grey
from trainer.data.reading.picture_header import (
    MAX_SIDE,
    PictureHeader,
    PictureLimitError,
    header_of,
)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, colour: int = 0, bits: int = 8) -> bytes:
    """A PNG that states a size, and holds no pixel of it."""
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body


def with_size(content: bytes, before: bytes, after: bytes) -> bytes:
    assert before in content
    return content.replace(before, after, 1)


def written(kind: str, size: tuple[int, int] = (80, 60), **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, (90, 40, 200)).save(stream, kind, **options)
    return stream.getvalue()


BIG = 30_000
BOMBS = {
    "png": png(BIG, BIG),
    "jpeg": with_size(written("JPEG"), struct.pack(">HH", 60, 80), struct.pack(">HH", BIG, BIG)),
    "bmp": with_size(written("BMP"), struct.pack("<ii", 80, 60), struct.pack("<ii", BIG, BIG)),
    "gif": with_size(written("GIF"), struct.pack("<HH", 80, 60), struct.pack("<HH", BIG, BIG)),
    "ppm": with_size(written("PPM"), b"80 60", b"30000 30000"),
    "pam": b"P7\nWIDTH 30000\nHEIGHT 30000\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n"
    + bytes(99),
    "pfm": b"PF\n30000 30000\n-1.0\n" + bytes(99),
    "sun": struct.pack(">8I", 0x59A66A95, BIG, BIG, 24, 3 * BIG * BIG, 1, 0, 0) + bytes(99),
}


def tiff(width: int, height: int, *more: tuple[int, int, int]) -> bytes:
    tags = [(256, 4, width), (257, 4, height), *more]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


@pytest.mark.parametrize("kind", [*BOMBS, "tiff"])
@pytest.mark.parametrize("decode", [decode_colour, decode_grey])
def test_a_bomb_is_refused_by_its_header(
    kind: str, decode: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(cv2, "imdecode", never)
    monkeypatch.setattr(Image.Image, "convert", never)
    content = tiff(BIG, BIG) if kind == "tiff" else BOMBS[kind]
    if kind == "jpeg":
        content += b"\xff\xd9"
    with pytest.raises(PictureLimitError, match=r"30000 × 30000 pixels, .* limit of 250 million"):
        decode(content)


def test_the_limit_can_be_set() -> None:
    content = written("PNG")
    assert decode_colour_8_bits(content, 4800).shape == (60, 80, 3)
    with pytest.raises(PictureLimitError, match=r"80 × 60 .* 0\.004799 million"):
        decode_colour_8_bits(content, 4799)


def test_what_would_take_too_much_memory_is_refused_in_words() -> None:
    with pytest.raises(PictureLimitError, match=r"0\.\d GiB of memory .* JPEG"):
        decode_colour(png(15_000, 15_000, colour=2))
    PictureHeader(15_000, 15_000, 1).check(b"")  # grey takes a quarter of it


@pytest.mark.parametrize(
    ("size", "factor"),
    [
        ((8000, 6000), 1),
        ((8660, 6000), 1),
        ((16320, 12240), 2),
        ((16_000, 100), 1),
        ((16_001, 100), 2),
        ((70_000, 100), 8),
        ((1, 200_000), 16),
    ],
)
def test_how_far_a_picture_is_reduced(size: tuple[int, int], factor: int) -> None:
    assert PictureHeader(*size, 3, scales=True).reduction() == factor


def ramp(width: int, height: int) -> np.ndarray:
    across = np.linspace(0, 250, width)[None, :, None]
    down = np.linspace(0, 120, height)[:, None, None]
    return np.concatenate([across + 0 * down, 0 * across + down, 0 * across + down], 2)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "WEBP", "P", "RGBA", "1"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_picture_comes_reduced_with_the_same_content(
    kind: str, orientation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_header, "WHOLE_PIXELS", 30_000)
    monkeypatch.setattr("trainer.data.reading.decode_picture.STRIP_PIXELS", 5000)
    pixels = ramp(320, 240).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    mode, form = (kind, "PNG") if kind in ("P", "RGBA", "1") else ("RGB", kind)
    options = {"quality": 95} if form in ("JPEG", "WEBP") else {}
    if form != "BMP":
        options["exif"] = exif
    picture = Image.fromarray(pixels).convert(mode, palette=Image.Palette.ADAPTIVE)
    picture.save(stream, form, **options)
    content = stream.getvalue()
    header = header_of(content)
    assert header is not None
    assert header.reduction() == 2
    expected = np.asarray(picture.convert("RGB").reduce(2), int)[..., ::-1]
    if orientation == 6 and form != "BMP":
        expected = np.rot90(expected, -1)
    image = decode_colour_8_bits(content)
    assert image.shape == expected.shape
    assert np.abs(image - expected).mean() < 4
    grey = decode_grey(content)
    assert np.abs(grey - expected @ [0.114, 0.587, 0.299]).mean() < 4


def test_a_deep_large_picture_keeps_its_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_header, "WHOLE_PIXELS", 30_000)
    deep = (ramp(320, 240)[..., 0] * 16).astype(np.uint16)
    content = cv2.imencode(".png", deep)[1].tobytes()
    grey = decode_grey(content)
    assert (grey.dtype, grey.shape) == (np.uint16, (120, 160))
    assert np.abs(grey.astype(int) - deep[::2, ::2]).max() <= 16 * 2


def test_no_side_reaches_what_opencv_cannot_map() -> None:
    content = cv2.imencode(".png", np.full((8, 40_000), 90, np.uint8))[1].tobytes()
    image = decode_colour_8_bits(content)
    assert max(image.shape) <= MAX_SIDE
    assert (image == 90).all()


def test_a_jpeg_of_endless_passes_is_refused() -> None:
    header = PictureHeader(12_000, 9_000, 3, scales=True)
    header.check(b"\xff\xda" * 150)
    with pytest.raises(PictureLimitError, match="passes"):
        header.check(b"\xff\xda" * 250)


@pytest.mark.parametrize("content", [b"", b"x", b"\x89PNG\r\n\x1a\n", b"II*\0", b"P7", bytes(500)])
def test_what_has_no_header_is_no_picture(content: bytes) -> None:
    assert header_of(content) is None
    with pytest.raises(ValueError, match="could not be read as a picture"):
        decode_colour(content)
