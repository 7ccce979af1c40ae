"""FER2013's CSV: the columns emotion, pixels and Usage; 48 × 48 grey (Goodfellow et al. 2013).

Read are its Kaggle forms too: `icml_face_data.csv` (other order and blanks), `train.csv` (no Usage:
a tenth is held out) and `ckextended.csv` (label 7 is contempt). FERPlus votes are read when their
file lies beside it.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.data.face_data import FaceData
from trainer.data.readers import ferplus
from trainer.data.readers.reader_registry import Reader
from trainer.data.reading.bad_rows import BadRows
from trainer.data.reading.csv_table import (
    CsvTable,
    has_columns,
    open_csv_table,
    parse_number,
    parse_whole_numbers,
)
from trainer.data.reading.listing import Listing
from trainer.data.reading.read_options import (
    DEFAULT_OPTIONS,
    ReadOptions,
    describe_unknown,
    resolve_labels,
)
from trainer.data.reading.validation_split import draw_validation
from trainer.errors import DataError, UsageError
from trainer.labels import EXPRESSIONS

SIDE = 48
EMOTION = ("emotion", "label", "class", "expression", "emotionlabel", "target")
USAGE = ("usage", "split", "set", "subset", "partition")
PIXELS = ("pixels", "pixel", "pixelvalues")
COLUMNS = {"emotion": EMOTION, "pixels": PIXELS}
NAMES = (EMOTION, PIXELS, USAGE)
SPLIT_OF_USAGE = {
    "training": "train",
    "train": "train",
    "publictest": "val",
    "validation": "val",
    "val": "val",
    "valid": "val",
    "privatetest": "test",
    "test": "test",
    "testing": "test",
}
# 7 is contempt in CK+ as a table of this form
CLASS_MAP = {str(code): name for code, name in enumerate((*EXPRESSIONS, "contempt"))}


def recognises(path: Path) -> bool:
    """Whether `path` is a table with FER2013's columns."""
    return has_columns(path, COLUMNS)


def read(path: Path) -> FaceData:
    """All good rows in memory. Raises DataError as `list_rows`."""
    return list_rows(path).load()


@dataclass(frozen=True, slots=True)
class _Places:
    """How many columns the table has, and which of them are in use; usage is −1 without."""

    count: int
    emotion: int
    pixels: int
    usage: int


