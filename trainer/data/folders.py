"""Pictures in class folders: `ROOT/<class>/*` or `ROOT/<split>/<class>/*`, also inside a zip.

Folders that wrap the whole tree are passed over. Class folders are known by the names and
synonyms of `trainer.labels`, split folders by the names below, in any case. Without split folders
everything is `train`. Training selects its best epoch on `val`, so where there is none a tenth of
`train` becomes `val`: the pictures whose path hashes low, so that the choice is the same on every
machine and stays when pictures are added. A class of which none hashes low gives its lowest.

Pictures become grey squares of one side: the most common longer side, at most 224. Smaller and
larger ones are scaled to it (linear up, area down); those that are not square are first
continued by their border pixels, because stretching would change the face.
"""

import hashlib
import logging
import lzma
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.data.facedata import FaceData
from trainer.data.reading import BadRows
from trainer.errors import DataError
from trainer.labels import EXPRESSIONS, SYNONYMS, canonical

log = logging.getLogger(__name__)

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"))
SPLIT_OF_FOLDER = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "publictest": "val",  # FER2013's names, as in its CSV
    "test": "test",
    "testing": "test",
    "privatetest": "test",
}
MAX_SIDE = 224
HELD_OUT = 0.1
DEPTH = 6  # folder levels that are looked into; ends circles of links, too
MAX_BYTES = 64 << 20  # a compressed picture beyond this is none

Image = NDArray[np.uint8]


def recognises(path: Path) -> bool:
    """Whether `path` is a folder or zip with a picture in a folder named by an expression."""
    if not (path.is_dir() or zipfile.is_zipfile(path)):
        return False
    with _open(path) as (names, _):
        return any(canonical(PurePosixPath(name).parent.name) for name in names)


def read(path: Path) -> FaceData:
    """All good pictures, in the order of their paths.

    Raises DataError when a class folder is unknown, when more than 1 % of the pictures cannot
    be read or lie in no class folder, or when there are none.
    """
    bad = BadRows(path)
    pictures: list[Image] = []
    rows: list[int] = []
    with _open(path) as (found, content):
        names = sorted(set(found))
        places = _places(path, names)
        label_of = _labels(path, {place[1] for place in places if place})
        for row, (name, place) in enumerate(zip(names, places, strict=True)):
            if place is None:
                bad.add(name, "lies in no class folder")
                continue
            try:
                pictures.append(_decode(content(name)))
            except ValueError as error:
                bad.add(name, str(error))
            # what files and the compressions of a zip raise when damaged or encrypted
            except (OSError, EOFError, RuntimeError, *_ZIP_ERRORS) as error:
                bad.add(name, f"cannot be read ({error})")
            else:
                rows.append(row)
    if not names:
        raise DataError(f"{path}: it has no pictures", f"Known are {', '.join(sorted(SUFFIXES))}.")
    bad.check(total=len(names))
    kept = [place for row in rows if (place := places[row])]
    labels = np.array([label_of[folder] for _, folder, _ in kept], np.int64)
    splits = np.array([split or "train" for split, _, _ in kept])
    _hold_out(path, splits, labels, [key for _, _, key in kept])
    return FaceData(
        name=path.resolve().stem,
        classes=EXPRESSIONS,
        images=_stack(path, pictures),
        sample_id=np.array([names[row] for row in rows]),
        source_index=np.array(rows, np.int64),
        split=splits,
        label=labels,
        landmarks=np.full((len(rows), 68, 2), np.nan, np.float32),
        votes=np.full((len(rows), len(EXPRESSIONS)), np.nan, np.float32),
    )


_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError)


@contextmanager
def _open(source: Path) -> Iterator[tuple[Iterable[str], Callable[[str], bytes]]]:
    """Names of the pictures in a folder or zip, and the function that reads one.

    Nothing of a zip is extracted. Raises DataError when the zip is damaged, or when a name in it
    points out of it.
    """
    if source.is_dir():
        yield _walk(source), lambda name: (source / name).read_bytes()
        return
    try:
        archive = zipfile.ZipFile(source)
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{source}: the zip file cannot be read ({error})", "Is it damaged? Pack it again."
        ) from error

    def content(name: str) -> bytes:
        if archive.getinfo(name).file_size > MAX_BYTES:
            raise ValueError(f"is larger than {MAX_BYTES >> 20} MiB")
        return archive.read(name)

    with archive:
        names = [name for name in archive.namelist() if _is_picture(PurePosixPath(name))]
        for name in names:
            if name.startswith("/") or "\\" in name or ".." in name.split("/"):
                raise DataError(f"{source}: the name {name!r} in it points out of the zip")
        yield names, content


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


