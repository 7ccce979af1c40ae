"""The rows of a table of text, whatever its encoding mark and its separator."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.errors import DataError, UsageError
from trainer.shown_text import shown_name

SEPARATORS = ",;\t"
HEAD_ROWS = 100  # the heading is within these: older BORIS files begin with notes
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class Row:
    """A row after the heading: its place for messages, and its cells by the heading's words."""

    place: str
    cells: dict[str, str]

    def text(self, *names: str) -> str:
        """The first of these cells that there is; "" where none is."""
        return next((self.cells[name].strip() for name in names if name in self.cells), "")


@dataclass(frozen=True, slots=True)
class TextTable:
    """`head` in lower case; `before` are the rows above it."""

    head: frozenset[str]
    before: tuple[tuple[str, ...], ...]
    rows: tuple[Row, ...]


def read_text(file: Path) -> str:
    """UTF-8, or UTF-16 with its mark. Raises UsageError for no file, DataError for other bytes."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{shown_name(file)}: {error.strerror or error}") from error
    encoding = next((name for mark, name in _BOMS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{shown_name(file)}: this is no text in UTF-8",
            "Save it again as “CSV UTF-8” in your spreadsheet or editor.",
        ) from error
    if "\x00" in text:
        raise DataError(f"{shown_name(file)}: this is no text file")
    return text


def find_table(file: Path, headings: Sequence[frozenset[str]]) -> TextTable:
    """The table under the first row that has all words of one of `headings`.

    Raises DataError where there is none.
    """
    text = read_text(file)
    first: list[str] = []
    for separator in SEPARATORS:
        before: list[tuple[str, ...]] = []
        rows = _rows(file, text, separator)
        for _, cells in rows:
            head = [cell.strip().lower() for cell in cells]
            if any(words <= set(head) for words in headings):
                return TextTable(frozenset(head), tuple(before), _below(file, head, rows))
            before.append(tuple(cells))
            if len(before) >= HEAD_ROWS:
                break
        first = first or list((before or [()])[0])
    columns = ", ".join(shown_name(cell) for cell in first[:6])
    begins = f" It begins with: {columns}." if columns else " It is empty."
    raise DataError(
        f"{shown_name(file)}: this is no coding and no table of faces.{begins}",
        "Codings are tables with the columns start_s,end_s,code,coder, ELAN files (.eaf), and "
        "what BORIS exports as tabular or aggregated events.",
    )


def _rows(file: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise DataError(f"{shown_name(file)}: this table cannot be read ({error})") from error


def _below(file: Path, head: list[str], rows: Iterator[tuple[int, list[str]]]) -> tuple[Row, ...]:
    return tuple(
        Row(f"{shown_name(file)}, line {line}", dict(zip(head, cells, strict=False)))
        for line, cells in rows
        if any(cell.strip() for cell in cells)
    )
