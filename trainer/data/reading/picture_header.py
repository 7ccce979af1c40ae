"""What the header of a picture says, before a pixel is decoded; and what decoding would take.

A file of one megabyte may state a size that fills any memory. Pillow opens lazily: it reads the
header alone. Its own limit is off, because the one here comes first and says more.
"""

import importlib
import io
import math
import struct
import warnings
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL import Image as PillowImage

# formats that Pillow reads by itself, without other programs
PILLOW_FORMATS = (
    *("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "SUN", "TGA", "TIFF", "WEBP"),
)
MAX_PIXELS = 250_000_000  # refused beyond; phones make 200
WHOLE_PIXELS = 52_000_000  # decoded at a reduced size beyond
MAX_SIDE = 16_000  # likewise; MediaPipe's OpenCV ends the process beyond 32,767
MAX_BYTES = 512 << 20  # that a file and the pixels it is decoded to may take together
MAX_PASSES = 20_000_000_000  # pixels times scans of a JPEG: each passes over the whole picture
PILLOW_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}  # of others 4


class PictureLimitError(ValueError):
    """A picture that is not decoded because of its size; the text says which and why."""


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """`width` and `height` as stored; `pixel_bytes` a pixel takes while the file is decoded.

    `scales` says whether the format can be decoded at a half, a quarter or an eighth of its size,
    which then takes as much less, except for what a progressive JPEG keeps: `kept_bytes` a pixel.
    """

    width: int
    height: int
    pixel_bytes: float
    scales: bool = False
    kept_bytes: float = 0.0

    @property
    def pixels(self) -> int:
        return self.width * self.height

    def reduction(self) -> int:
        """The smallest power of 2 that brings the picture to WHOLE_PIXELS and MAX_SIDE."""
        factor = 1
        while (
            self.pixels > WHOLE_PIXELS * factor**2
            or max(self.width, self.height) > MAX_SIDE * factor
        ):
            factor *= 2
        return factor

    def check(self, content: bytes, max_pixels: int = MAX_PIXELS) -> None:
        """Raise PictureLimitError where `content` would not be decoded in bounded memory."""
        if not self.pixels:
            raise PictureLimitError("states that it has no pixels")
        size = f"{self.width} × {self.height}"
        if self.pixels > max_pixels:
            raise PictureLimitError(
                f"is of {size} pixels, which is more than the limit of {max_pixels / 1e6:g} million"
            )
        factor = min(8, self.reduction()) if self.scales else 1
        needed = len(content) + self.pixels * (self.pixel_bytes / factor**2 + self.kept_bytes)
        if needed > MAX_BYTES:
            raise PictureLimitError(
                f"is of {size} pixels, and would take {needed / (1 << 30):.1f} GiB of memory to "
                "decode; save it smaller, or as a JPEG that is not progressive"
            )
        if self.scales and self.pixels * content.count(b"\xff\xda") > MAX_PASSES:
            raise PictureLimitError(f"is of {size} pixels in too many passes")


def pillow() -> ModuleType:
    """`PIL.Image` without its warnings, and its limit, which knows no reduced sizes."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    # they tell of damage, which decoding shows; set for all, because threads decode at once
    warnings.filterwarnings("ignore", module=r"PIL\.")
    return Image


def read_header(file: BinaryIO) -> PictureHeader | None:
    """The header of a picture of a known format; None for anything else.

    Also of PNG, TIFF and PNM files that OpenCV may read though Pillow does not.
    """
    formats = list(PILLOW_FORMATS)
    with suppress(ImportError):
        pillow_heif = importlib.import_module("pillow_heif")
        pillow_heif.register_heif_opener()
        formats.append("HEIF")
    start = file.tell()
    try:
        return _of_pillow(pillow().open(file, formats=formats))
    except Exception:  # Pillow's plugins raise errors of any kind on damaged files
        for read in (_of_png, _of_tiff, _of_pnm):
            file.seek(start)
            with suppress(Exception):
                if (header := read(file)) is not None:
                    return header
        return None


def header_of(content: bytes) -> PictureHeader | None:
    """As `read_header`, of a file in memory."""
    return read_header(io.BytesIO(content))


def _of_pillow(picture: "PillowImage.Image") -> PictureHeader:
    width, height = picture.size
    if picture.format not in ("JPEG", "MPO"):
        return PictureHeader(width, height, PILLOW_BYTES.get(picture.mode, 4))
    kept = 0.0
    if picture.info.get("progressive"):
        layers = [(int(h), int(v)) for _, h, v, *_ in getattr(picture, "layer", ())]
        most = max((h for h, _ in layers), default=1) * max((v for _, v in layers), default=1)
        kept = 2 * sum(h * v for h, v in layers) / most  # coefficients, in 16 bits
    return PictureHeader(width, height, 3, scales=True, kept_bytes=kept)


def _of_png(file: BinaryIO) -> PictureHeader | None:
    head = file.read(24)
    if not head.startswith(b"\x89PNG\r\n\x1a\n") or head[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", head[16:24])
    return PictureHeader(width, height, 4)


def _of_tiff(file: BinaryIO) -> PictureHeader | None:
    """Of a TIFF whose kind of pixels Pillow does not know, such as colours in floats."""
    from PIL import TiffImagePlugin

    tags = TiffImagePlugin.ImageFileDirectory_v2(file.read(8))
    if tags.next is None:
        return None
    file.seek(tags.next)
    tags.load(file)
    bits = tags.get(258, (8,))
    each = sum(bits) / 8 if isinstance(bits, tuple) else bits / 8 * tags.get(277, 1)
    return PictureHeader(int(tags[256]), int(tags[257]), max(4.0, math.ceil(each)))


def _of_pnm(file: BinaryIO) -> PictureHeader | None:
    """Of PAM (P7) and of colours in floats (PF), which OpenCV reads."""
    head = file.read(512)
    words = head.split()
    if head[:2] == b"PF" and len(words) > 2:
        return PictureHeader(int(words[1]), int(words[2]), 12)
    if head[:2] != b"P7":
        return None
    named = dict(zip(words[1::2], words[2::2], strict=False))
    return PictureHeader(int(named[b"WIDTH"]), int(named[b"HEIGHT"]), 8)
