"""Picture files to 8-bit pixels, grey or in colour, whatever their format and depth."""

import importlib
import io
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.data.reading.archive import UNREADABLE, Archive
from trainer.data.reading.picture_header import (
    MAX_PIXELS,
    PILLOW_FORMATS,
    PictureHeader,
    header_of,
    pillow,
)
from trainer.data.stored_images import Image

TRIES = 3
FULL_SCALES = (255, 1023, 4095, 16383, 65535)  # of 8, 10, 12, 14 and 16 bits
if TYPE_CHECKING:
    from PIL import Image as PillowImage

OPENCV_PIXELS = 24_000_000  # of a PNG, for each of which OpenCV takes up to 22 bytes
OPENCV_BYTES = 11  # a pixel of 8 bits, of a PNG
ALONE_BYTES = 64 << 20  # what takes more is decoded one at a time, whichever thread asks
STRIP_PIXELS = 4_000_000  # that are reduced at once
REDUCED = {  # factor → OpenCV's flags for grey and colour
    2: (cv2.IMREAD_REDUCED_GRAYSCALE_2, cv2.IMREAD_REDUCED_COLOR_2),
    4: (cv2.IMREAD_REDUCED_GRAYSCALE_4, cv2.IMREAD_REDUCED_COLOR_4),
    8: (cv2.IMREAD_REDUCED_GRAYSCALE_8, cv2.IMREAD_REDUCED_COLOR_8),
}

Pixels = NDArray[np.uint8] | NDArray[np.uint16]

_one_large = threading.Lock()


class PictureSet:
    """The pictures of one data set or folder, decoded on demand from any thread.

    Pictures of more than 8 bits are scaled alike: by the smallest usual depth that holds the
    largest value of all of them. `decode` is `decode_grey` or `decode_colour`.
    """

    def __init__(
        self,
        archive: Archive,
        names: list[str],
        decode: "Callable[[bytes], Pixels] | None" = None,
    ) -> None:
        self._archive, self._all_names = archive, names
        self._decode_content = decode or decode_grey
        self._full_scale: int | None = None
        self._lock = threading.Lock()

    def load(self, name: str) -> Image:
        """Grey (h, w), or BGR (h, w, 3), of any size. Raises ValueError with the reason."""
        pixels = self._decode(name)
        if pixels.dtype == np.uint8:
            return np.asarray(pixels, np.uint8)
        with self._lock:
            if self._full_scale is None:
                self._full_scale = full_scale(max(map(self._maximum, self._all_names), default=0))
        return scale_to_8_bits(pixels, max(self._full_scale, full_scale(int(pixels.max()))))

    def _decode(self, name: str) -> Pixels:
        """Reads again when a read fails, as network drives do."""
        for left in reversed(range(TRIES)):
            try:
                return self._decode_content(self._archive.read(name))
            except UNREADABLE as error:
                if not left:
                    raise ValueError(f"cannot be read ({error})") from error
        raise AssertionError

    def _maximum(self, name: str) -> int:
        """The largest value of a picture of more than 8 bits; 0 of others."""
        try:
            if not _may_be_deep(self._archive.read_head(name, 32)):
                return 0
            pixels = self._decode(name)
        except (ValueError, *UNREADABLE):
            return 0
        return 0 if pixels.dtype == np.uint8 else int(pixels.max())


def full_scale(maximum: int) -> int:
    """The largest value of the smallest usual depth that holds `maximum`."""
    return next(white for white in FULL_SCALES if maximum <= white)


def scale_to_8_bits(pixels: Pixels, white: int) -> Image:
    """Pixels with `white` as 255."""
    return np.rint(np.minimum(pixels, white) * (255 / white)).astype(np.uint8)


