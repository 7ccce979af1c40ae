"""From picture files in a folder or zip, and what a reader says of each, to grey squares."""

import hashlib
import logging
import lzma
import zipfile
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.data.face_data import FaceData
from trainer.data.stored_images import Image, StoredImages, write_images
from trainer.data.tables import BadRows
from trainer.errors import DataError
from trainer.labels import EXPRESSIONS

log = logging.getLogger(__name__)

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"))
MAX_SIDE = 224
LOOKED_AT = 1000  # pictures whose size decides the side
THREADS, AHEAD = 4, 64
TRIES = 3
HELD_OUT = 0.1
DEPTH = 6  # folder levels that are looked into; ends circles of links, too
MAX_BYTES = 64 << 20  # a compressed picture beyond this is none

# what files and the compressions of a zip raise when damaged or encrypted
UNREADABLE = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


class Archive:
    """A folder or zip of files; nothing of a zip is extracted.

    Raises DataError when the zip is damaged, or when a name in it points out of it.
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        self._zip: zipfile.ZipFile | None = None
        if source.is_dir():
            return
        try:
            self._zip = zipfile.ZipFile(source)
        except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
            raise DataError(
                f"{source}: the zip file cannot be read ({error})", "Is it damaged? Pack it again."
            ) from error
        for name in self._zip.namelist():
            if _leaves(name):
                raise DataError(f"{source}: the name {name!r} in it points out of the zip")

    def names(self) -> list[str]:
        """Of all pictures, sorted."""
        if self._zip is None:
            return sorted(_walk(self.source))
        return sorted({n for n in self._zip.namelist() if _is_picture(PurePosixPath(n))})

    def has(self, name: str) -> bool:
        """Never what lies outside, whatever a list says."""
        if _leaves(name):
            return False
        if self._zip is None:
            try:
                return (self.source / name).is_file()
            except OSError:  # no name that a file could have
                return False
        return name in self._zip.NameToInfo

    def content(self, name: str) -> bytes:
        """Raises ValueError or one of UNREADABLE."""
        if self._zip is None:
            return (self.source / name).read_bytes()
        if self._zip.getinfo(name).file_size > MAX_BYTES:
            raise ValueError(f"is larger than {MAX_BYTES >> 20} MiB")
        return self._zip.read(name)

    def picture(self, name: str) -> Image:
        """Grey, of any size; tried again when a read fails. Raises ValueError with the reason."""
        for left in reversed(range(TRIES)):
            try:
                return _decode(self.content(name))
            except UNREADABLE as error:
                if not left:
                    raise ValueError(f"cannot be read ({error})") from error
        raise AssertionError


@dataclass(frozen=True, slots=True)
class Listing:
    """What a reader says of N pictures, before one is decoded.

    `landmarks` (N, 68, 2) are in each picture's own pixels, NaN where the data set has none.
    `picture` decodes one, grey, of any size, or raises ValueError with the reason. `found` counts
    everything looked at, where `bad` lists some already.
    """

    name: str
    classes: tuple[str, ...]
    sample_id: list[str]
    split: NDArray[np.str_]
    label: NDArray[np.int64]
    picture: Callable[[int], Image]
    source_index: NDArray[np.int64] | None = None  # rows in the source; 0 to N − 1 without
    bad: BadRows = field(default_factory=BadRows)
    found: int = 0
    landmarks: NDArray[np.float32] | None = None
    votes: NDArray[np.float32] | None = None
    landmark_source: str = "data set"
    _points: dict[int, NDArray[np.float32]] = field(default_factory=dict)

    def load(self) -> FaceData:
        """The pictures that can be read, in memory. Raises DataError when too many cannot."""
        rows: list[int] = []
        images = list(self._squares(rows))
        self.bad.check(self.found or len(self.sample_id))
        return self._data(np.stack(images), rows)

    def write(self, folder: Path, progress: Callable[[int, int], None]) -> FaceData:
        """The same with the pictures in `folder`, one at a time, so that any number fits."""
        rows: list[int] = []
        folder.mkdir(parents=True, exist_ok=True)

        def counted() -> Iterator[Image]:
            for done, square in enumerate(self._squares(rows), 1):
                yield square
                if done % 100 == 0:
                    progress(done, len(self.sample_id))

        write_images(folder / "images.npy", counted(), len(self.sample_id))
        self.bad.check(self.found or len(self.sample_id))
        progress(len(self.sample_id), len(self.sample_id))
        return self._data(StoredImages(folder / "images.npy"), rows)

    def _data(self, images: Image | StoredImages, rows: list[int]) -> FaceData:
        kept, count = np.array(rows, np.int64), len(rows)
        landmarks = np.full((count, 68, 2), np.nan, np.float32)
        for place, row in enumerate(rows):
            if row in self._points:
                landmarks[place] = self._points[row]
        votes = np.full((count, len(self.classes)), np.nan, np.float32)
        return FaceData(
            name=self.name,
            classes=self.classes,
            images=images,
            sample_id=np.array([self.sample_id[row] for row in rows]),
            source_index=kept if self.source_index is None else self.source_index[kept],
            split=self.split[kept],
            label=self.label[kept],
            landmarks=landmarks,
            votes=votes if self.votes is None else self.votes[kept],
            landmark_source="none" if self.landmarks is None else self.landmark_source,
            skipped=tuple(self.bad.reasons),
        )

    def _squares(self, rows: list[int]) -> Iterator[Image]:
        """Squares of the pictures that can be read; `rows` gets their places in the listing."""
        side = self._side()

        def load(row: int) -> Image:
            square, matrix = squared(self.picture(row), side)
            if self.landmarks is not None and np.isfinite(self.landmarks[row]).all():
                self._points[row] = self.landmarks[row] * matrix[0] + matrix[1]
            return square

        with ThreadPoolExecutor(THREADS) as pool:  # OpenCV does not hold the GIL
            ahead: deque[tuple[int, Future[Image]]] = deque()
            for row in range(len(self.sample_id) + AHEAD):
                if row < len(self.sample_id):
                    ahead.append((row, pool.submit(load, row)))
                if len(ahead) > AHEAD or row >= len(self.sample_id):
                    if not ahead:
                        return
                    first, future = ahead.popleft()
                    try:
                        square = future.result()
                    except ValueError as error:
                        self.bad.add(self.sample_id[first], str(error))
                        continue
                    rows.append(first)
                    yield square

    def _side(self) -> int:
        """The most common longer side of some pictures, at most 224."""
        sides: Counter[int] = Counter()
        step = -(-len(self.sample_id) // LOOKED_AT)
        for row in range(0, len(self.sample_id), step or 1):
            try:
                sides[min(MAX_SIDE, max(self.picture(row).shape))] += 1
            except ValueError:
                continue
        if len(sides) > 1:
            log.info("%s: pictures are scaled to one side", self.name)
        return max(sides, key=lambda side: (sides[side], side), default=1)


def squared(picture: Image, side: int) -> tuple[Image, tuple[float, NDArray[np.float32]]]:
    """The picture as a square of `side` px, and (scale, shift) that move its points with it.

    Continued by its border pixels where it is not square, because stretching changes a face;
    then scaled, linear up and by area down.
    """
    height, width = picture.shape
    longer = max(height, width)
    top, left = (longer - height) // 2, (longer - width) // 2
    if height != width:
        edges = (top, longer - height - top, left, longer - width - left)
        picture = np.asarray(cv2.copyMakeBorder(picture, *edges, cv2.BORDER_REPLICATE), np.uint8)
    if longer != side:
        how = cv2.INTER_AREA if longer > side else cv2.INTER_LINEAR
        picture = np.asarray(cv2.resize(picture, (side, side), interpolation=how), np.uint8)
    scale = side / longer
    shift = np.array([left + 0.5, top + 0.5], np.float32) * scale - 0.5
    return picture, (scale, shift)


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture as a list or its folders name it; `key` decides whether it is held out."""

    row: int
    file: str
    split: str
    expression: str
    key: str


