"""AffectNet (Mollahosseini et al. 2017), with seven classes or, with contempt, eight.

Two forms are published: CSV lists of large pictures (`training.csv`, `validation.csv`) with the
face's box and its 68 landmarks, and 224 px crops with a `.npy` file a value (`train_set/`,
`val_set/`). Its own validation pictures are `val`; a test split was never published. Valence and
arousal are read where they are stated.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.data.array_files import read_array
from trainer.data.readers.reader_registry import Reader
from trainer.data.reading.archive import Archive
from trainer.data.reading.bad_rows import BadRows
from trainer.data.reading.csv_table import has_columns, open_csv_table, parse_number, plain_name
from trainer.data.reading.decode_picture import PictureSet
from trainer.data.reading.listing import Listing
from trainer.data.reading.read_options import DEFAULT_OPTIONS, ReadOptions, resolve_labels
from trainer.data.reading.valence_arousal import (
    UNKNOWN,
    ValenceArousal,
    known_or_none,
    parse_valence_arousal,
)
from trainer.data.reading.validation_split import draw_validation
from trainer.data.stored_images import Image
from trainer.errors import DataError
from trainer.labels import EXPRESSIONS

CODES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")
WITHOUT_EXPRESSION = ("none", "uncertain", "no face")  # codes 8, 9 and 10
CLASS_MAP = {str(code): name for code, name in enumerate((*CODES, *WITHOUT_EXPRESSION))}
CLASSES_8 = (*EXPRESSIONS, "contempt")
LISTS = {"train": ("training.csv", "train.csv"), "val": ("validation.csv", "val.csv")}
FOLDERS = {"train": "train_set", "val": "val_set"}
PICTURES = ("", "Manually_Annotated_Images/", "Manually_Annotated/Manually_Annotated_Images/")
COLUMNS = {name: (plain_name(name),) for name in ("subDirectory_filePath", "expression")}


@dataclass(frozen=True, slots=True)
class _Row:
    """One picture: its file, split, code, box (x, y, w, h) or None, and landmarks (68, 2)."""

    file: str
    split: str
    code: int
    box: tuple[int, int, int, int] | None
    landmarks: NDArray[np.float32] | None
    valence_arousal: ValenceArousal = UNKNOWN


def recognises(path: Path) -> bool:
    """Whether `path` is a folder with AffectNet's lists or its folders of .npy annotations."""
    if not path.is_dir():
        return False
    if any((path / folder / "annotations").is_dir() for folder in FOLDERS.values()):
        return True
    return any(has_columns(path / name, COLUMNS) for names in LISTS.values() for name in names)


def list_pictures(
    path: Path, options: ReadOptions = DEFAULT_OPTIONS, contempt: bool = False
) -> Listing:
    """The pictures of the classes in use, training ones first; all eight with `contempt`.

    Raises DataError when there is none.
    """
    archive, bad = Archive(path), BadRows(path, "pictures")
    if contempt and options.classes == EXPRESSIONS:
        options = replace(options, classes=CLASSES_8)
    options = options.with_default_map(CLASS_MAP)
    read = _npy_rows if any((path / f).is_dir() for f in FOLDERS.values()) else _csv_rows
    rows = list(enumerate(read(path, archive, bad)))
    class_of = resolve_labels(path, [str(row.code) for _, row in rows], options)
    rows = [(number, row) for number, row in rows if str(row.code) in class_of]
    if not rows:
        raise DataError(f"{path}: it has no pictures of {', '.join(options.classes)}")
    label = np.array([options.classes.index(class_of[str(row.code)]) for _, row in rows], np.int64)
    split = np.array([row.split for _, row in rows], "U5")
    files = [row.file for _, row in rows]
    draw_validation(path, split, label, files, options)
    missing = np.full((68, 2), np.nan, np.float32)
    landmarks = [missing if row.landmarks is None else row.landmarks for _, row in rows]
    pictures = PictureSet(archive, files)

    def load_face(index: int) -> Image:
        row = rows[index][1]
        return _cut(pictures.load(row.file), row.box)

    return Listing(
        name=f"AffectNet-{len(options.classes)}",
        classes=options.classes,
        sample_id=files,
        source_index=np.array([number for number, _ in rows], np.int64),
        split=split,
        label=label,
        picture=load_face,
        bad=bad,
        total=len(rows) + len(bad.reasons),
        landmarks=None if all(row.landmarks is None for _, row in rows) else np.stack(landmarks),
        valence_arousal=known_or_none(row.valence_arousal for _, row in rows),
    )


