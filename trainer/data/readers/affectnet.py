"""AffectNet (Mollahosseini et al. 2017), with seven classes or, with contempt, eight.

Two forms are published: CSV lists of large pictures (`training.csv`, `validation.csv`) with the
face's box and its 68 landmarks, and 224 px crops with a `.npy` file a value (`train_set/`,
`val_set/`). Its own validation pictures are `val`; a test split was never published.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.data.pictures import Archive, Listing, log, tell_classes
from trainer.data.stored_images import Image
from trainer.data.tables import BadRows, csv_rows, read_array
from trainer.errors import DataError
from trainer.labels import EXPRESSIONS

CODES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")
NOT_USED = ("none", "uncertain", "no face")  # codes 8, 9 and 10
CLASSES_8 = (*EXPRESSIONS, "contempt")
LISTS = {"train": ("training.csv", "train.csv"), "val": ("validation.csv", "val.csv")}
FOLDERS = {"train": "train_set", "val": "val_set"}
PICTURES = ("", "Manually_Annotated_Images/", "Manually_Annotated/Manually_Annotated_Images/")
COLUMNS = ("subDirectory_filePath", "expression")


@dataclass(frozen=True, slots=True)
class _Row:
    """One picture: its file, split, code, box (x, y, w, h) or None, and landmarks (68, 2)."""

    file: str
    split: str
    code: int
    box: tuple[int, int, int, int] | None
    landmarks: NDArray[np.float32] | None


def recognises(path: Path) -> bool:
    """Whether `path` is a folder with AffectNet's lists or its folders of .npy annotations."""
    if not path.is_dir():
        return False
    if any((path / folder / "annotations").is_dir() for folder in FOLDERS.values()):
        return True
    return any(_has_columns(path / name) for names in LISTS.values() for name in names)


def listing(path: Path, contempt: bool = False) -> Listing:
    """The pictures of the classes in use, training ones first.

    Raises DataError when there is none.
    """
    archive, bad = Archive(path), BadRows(path, "pictures")
    read = _npy_rows if any((path / f).is_dir() for f in FOLDERS.values()) else _csv_rows
    classes = CLASSES_8 if contempt else EXPRESSIONS
    kept: list[tuple[int, _Row]] = []
    left_out: Counter[str] = Counter()
    count = 0
    for count, row in enumerate(read(path, archive, bad), 1):
        name = (*CODES, *NOT_USED)[row.code]
        if name in classes:
            kept.append((count - 1, row))
        else:
            left_out[name] += 1
    if not kept:
        raise DataError(f"{path}: it has no pictures of {', '.join(classes)}")
    tell_classes(path, {str(code): name for code, name in enumerate(CODES) if name in classes})
    if left_out:
        log.info(
            "%s: left out: %s", path, ", ".join(f"{n} of {name}" for name, n in left_out.items())
        )
    missing = np.full((68, 2), np.nan, np.float32)
    given = [row.landmarks is not None for _, row in kept]
    points = [missing if row.landmarks is None else row.landmarks for _, row in kept]

    def picture(index: int) -> Image:
        row = kept[index][1]
        return _cut(archive.picture(row.file), row.box)

    return Listing(
        name="AffectNet-8" if contempt else "AffectNet-7",
        classes=classes,
        sample_id=[row.file for _, row in kept],
        source_index=np.array([index for index, _ in kept], np.int64),
        split=np.array([row.split for _, row in kept], "U5"),
        label=np.array([classes.index(CODES[row.code]) for _, row in kept], np.int64),
        picture=picture,
        bad=bad,
        found=len(kept) + len(bad.reasons),
        landmarks=np.stack(points) if any(given) else None,
    )


def _cut(picture: Image, box: tuple[int, int, int, int] | None) -> Image:
    """The face's box and half of it on each side, for chin and brows; landmarks move alike."""
    if box is None:
        return picture
    left, top, right, bottom = _around(box)
    return picture[top:bottom, left:right] if picture[top:bottom, left:right].size else picture


def _around(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    x, y, width, height = box
    return max(0, x - width // 4), max(0, y - height // 4), x + width * 5 // 4, y + height * 5 // 4


def _csv_rows(path: Path, archive: Archive, bad: BadRows) -> Iterator[_Row]:
    for split, names in LISTS.items():
        file = next((path / name for name in names if _has_columns(path / name)), None)
        if file is None:
            continue
        with file.open(encoding="utf-8", errors="replace", newline="") as stream:
            for line, values in enumerate(csv_rows(stream, file), 2):
                try:
                    yield _csv_row(values, split, archive)
                except (ValueError, TypeError, OverflowError) as error:
                    bad.add(f"{file.name} line {line}", str(error))


def _csv_row(values: dict[str, str], split: str, archive: Archive) -> _Row:
    code = int(values["expression"])
    if not 0 <= code < len(CODES) + len(NOT_USED):
        raise ValueError(f"has the expression {code}, known are 0 to 10")
    name = values["subDirectory_filePath"]
    found = next((start + name for start in PICTURES if archive.has(start + name)), None)
    if found is None:
        if code >= len(CODES):  # its picture is not asked for
            return _Row(name, split, code, None, None)
        raise ValueError(f"names {name!r}, which is missing")
    sides = [values.get(f"face_{side}") for side in ("x", "y", "width", "height")]
    box = None
    if all(sides):
        x, y, width, height = (int(side) for side in sides if side)
        box = (x, y, width, height)
    text = values.get("facial_landmarks") or ""
    landmarks = None
    if text.strip():
        landmarks = np.array(text.split(";"), np.float32).reshape(-1, 2)
        if landmarks.shape != (68, 2):
            raise ValueError(f"has {len(landmarks)} landmarks instead of 68")
        if box is not None:
            landmarks = landmarks - np.array(_around(box)[:2], np.float32)
    return _Row(found, split, code, box, landmarks)


def _npy_rows(path: Path, archive: Archive, bad: BadRows) -> Iterator[_Row]:
    for split, folder in FOLDERS.items():
        place = path / folder / "annotations"
        for file in sorted(place.glob("*_exp.npy"), key=lambda f: (len(f.name), f.name)):
            number = file.name.removesuffix("_exp.npy")
            name = f"{folder}/images/{number}.jpg"
            try:
                code = int(read_array(file))
                if not 0 <= code < len(CODES) + len(NOT_USED):
                    raise ValueError(f"has the expression {code}, known are 0 to 10")
                if not archive.has(name):
                    raise ValueError("has no picture")
                yield _Row(name, split, code, None, _npy_landmarks(place / f"{number}_lnd.npy"))
            except (OSError, ValueError, TypeError, OverflowError) as error:
                bad.add(name, str(error))


def _npy_landmarks(file: Path) -> NDArray[np.float32] | None:
    if not file.is_file():
        return None
    return np.asarray(read_array(file), np.float32).reshape(68, 2)


def _has_columns(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open(encoding="utf-8", errors="replace") as stream:
        names = [name.strip() for name in stream.readline().split(",")]
    return all(name in names for name in COLUMNS)