def _places(source: Path, names: list[str]) -> list[tuple[str, str, str] | None]:
    """For each name its split (or ""), class folder and path below wrapping folders.

    None where a picture lies in no class folder. Raises DataError when only a part of the
    pictures lies in split folders.
    """
    paths = [PurePosixPath(name).parts for name in names]
    while paths and min(map(len, paths)) > 2 and len(first := {parts[0] for parts in paths}) == 1:
        folder = first.pop()
        if folder.lower() in SPLIT_OF_FOLDER or canonical(folder):
            break
        paths = [parts[1:] for parts in paths]
    places: list[tuple[str, str, str] | None] = []
    for parts in paths:
        split = SPLIT_OF_FOLDER.get(parts[0].lower(), "")
        in_class_folder = len(parts) == (3 if split else 2)
        places.append((split, parts[-2], "/".join(parts)) if in_class_folder else None)
    splits = {place[0] for place in places if place}
    if "" in splits and len(splits) > 1:
        outside = next(place[1] for place in places if place and not place[0])
        raise DataError(
            f"{source}: the folder {outside!r} lies beside split folders",
            "Put all class folders into split folders (train, val, test), or none.",
        )
    return places


def _labels(source: Path, folders: set[str]) -> dict[str, int]:
    """Class folder → label, told to the user. Raises DataError when a folder is unknown."""
    class_of = {folder: canonical(folder) for folder in sorted(folders)}
    unknown = [folder for folder, name in class_of.items() if name is None]
    if unknown:
        raise DataError(
            f"{source}: unknown class folders: {', '.join(unknown)}",
            f"Known are {', '.join((*EXPRESSIONS, *SYNONYMS))}. Rename or remove the others.",
        )
    listed = ", ".join(f"{folder} → {name}" for folder, name in class_of.items())
    log.info("%s: folder → class: %s", source, listed)
    missing = [name for name in EXPRESSIONS if name not in class_of.values()]
    if missing and folders:
        log.warning("%s: there are no pictures of %s", source, ", ".join(missing))
    return {folder: EXPRESSIONS.index(name) for folder, name in class_of.items() if name}


def _decode(content: bytes) -> Image:
    """A grey square picture of at most 224 px. Raises ValueError with the reason."""
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
    height, width = picture.shape
    longer = max(height, width)
    if longer > MAX_SIDE:
        height, width = (max(1, round(n * MAX_SIDE / longer)) for n in (height, width))
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        longer = MAX_SIDE
    top, left = (longer - height) // 2, (longer - width) // 2
    bottom, right = longer - height - top, longer - width - left
    square = cv2.copyMakeBorder(picture, top, bottom, left, right, cv2.BORDER_REPLICATE)
    return np.asarray(square, np.uint8)


def _stack(source: Path, squares: list[Image]) -> Image:
    """(N, side, side) of the most common side. Empties `squares`: memory holds each only once."""
    sides = Counter(len(square) for square in squares)
    side = max(sides, key=lambda n: (sides[n], n))
    if len(sides) > 1:
        others = len(squares) - sides[side]
        log.info("%s: %d of %d pictures scaled to %d px", source, others, len(squares), side)
    images = np.empty((len(squares), side, side), np.uint8)
    while squares:
        square = squares.pop()
        how = cv2.INTER_AREA if len(square) > side else cv2.INTER_LINEAR
        images[len(squares)] = cv2.resize(square, (side, side), interpolation=how)
    return images


def _hold_out(
    source: Path, splits: NDArray[np.str_], labels: NDArray[np.int64], keys: list[str]
) -> None:
    """Make a tenth of each class of `train` to `val`, in place, unless there is a `val`."""
    training = splits == "train"
    if "val" in splits or not training.any():
        return
    draw = np.array([_share(key) for key in keys])
    held_out = training & (draw < HELD_OUT)
    for label in range(len(EXPRESSIONS)):
        members = np.flatnonzero(training & (labels == label))
        if len(members) > 1 and not held_out[members].any():
            held_out[members[draw[members].argmin()]] = True
    splits[held_out] = "val"
    count = int(held_out.sum())
    log.info(
        "%s: there is no validation folder, so %d of %d training pictures are held out as val",
        source,
        count,
        int(training.sum()),
    )


def _share(key: str) -> float:
    """A number in [0, 1) that depends on `key` alone."""
    digest = hashlib.sha256(key.encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
