"""A still image, an animated one, and a folder of them."""

import math
import re
import time
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.sources.base import Frame, FrameSource, Kind, PictureFiles, SourceError
from trainer.data.reading.archive import UNREADABLE, Archive, is_special, read_file, special_text
from trainer.data.reading.bad_rows import name_some
from trainer.data.reading.decode_picture import PictureSet, decode_colour, decode_colour_8_bits
from trainer.data.reading.listing import CONSTANT_RANGE
from trainer.data.reading.picture_header import MAX_PIXELS, PictureLimitError, read_header
from trainer.files import PICTURE_SUFFIXES, is_hidden, is_picture_name
from trainer.shown_text import shown_name

STILL_FPS = 10.0  # how often a still image is delivered again, so that changed settings show
SURELY_WHOLE = 3500  # px; a reduced picture has a longer side, see `PictureHeader.reduction`
FOLDER_FPS = 1.0  # pictures of a folder a second


class StillImage(FrameSource):
    """One picture, delivered once; of an animated one, its first."""

    kind: Kind = "image"
    fps = STILL_FPS
    frame_count = 1
    is_sequence = False

    def __init__(self, path: Path, max_pixels: int = MAX_PIXELS) -> None:
        self.name = shown_name(path.name)
        self._image = load_image(path, max_pixels)
        reduced = [self.name] if _reduction(path, self._image) > 1 else []
        self._notes = reduced_notes(reduced)
        self._notes += constant_notes([self.name]) if is_constant(self._image) else ()
        self._is_delivered = False

    @property
    def notes(self) -> tuple[str, ...]:
        return self._notes

    def read(self) -> Frame | None:
        if self._is_delivered:
            return None
        self._is_delivered = True
        return Frame(self._image, 0, 0.0, time.perf_counter())

    def rewind(self) -> None:
        self._is_delivered = False

    def close(self) -> None: ...


class ImageFolder(FrameSource):
    """The pictures of a folder in natural order (2 before 10), without those of its subfolders.

    They are decoded as the trainer decodes a data set; of an animated one its first frame. A file
    that cannot be read is skipped and listed in `skipped`; it has no index. `frame_count` includes
    it. `notes` names what else was left out, and pictures without contrast.
    """

    kind: Kind = "image"
    fps = FOLDER_FPS
    is_sequence = False
    has_file_names = True

    def __init__(self, folder: Path, max_pixels: int = MAX_PIXELS) -> None:
        self.name = shown_name(folder.resolve().name or folder)
        self._folder = folder
        try:
            entries = list(folder.iterdir())
        except OSError as error:
            raise SourceError(f"{folder}: could not be read ({error.strerror})") from error
        files = [entry for entry in entries if not entry.is_dir()]
        self._special = sorted(entry.name for entry in files if is_special(entry))
        names = [entry.name for entry in files if entry.name not in self._special]
        self._names = sorted(filter(is_picture_name, names), key=_natural_key)
        if not self._names:
            raise SourceError(
                f"{folder}: there is no image in this folder",
                "Subfolders are not searched: name the one with the images."
                if any(entry.is_dir() for entry in entries)
                else f"Images end in {', '.join(sorted(PICTURE_SUFFIXES))}.",
            )
        decode = partial(decode_colour, max_pixels=max_pixels)
        self._pictures = PictureSet(Archive(folder), self._names, decode)
        self._others = sorted(n for n in names if not is_picture_name(n) and not is_hidden(n))
        self._constant: list[str] = []
        self._reduced: list[str] = []
        self.frame_count = len(self._names)
        self.duration_s = self.frame_count / self.fps
        self.pictures = PictureFiles(folder, tuple(self._names))
        self.rewind()

    @property
    def notes(self) -> tuple[str, ...]:
        count = len(self._others)
        files = "1 file that is no picture" if count == 1 else f"{count} files that are no pictures"
        left_out = (f"left out {files}: {name_some(self._others)}",) if count else ()
        special = (f"left out {special_text(self._special)}",) if self._special else ()
        return (
            *left_out,
            *special,
            *reduced_notes(self._reduced),
            *constant_notes(self._constant),
        )

    def read(self) -> Frame | None:
        while self._next < len(self._names):
            name = self._names[self._next]
            self._next += 1
            image = self._load(name)
            if image is None:
                continue
            frame = Frame(
                image,
                self._index,
                self._index / self.fps,
                time.perf_counter(),
                segment=self._index,
                file_name=shown_name(name),
                file_position=(self._next, len(self._names)),
                position_s=(self._next - 1) / self.fps,
            )
            self._index += 1
            return frame
        if self._index == 0:
            raise SourceError(
                f"{self._folder}: none of the {len(self._names)} images could be read"
            )
        return None

    def _load(self, name: str) -> NDArray[np.uint8] | None:
        try:
            image = self._pictures.load(name)
        except (ValueError, *UNREADABLE):
            if shown_name(name) not in self.skipped:
                self.skipped = (*self.skipped, shown_name(name))
            return None
        if _reduction(self._folder / name, image) > 1 and name not in self._reduced:
            self._reduced.append(name)
        if is_constant(image) and name not in self._constant:
            self._constant.append(name)
        return image

    def rewind(self) -> None:
        self._next = self._index = 0

    def seek(self, time_s: float) -> None:
        """Each file has its place, also one that cannot be read."""
        number = math.floor(time_s * self.fps + 0.5)
        self._next = self._index = min(max(number, 0), len(self._names) - 1)

    def close(self) -> None: ...


def thumbnail(path: Path, side: int) -> NDArray[np.uint8]:
    """A small (H, W, 4) BGRX, its longer side at most `side`. Raises SourceError."""
    import cv2

    image = load_image(path)
    scale = min(1.0, side / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2BGRA), np.uint8)


def load_image(path: Path, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """(H, W, 3) BGR, 8 bit. Raises SourceError with the reason."""
    try:
        return decode_colour_8_bits(read_file(path), max_pixels)
    except OSError as error:
        raise SourceError(f"{path}: could not be read ({error.strerror})") from error
    except PictureLimitError as error:
        raise SourceError(
            f"{path}: this picture {error}", "See `ferapp analyze --max-pixels`."
        ) from error
    except ValueError as error:
        raise SourceError(f"{path}: could not be read (not an image, or damaged)") from error


def _reduction(path: Path, image: NDArray[np.uint8]) -> int:
    """By which factor a picture was reduced on decoding."""
    if max(image.shape) < SURELY_WHOLE:
        return 1
    try:
        with path.open("rb") as file:
            header = read_header(file)
    except OSError:
        return 1
    return header.reduction() if header is not None else 1


def reduced_notes(names: list[str]) -> tuple[str, ...]:
    """Boxes in a table are in pixels of the picture as it was decoded."""
    if not names:
        return ()
    pictures = "1 very large picture is" if len(names) == 1 else f"{len(names)} pictures are"
    return (f"{pictures} read at a reduced size, in whose pixels boxes are: {name_some(names)}",)


def is_constant(image: NDArray[np.uint8]) -> bool:
    """Whether a picture is of nearly one grey level, in which there is no face to see."""
    return int(image.max()) - int(image.min()) < CONSTANT_RANGE


def constant_notes(names: list[str]) -> tuple[str, ...]:
    if not names:
        return ()
    pictures = "1 picture is" if len(names) == 1 else f"{len(names)} pictures are"
    return (f"{pictures} of nearly one grey level: {name_some(names)}",)


def _natural_key(name: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