def _cut(picture: Image, box: tuple[int, int, int, int] | None) -> Image:
    """The face's box and a quarter of it on each side, for chin and brows."""
    if box is None:
        return picture
    left, top, right, bottom = _around(box)
    return picture[top:bottom, left:right] if picture[top:bottom, left:right].size else picture


def _around(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    x, y, width, height = box
    return max(0, x - width // 4), max(0, y - height // 4), x + width * 5 // 4, y + height * 5 // 4


def _csv_rows(path: Path, archive: Archive, bad: BadRows) -> Iterator[_Row]:
    for split, names in LISTS.items():
        file = next((path / name for name in names if has_columns(path / name, COLUMNS)), None)
        if file is None:
            continue
        with file.open("rb") as content:
            table = open_csv_table(content, file)
            for line, values in enumerate(table.records() if table else (), 2):
                try:
                    yield _csv_row(values, split, archive)
                except (ValueError, TypeError, OverflowError) as error:
                    bad.add(f"{file.name} line {line}", str(error))


def _csv_row(values: dict[str, str], split: str, archive: Archive) -> _Row:
    values = {plain_name(name): cell for name, cell in values.items()}
    code = _check_code(int(values["expression"]))
    name = values["subdirectoryfilepath"]
    try:
        file = _locate(name, archive)
    except ValueError as error:
        if code >= len(CODES):  # its picture is not needed
            return _Row(name, split, code, None, None)
        raise ValueError(f"names {name!r}, which {error}") from None
    sides = [values.get(f"face{side}") for side in ("x", "y", "width", "height")]
    box = None
    if all(sides):
        x, y, width, height = (int(parse_number(side)) for side in sides if side)
        box = (x, y, width, height)
    text = values.get("faciallandmarks") or ""
    landmarks = None
    if text.strip():
        landmarks = np.array(text.replace(",", ".").split(";"), np.float32).reshape(-1, 2)
        if landmarks.shape != (68, 2):
            raise ValueError(f"has {len(landmarks)} landmarks instead of 68")
        if box is not None:
            landmarks = landmarks - np.array(_around(box)[:2], np.float32)
    affect = parse_valence_arousal(values.get("valence") or "", values.get("arousal") or "")
    return _Row(file, split, code, box, landmarks, affect)


def _locate(name: str, archive: Archive) -> str:
    """The picture's path in one of the usual folders. Raises ValueError."""
    error = ValueError("is missing")
    for folder in PICTURES:
        try:
            return archive.locate(folder + name)
        except ValueError as reason:
            error = reason if folder == "" else error
    raise error


def _check_code(code: int) -> int:
    if str(code) not in CLASS_MAP:
        raise ValueError(f"has the expression {code}, known are 0 to 10")
    return code


def _npy_rows(path: Path, archive: Archive, bad: BadRows) -> Iterator[_Row]:
    for split, folder in FOLDERS.items():
        annotations = path / folder / "annotations"
        for file in sorted(annotations.glob("*_exp.npy"), key=lambda f: (len(f.name), f.name)):
            number = file.name.removesuffix("_exp.npy")
            name = f"{folder}/images/{number}.jpg"
            try:
                code = _check_code(int(read_array(file)))
                if not archive.has(name):
                    raise ValueError("has no picture")
                landmarks = _npy_landmarks(annotations / f"{number}_lnd.npy")
                affect = _npy_valence_arousal(annotations, number)
                yield _Row(name, split, code, None, landmarks, affect)
            except (OSError, ValueError, TypeError, OverflowError) as error:
                bad.add(name, str(error))


def _npy_landmarks(file: Path) -> NDArray[np.float32] | None:
    if not file.is_file():
        return None
    return np.asarray(read_array(file), np.float32).reshape(68, 2)


def _npy_valence_arousal(annotations: Path, number: str) -> ValenceArousal:
    files = [annotations / f"{number}_{value}.npy" for value in ("val", "aro")]
    valence, arousal = (str(read_array(f).item()) if f.is_file() else "" for f in files)
    return parse_valence_arousal(valence, arousal)


READERS = (
    Reader(
        "affectnet",
        "AffectNet (training.csv and validation.csv, or train_set/annotations/*_exp.npy)",
        recognises,
        list_pictures,
        takes_options=True,
        order=30,
    ),
    Reader(
        "affectnet8",
        "AffectNet with contempt",
        recognises,
        partial(list_pictures, contempt=True),
        by_name_only=True,
        takes_options=True,
        order=31,
    ),
)