def listing_of(archive: Archive, name: str, entries: list[Entry], bad: BadRows) -> Listing:
    """A listing of files with the seven expressions; a tenth is held out where there is no val."""
    label = np.array([EXPRESSIONS.index(entry.expression) for entry in entries], np.int64)
    split = np.array([entry.split for entry in entries], "U5")
    _hold_out(archive.source, split, label, [entry.key for entry in entries])
    files = [entry.file for entry in entries]
    return Listing(
        name=name,
        classes=EXPRESSIONS,
        sample_id=files,
        split=split,
        label=label,
        picture=lambda row: archive.picture(files[row]),
        source_index=np.array([entry.row for entry in entries], np.int64),
        bad=bad,
        found=len(entries) + len(bad.reasons),
    )


def _hold_out(
    source: Path, split: NDArray[np.str_], label: NDArray[np.int64], keys: list[str]
) -> None:
    """Make a tenth of each class of `train` to `val`, in place, unless there is a `val`.

    The pictures whose key hashes low: the same on every machine, also when others are added. A
    class of which none does gives its lowest.
    """
    training = split == "train"
    if "val" in split or not training.any():
        return
    draw = np.array([_share(key) for key in keys])
    held_out = training & (draw < HELD_OUT)
    for each in range(int(label.max()) + 1):
        members = np.flatnonzero(training & (label == each))
        if len(members) > 1 and not held_out[members].any():
            held_out[members[draw[members].argmin()]] = True
    split[held_out] = "val"
    log.info(
        "%s: it states no validation pictures, so %d of %d training pictures are held out as val",
        source,
        int(held_out.sum()),
        int(training.sum()),
    )