def decode_grey(content: bytes, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Grey (h, w) uint8, or uint16 where a file holds more; upright by its EXIF orientation.

    A very large picture comes at 1/2, 1/4 … of its size, see `PictureHeader.reduction`; one of
    more than `max_pixels` does not. Raises ValueError with the reason.
    """
    return _decode_picture(content, is_colour=False, max_pixels=max_pixels)


def decode_colour(content: bytes, max_pixels: int = MAX_PIXELS) -> Pixels:
    """BGR (h, w, 3), otherwise as `decode_grey`."""
    return _decode_picture(content, is_colour=True, max_pixels=max_pixels)


def decode_colour_8_bits(content: bytes, max_pixels: int = MAX_PIXELS) -> Image:
    """BGR (h, w, 3) uint8 of a picture that stands for itself: scaled by its own depth.

    Raises ValueError with the reason.
    """
    pixels = decode_colour(content, max_pixels)
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, np.uint8)
    return scale_to_8_bits(pixels, full_scale(int(pixels.max())))


def _decode_picture(content: bytes, is_colour: bool, max_pixels: int) -> Pixels:
    # OpenCV fills the missing part of a truncated JPEG with grey; its end marker cannot occur
    # in compressed pixels, only in a thumbnail near the start
    if content[:2] == b"\xff\xd8" and b"\xff\xd9" not in content[len(content) // 2 :]:
        raise ValueError("is truncated")
    header = header_of(content)
    if header is None:
        raise ValueError("could not be read as a picture")
    header.check(content, max_pixels)
    is_large = header.pixels * (3 if header.scales else OPENCV_BYTES) > ALONE_BYTES
    with _one_large if is_large else nullcontext():
        picture = _decode_checked(content, header, is_colour)
    if picture is None or not picture.size:
        raise ValueError("could not be read as a picture")
    whole = _as_whole_numbers(np.asarray(picture))
    if is_colour and whole.ndim == 2:
        return _as_whole_numbers(np.repeat(whole[..., None], 3, axis=2))
    return whole


def _decode_checked(content: bytes, header: PictureHeader, is_colour: bool) -> NDArray[Any] | None:
    """By the decoder that takes least memory for what the header says, then by the other one."""
    factor = header.reduction()
    if factor > 1:
        reduce = _reduce_by_opencv if header.scales else _decode_by_pillow
        return reduce(content, is_colour, factor)
    if header.pixels > OPENCV_PIXELS and not header.scales:
        return _decode_by_pillow(content, is_colour)
    decoders = [_decode_by_opencv, _decode_by_pillow]
    if content[4:8] == b"ftyp":  # AVIF and HEIF, whose orientation OpenCV ignores
        decoders.reverse()
    picture = decoders[0](content, is_colour)
    return decoders[1](content, is_colour) if picture is None else picture


def _as_whole_numbers(picture: NDArray[Any]) -> Pixels:
    """uint8 and uint16 unchanged; floats by their full scale of 1, 255 or 65535."""
    if picture.dtype == np.uint8:
        return np.asarray(picture, np.uint8)
    if picture.dtype == np.uint16:
        return np.asarray(picture, np.uint16)
    values = np.nan_to_num(picture.astype(np.float32), copy=False, posinf=0, neginf=0)
    np.clip(values, 0, None, out=values)
    maximum = float(values.max())
    if picture.dtype.kind == "f" and maximum <= 1:
        values *= 65535
    elif maximum > 65535:
        values *= 65535 / maximum
    whole: NDArray[Any] = np.rint(values, out=values)
    if 1 < maximum <= 255:
        return np.asarray(whole, np.uint8)
    return np.asarray(whole, np.uint16)


def _decode_by_opencv(content: bytes, is_colour: bool) -> NDArray[Any] | None:
    channels = cv2.IMREAD_COLOR if is_colour else cv2.IMREAD_GRAYSCALE
    try:
        return cv2.imdecode(np.frombuffer(content, np.uint8), channels | cv2.IMREAD_ANYDEPTH)
    except cv2.error:  # empty, or more pixels than OpenCV allows
        return None


def _reduce_by_opencv(content: bytes, is_colour: bool, factor: int) -> NDArray[Any] | None:
    """A JPEG, of which only the coarse part is decoded."""
    decoded = min(8, factor)
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), REDUCED[decoded][is_colour])
    except cv2.error:
        return None
    if picture is None or decoded == factor:
        return picture
    height, width = picture.shape[:2]
    size = (max(1, width * decoded // factor), max(1, height * decoded // factor))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _decode_by_pillow(content: bytes, is_colour: bool, factor: int = 1) -> NDArray[Any] | None:
    from PIL import ImageOps

    formats = list(PILLOW_FORMATS)
    with suppress(ImportError):
        pillow_heif = importlib.import_module("pillow_heif")
        pillow_heif.register_heif_opener()
        formats.append("HEIF")
    try:
        with pillow().open(io.BytesIO(content), formats=formats) as file:
            picture = file if factor == 1 else _reduce_in_strips(file, factor, is_colour)
            ImageOps.exif_transpose(picture, in_place=True)
            if picture.mode[0] in "IF":
                return np.asarray(picture)
            if picture.mode not in ("L", "1", "RGB", "RGBA"):
                picture = picture.convert("RGBA" if "A" in picture.mode else "RGB")
            if picture.mode == "RGBA":
                picture = picture.convert("RGB")
            wanted = "RGB" if is_colour else "L"
            pixels = np.asarray(picture if picture.mode == wanted else picture.convert(wanted))
            return np.ascontiguousarray(pixels[..., ::-1]) if is_colour else pixels
    except Exception:  # Pillow's decoders raise errors of any kind on damaged files
        return None


def _reduce_in_strips(
    file: "PillowImage.Image", factor: int, is_colour: bool
) -> "PillowImage.Image":
    """The picture at 1/`factor` of its size, without a second copy of all its pixels."""
    deep = {"I": "I", "F": "F"}.get(file.mode[0])
    mode = deep or ("RGB" if is_colour else "L")
    exif = file.getexif()
    width, height = file.size
    reduced: PillowImage.Image = pillow().new(mode, (-(-width // factor), -(-height // factor)))
    rows = factor * max(1, STRIP_PIXELS // (width * factor))
    for top in range(0, height, rows):
        strip = file.crop((0, top, width, min(height, top + rows))).convert(mode)
        reduced.paste(strip.reduce(factor), (0, top // factor))
    if file.format != "TIFF":  # which Pillow has turned already
        reduced.info["exif"] = exif.tobytes()
    return reduced


def _may_be_deep(head: bytes) -> bool:
    """Whether a file that begins so can hold more than 8 bits a channel."""
    if head.startswith(b"\x89PNG"):
        return head[24:25] == b"\x10"
    return not head.startswith((b"\xff\xd8", b"BM", b"GIF8", b"RIFF"))
