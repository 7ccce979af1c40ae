"""A row or file of a data set that could not be read: what of it can be shown."""

import math
import re
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.sources.heavy_imports import load_opencv
from trainer.errors import DataError

MAX_CELL = 60  # characters that are shown
JPEG, JPEG_END = b"\xff\xd8", b"\xff\xd9"
_ROW = re.compile(r"row (\d+) ")


@dataclass(frozen=True, slots=True)
class BadSample:
    """`content` is the row as it is written, or what the file is; `file` is where it is.

    `picture` (h, w) is as much as can be decoded, None where that is nothing.
    """

    content: str
    file: Path
    picture: NDArray[np.uint8] | None = None


def read_bad_sample(source: Path, reason: str) -> BadSample:
    """What one of `DataCheck.skipped` is about: it begins with a row's number or a file's name.

    Slow: run it in a task queue. Raises DataError, OSError or ValueError where nothing can be read.
    """
    load_opencv()
    row = _ROW.match(reason)
    if row is not None and source.is_file():
        return _read_row(source, int(row[1]))
    return _read_file(source, reason)


def _read_row(source: Path, number: int) -> BadSample:
    """FER2013's rows are counted from 0, as its samples are; those of a list of files from 1."""
    from trainer.data.readers.fer2013 import PIXELS
    from trainer.data.reading.csv_table import open_csv_table

    with source.open("rb") as content:
        table = open_csv_table(content, source)
        if table is None:
            raise DataError(f"{source} is no table any more")
        column = table.find(PIXELS)
        first = 0 if column is not None else 1
        cells = next((cells for row, cells in table.rows() if row + first == number), None)
    if cells is None:
        raise DataError(f"{source} has no row {number} any more")
    names = [*table.columns, *[""] * len(cells)]
    texts = [
        f"{name or '?'}: {cell[:MAX_CELL]}{'…' * (len(cell) > MAX_CELL)}"
        for name, cell in zip(names, cells, strict=False)
    ]
    has_pixels = column is not None and column < len(cells)
    return BadSample("\n".join(texts), source, _square(cells[column or 0]) if has_pixels else None)


def _square(pixels: str) -> NDArray[np.uint8] | None:
    """The square of as many whole rows as the numbers fill."""
    from trainer.data.reading.csv_table import parse_whole_numbers

    try:
        values = np.clip(parse_whole_numbers(pixels), 0, 255).astype(np.uint8)
    except ValueError:
        return None
    side = math.ceil(math.sqrt(values.size))
    rows = values.size // side if side else 0
    return values[: rows * side].reshape(rows, side) if rows else None


def _read_file(source: Path, reason: str) -> BadSample:
    """By the longest beginning of the reason that names a file: names may contain blanks."""
    import cv2

    from trainer.data.reading.archive import Archive

    is_list = source.is_file() and source.suffix.lower() != ".zip"
    folder = source.parent if is_list else source
    archive = Archive(folder)
    beginnings = accumulate(reason.split(" "), lambda start, word: f"{start} {word}")
    name = next((name for name in reversed([*beginnings]) if archive.has(name)), "")
    if not name:
        raise DataError("There is no such file.")
    file = folder / name if folder.is_dir() else folder
    content = archive.read(name)
    if not content:
        return BadSample("The file is empty.", file)
    size = f"{len(content):,} bytes"
    if content.startswith(JPEG):
        content += JPEG_END  # without it OpenCV decodes nothing of a file that is cut off
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        return BadSample(f"{size}. Nothing of it can be decoded.", file)
    height, width = picture.shape
    return BadSample(f"{size}, {width} × {height} px.", file, np.asarray(picture, np.uint8))
