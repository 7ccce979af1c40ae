"""A still image, and a folder of them."""

import re
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.sources.base import Frame, FrameSource, Kind, SourceError

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
STILL_FPS = 10.0  # how often a still image is delivered again, so that changed settings show
FOLDER_FPS = 1.0  # pictures of a folder a second


class StillImage(FrameSource):
    """One picture, delivered once."""

    kind: Kind = "image"
    fps = STILL_FPS
    frame_count = 1
    is_sequence = False

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._image = load_image(path)
        self._is_delivered = False

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

    A file that cannot be read is skipped and listed in `skipped`; it has no index. `frame_count`
    includes it.
    """

    kind: Kind = "image"
    fps = FOLDER_FPS
    is_sequence = False
    has_file_names = True

    def __init__(self, folder: Path) -> None:
        self.name = folder.resolve().name or str(folder)
        self._folder = folder
        try:
            entries = list(folder.iterdir())
        except OSError as error:
            raise SourceError(f"{folder}: could not be read ({error.strerror})") from error
        self._files = sorted(filter(_is_image, entries), key=_natural_key)
        if not self._files:
            raise SourceError(
                f"{folder}: there is no image in this folder",
                "Subfolders are not searched: name the one with the images."
                if any(entry.is_dir() for entry in entries)
                else f"Images end in {', '.join(sorted(SUFFIXES))}.",
            )
        self.frame_count = len(self._files)
        self.rewind()

    def read(self) -> Frame | None:
        while self._next < len(self._files):
            file = self._files[self._next]
            self._next += 1
            try:
                image = load_image(file)
            except SourceError:
                if file.name not in self.skipped:
                    self.skipped = (*self.skipped, file.name)
                continue
            frame = Frame(
                image,
                self._index,
                self._index / self.fps,
                time.perf_counter(),
                segment=self._index,
                file_name=file.name,
                file_position=(self._next, len(self._files)),
            )
            self._index += 1
            return frame
        if self._index == 0:
            raise SourceError(
                f"{self._folder}: none of the {len(self._files)} images could be read"
            )
        return None

    def rewind(self) -> None:
        self._next = self._index = 0

    def close(self) -> None: ...


def load_image(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) BGR, 8 bit. Raises SourceError with the reason."""
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise SourceError(f"{path}: could not be read ({error.strerror})") from error
    try:
        image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    except cv2.error:  # a header that announces an absurd size
        image = None
    if image is None:
        raise SourceError(f"{path}: could not be read (not an image, or damaged)")
    return np.asarray(image, np.uint8)


def _is_image(path: Path) -> bool:
    # macOS leaves a hidden ._name.jpg beside every name.jpg on disks of other systems
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and not path.is_dir()


def _natural_key(path: Path) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
