"""FER2013's CSV: `emotion,pixels,Usage`, 48 × 48 grey (Goodfellow et al. 2013).

FERPlus votes are read when their file lies beside it.
"""

import csv
from pathlib import Path

import numpy as np

from trainer.data.face_data import FaceData
from trainer.data.pictures import Listing
from trainer.data.readers import ferplus
from trainer.data.tables import BadRows
from trainer.errors import DataError
from trainer.labels import EXPRESSIONS

HEADER = ["emotion", "pixels", "Usage"]
SIDE = 48
SPLIT_OF_USAGE = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}


def recognises(path: Path) -> bool:
    """Whether `path` is a CSV with FER2013's header."""
    if not path.is_file() or path.suffix.lower() != ".csv":
        return False
    with path.open(encoding="utf-8", errors="replace") as stream:
        return [column.strip() for column in stream.readline().split(",")] == HEADER


def read(path: Path) -> FaceData:
    """All good rows in memory. Raises DataError as `listing`."""
    return listing(path).load()


def listing(path: Path) -> Listing:
    """All good rows. Raises DataError when more than 1 % of the rows are bad, or none is good."""
    images, labels, splits, rows = [], [], [], []
    bad = BadRows(path)
    row = -1
    with path.open(encoding="utf-8", errors="replace", newline="") as stream:
        lines = csv.reader(stream)
        next(lines, None)
        try:
            for row, fields in enumerate(lines):
                try:
                    image, label, split = _parse(fields)
                except ValueError as error:
                    bad.add(f"row {row}", str(error))
                    continue
                images.append(image)
                labels.append(label)
                splits.append(split)
                rows.append(row)
        except csv.Error as error:
            raise DataError(f"{path}: row {row + 1} cannot be read ({error})") from error
    bad.check(total=row + 1)
    if not images:
        raise DataError(f"{path}: it has no rows")
    votes = np.full((len(rows), len(EXPRESSIONS)), np.nan, np.float32)
    beside = ferplus.beside(path)
    if beside is not None:
        votes = ferplus.read(beside, rows=row + 1)[rows]
    return Listing(
        name=path.stem,
        classes=EXPRESSIONS,
        sample_id=[f"{path.stem}-{row:05d}" for row in rows],
        source_index=np.array(rows, np.int64),
        split=np.array(splits),
        label=np.array(labels, np.int64),
        picture=images.__getitem__,
        bad=BadRows(path),  # the others are told above
        found=len(rows),
        votes=votes,
    )


def _parse(fields: list[str]) -> tuple[np.ndarray, int, str]:
    if len(fields) != len(HEADER):
        raise ValueError(f"has {len(fields)} columns instead of {len(HEADER)}")
    emotion, text, usage = fields
    if not emotion.strip().isdigit() or int(emotion) >= len(EXPRESSIONS):
        raise ValueError(f"has the label {emotion!r}, known are 0 to {len(EXPRESSIONS) - 1}")
    if usage.strip() not in SPLIT_OF_USAGE:
        raise ValueError(f"has the usage {usage!r}, known are {', '.join(SPLIT_OF_USAGE)}")
    try:
        pixels = np.array(text.split(), dtype=np.int64)
    except (ValueError, OverflowError):
        raise ValueError("has pixels that are no whole numbers") from None
    if pixels.size != SIDE * SIDE:
        raise ValueError(f"has {pixels.size} pixels instead of {SIDE * SIDE}")
    if pixels.min() < 0 or pixels.max() > 255:
        raise ValueError("has pixels outside 0 to 255")
    return (
        pixels.astype(np.uint8).reshape(SIDE, SIDE),
        int(emotion),
        SPLIT_OF_USAGE[usage.strip()],
    )
