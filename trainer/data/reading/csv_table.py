"""CSV tables as spreadsheets, pandas and Kaggle write them, recognised by their columns.

Columns may come in any order and case, quoted, with blanks around their names. The delimiter is a
comma, semicolon or tab; the encoding UTF-8 or UTF-16 (with or without a byte order mark) or
Windows-1252.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.errors import DataError

Columns = Mapping[str, tuple[str, ...]]  # column → the names it is recognised by, best first

SUFFIXES = (".csv", ".tsv", ".txt")
HEAD = 1 << 16  # bytes that decide encoding and delimiter
MAX_LINE = 1 << 24  # characters; a picture as numbers takes some ten thousand
SEPARATOR_LINE = re.compile(r"sep=(.)\s*")  # Excel writes it above the header


@dataclass(frozen=True, slots=True)
class CsvTable:
    """An open table. `columns` are the names as written, without quotes and outer blanks."""

    source: Path
    text: io.TextIOBase
    delimiter: str
    columns: list[str]

    def find(self, names: tuple[str, ...]) -> int | None:
        """The place of the first of `names` (lower case, no blanks) that is a column."""
        plain = [plain_name(column) for column in self.columns]
        return next((plain.index(name) for name in names if name in plain), None)

    def missing(self, columns: Columns) -> list[str]:
        """The `columns` that the table does not have."""
        return [name for name, aliases in columns.items() if self.find(aliases) is None]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(number from 0, cells) of each row that is not blank. Raises DataError if csv fails."""
        reader = csv.reader(self._lines(), delimiter=self.delimiter, skipinitialspace=True)
        try:
            for number, cells in enumerate(reader):
                if any(cell.strip() for cell in cells):
                    yield number, cells
        except csv.Error as error:
            raise DataError(
                f"{self.source}: line {reader.line_num + 1} cannot be read ({error})"
            ) from error

    def _lines(self) -> Iterator[str]:
        """Lines, none of which fills the memory. Raises DataError."""
        while line := self.text.readline(MAX_LINE):
            if len(line) >= MAX_LINE:
                raise DataError(f"{self.source}: a line of it is longer than {MAX_LINE >> 20} MiB")
            yield line

    def records(self) -> Iterator[dict[str, str]]:
        """Each row by column name; cells that a short row lacks are empty."""
        for _, cells in self.rows():
            cells += [""] * (len(self.columns) - len(cells))
            yield dict(zip(self.columns, cells, strict=False))


def open_csv_table(content: io.BufferedIOBase, source: Path) -> CsvTable | None:
    """The table in `content`; None if it is not text. Raises OSError."""
    head = content.read(HEAD)
    content.seek(0)
    encoding = detect_encoding(head)
    if encoding is None:
        return None
    text = io.TextIOWrapper(content, encoding, errors="replace", newline="")  # type: ignore[type-var]
    first = _first_line(text)
    stated = SEPARATOR_LINE.fullmatch(first)
    if stated:
        first = _first_line(text)
    delimiter = stated[1] if stated else _delimiter(first)
    try:
        names = next(csv.reader([first], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        names = []
    return CsvTable(source, text, delimiter, [name.strip(" \t\r\n'\"") for name in names])


def csv_columns(path: Path) -> list[str]:
    """The column names of the table at `path`; none where it is no table.

    A text with one column is a table only by its suffix.
    """
    if not path.is_file() or path.suffix.lower() not in SUFFIXES:
        return []
    with path.open("rb") as content:
        table = open_csv_table(content, path)
        if table is None or not any(table.columns):
            return []
        return table.columns if len(table.columns) > 1 or path.suffix != ".txt" else []


def has_columns(path: Path, columns: Columns) -> bool:
    """Whether `path` is a table with all of `columns`."""
    if not path.is_file() or path.suffix.lower() not in SUFFIXES:
        return False
    with path.open("rb") as content:
        table = open_csv_table(content, path)
        return table is not None and not table.missing(columns)


def plain_name(column: str) -> str:
    """A column's name to compare by: lower case, without blanks and connecting signs."""
    return re.sub(r"[\s_.\-]", "", column).lower()


def detect_encoding(head: bytes) -> str | None:
    """The encoding of a text that begins with `head`; None for binary content."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if b"\0" in head:  # of plain characters UTF-16 has every other byte zero
        for encoding, zeros, others in (
            ("utf-16-le", head[1::2], head[::2]),
            ("utf-16-be", head[::2], head[1::2]),
        ):
            if zeros.count(0) > 0.9 * len(zeros) and others.count(0) < 0.1 * len(others):
                return encoding
        if head.count(0) > 2:  # one or two are damage
            return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        control = sum(byte < 32 and byte not in b"\t\r\n\f" for byte in head)
        return "cp1252" if control <= 0.01 * len(head) else None
    return "utf-8"


def parse_number(text: str) -> float:
    """A number with a decimal point or comma. Raises ValueError."""
    return float(text.strip().replace(",", "."))


def parse_whole_numbers(text: str) -> NDArray[np.int64]:
    """Whole numbers separated by blanks or commas, such as `1 2`, `[1, 2]`, `1,0 2,0`.

    Raises ValueError when there is anything else.
    """
    try:
        return np.array(text.split(), dtype=np.int64)
    except (ValueError, OverflowError):
        pass
    cells = text.strip(" []\t\r\n").replace(", ", " ")
    cells = cells.replace(",", ".") if " " in cells.strip() else cells.replace(",", " ")
    numbers = np.array(cells.split(), dtype=np.float64)
    if not np.isfinite(numbers).all() or (numbers != np.rint(numbers)).any():
        raise ValueError("not whole")
    return np.clip(numbers, -(2**53), 2**53).astype(np.int64)


def _first_line(text: io.TextIOBase) -> str:
    """The first line that is not blank, at most HEAD characters of it."""
    while line := text.readline(HEAD):
        if line.strip():
            return line
    return ""


def _delimiter(header: str) -> str:
    unquoted = re.sub(r'"[^"]*"', "", header)
    return max((",", ";", "\t"), key=unquoted.count)