@dataclass(slots=True)
class _Rows:
    """The good rows: their numbers in the file, pictures, labels as written, and splits."""

    numbers: list[int] = field(default_factory=list)
    images: list[NDArray[np.uint8]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    total: int = 0

    def select(self, labels: dict[str, str]) -> "_Rows":
        """Only the rows with one of `labels`."""
        rows = [row for row, label in enumerate(self.labels) if label in labels]
        return _Rows(
            [self.numbers[row] for row in rows],
            [self.images[row] for row in rows],
            [self.labels[row] for row in rows],
            [self.splits[row] for row in rows],
            self.total,
        )


def list_rows(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Listing:
    """All good rows. Raises DataError when more than 1 % of the rows are bad, or none is good."""
    options = options.with_default_map(CLASS_MAP)
    bad = BadRows(path)
    with path.open("rb") as content:
        table = open_csv_table(content, path)
        if table is None or table.missing(COLUMNS):
            raise DataError(f"{path}: it does not have FER2013's columns emotion and pixels")
        rows = _read_rows(table, options, bad)
        has_usage = table.find(USAGE) is not None
    bad.check(rows.total)
    if not rows.numbers:
        raise DataError(f"{path}: it has no rows")
    class_of = resolve_labels(path, rows.labels, options)
    rows = rows.select(class_of)
    if not rows.numbers:
        raise DataError(f"{path}: it has no rows of {', '.join(options.classes)}")
    label = np.array([options.classes.index(class_of[name]) for name in rows.labels], np.int64)
    split = np.array(rows.splits, "U5")
    if not has_usage:  # copies of a picture have the same key, and so stay together
        keys = [hashlib.md5(image.tobytes()).hexdigest() for image in rows.images]
        draw_validation(path, split, label, keys, options)
    return Listing(
        name=path.stem,
        classes=options.classes,
        sample_id=[f"{path.stem}-{row:05d}" for row in rows.numbers],
        source_index=np.array(rows.numbers, np.int64),
        split=split,
        label=label,
        picture=rows.images.__getitem__,
        bad=bad,
        total=rows.total,
        votes=_read_votes(path, rows, options),
    )


def check_numbered(path: Path, options: ReadOptions) -> None:
    """Raise UsageError for classes that a table with label numbers cannot have, before its pictures
    are read; that its first row has a number is enough to know.
    """
    options = options.with_default_map(CLASS_MAP)
    with path.open("rb") as content:
        table = open_csv_table(content, path)
        place = None if table is None else table.find(EMOTION)
        first = next(iter(table.rows()), None) if table is not None else None
    if place is None or first is None or len(first[1]) <= place:
        return
    if first[1][place].strip().removesuffix(".0") not in options.class_map:
        return
    reachable = set(options.class_map.values())
    unknown = [name for name in options.classes if name not in reachable]
    if unknown:
        raise UsageError(
            f"--classes {','.join(options.classes)}: {path.name} has no class {unknown[0]}",
            f"It has {', '.join(dict.fromkeys(options.class_map.values()))}; other classes need "
            "--class-map NUMBER=CLASS.",
        )


def _read_rows(table: CsvTable, options: ReadOptions, bad: BadRows) -> _Rows:
    rows = _Rows()
    places = _Places(
        len(table.columns),
        *(-1 if (place := table.find(names)) is None else place for names in NAMES),
    )
    for number, cells in table.rows():
        rows.total = number + 1
        try:
            image, label, split = _parse(cells, places, options)
        except ValueError as error:
            bad.add(f"row {number}", str(error))
            continue
        rows.numbers.append(number)
        rows.images.append(image)
        rows.labels.append(label)
        rows.splits.append(split)
    return rows


def _parse(
    cells: list[str], places: _Places, options: ReadOptions
) -> tuple[NDArray[np.uint8], str, str]:
    if len(cells) <= max(places.emotion, places.pixels, places.usage):
        raise ValueError(f"has {len(cells)} columns instead of {places.count}")
    label = _parse_label(cells[places.emotion], options)
    usage = "Training" if places.usage < 0 else cells[places.usage].strip()
    split = SPLIT_OF_USAGE.get(usage.lower())
    if split is None:
        known = "Training, PublicTest, PrivateTest"
        raise ValueError(f"has the usage {usage!r}, known are {known}")
    try:
        pixels = parse_whole_numbers(cells[places.pixels])
    except ValueError:
        raise ValueError("has pixels that are no whole numbers") from None
    if pixels.size != SIDE * SIDE:
        raise ValueError(f"has {pixels.size} pixels instead of {SIDE * SIDE}")
    if pixels.min() < 0 or pixels.max() > 255:
        raise ValueError("has pixels outside 0 to 255")
    return pixels.astype(np.uint8).reshape(SIDE, SIDE), label, split


def _parse_label(cell: str, options: ReadOptions) -> str:
    label = cell.strip()
    try:
        number = parse_number(label)
        label = str(int(number)) if number == int(number) else label
    except (ValueError, OverflowError):
        pass  # a name
    if options.name_of(label) is None:
        hint = describe_unknown(label, options) if label.isalpha() else ""
        meant = f" (if it is meant: {hint})" if hint else ""
        raise ValueError(f"has the label {cell!r}, known are 0 to 6{meant}")
    return label


def _read_votes(path: Path, rows: _Rows, options: ReadOptions) -> NDArray[np.float32] | None:
    """The shares of FERPlus's annotators for each class, of the votes file beside the CSV."""
    file = ferplus.find_beside(path)
    if file is None:
        return None
    shares = ferplus.read(file, rows.total)[rows.numbers]
    votes = np.zeros((len(shares), len(options.classes)), np.float32)
    for column, name in enumerate(options.classes):
        if name in EXPRESSIONS:
            votes[:, column] = shares[:, EXPRESSIONS.index(name)]
    if not set(EXPRESSIONS) <= set(options.classes):
        total = votes.sum(axis=1, keepdims=True)
        votes = np.where(total > 0, votes / np.maximum(total, 1e-9), np.nan).astype(np.float32)
    votes[np.isnan(shares[:, 0])] = np.nan
    return votes


READERS = (
    Reader(
        "fer2013",
        "FER2013's CSV (the columns emotion,pixels,Usage, in any order)",
        recognises,
        list_rows,
        takes_options=True,
        order=10,
        columns=COLUMNS,
        title="FER2013",
        check=check_numbered,
    ),
)