def tell_classes(source: Path, names: dict[str, str]) -> None:
    """Log which label of the data set became which class, and which classes it lacks."""
    log.info(
        "%s: label → class: %s", source, ", ".join(f"{key} → {name}" for key, name in names.items())
    )
    missing = [name for name in EXPRESSIONS if name not in names.values()]
    if missing and names:
        log.warning("%s: there are no pictures of %s", source, ", ".join(missing))


def _share(key: str) -> float:
    """A number in [0, 1) that depends on `key` alone."""
    digest = hashlib.sha256(key.encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _decode(content: bytes) -> Image:
    # OpenCV fills the missing part of a truncated JPEG with grey; its end marker cannot occur
    # in compressed pixels, only in a thumbnail near the start
    if content[:2] == b"\xff\xd8" and b"\xff\xd9" not in content[len(content) // 2 :]:
        raise ValueError("is truncated")
    try:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:  # empty, or more pixels than OpenCV allows
        picture = None
    if picture is None:
        raise ValueError("is no picture that can be read")
    return np.asarray(picture, np.uint8)


def _leaves(name: str) -> bool:
    """Whether a name in a list or zip points out of its folder, here or on another system."""
    drive = name[1:2] == ":"
    return drive or name.startswith("/") or "\\" in name or ".." in name.split("/")


def _walk(folder: Path, prefix: str = "", depth: int = 0) -> Iterator[str]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            if depth < DEPTH and not entry.name.startswith("."):
                yield from _walk(entry, f"{prefix}{entry.name}/", depth + 1)
        elif _is_picture(PurePosixPath(prefix, entry.name)):
            yield prefix + entry.name


def _is_picture(name: PurePosixPath) -> bool:
    """By its suffix; hidden files and macOS's `__MACOSX/._name` doubles are none."""
    return (
        name.suffix.lower() in SUFFIXES
        and not name.name.startswith(".")
        and "__MACOSX" not in name.parts
    )
