"""A CSV file as text, to show, sort and copy: what a study's summary and list of failures are."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.errors import UsageError


@dataclass(frozen=True, slots=True)
class TextTable:
    """Cells as they are in the file. Every row is as long as `columns`.

    `numeric` says of each column whether it has a number, and nothing else but empty cells.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numeric: tuple[bool, ...] = ()

    @classmethod
    def of(cls, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> "TextTable":
        """Short rows are filled with empty cells, long ones cut off."""
        width = len(columns)
        whole = tuple(tuple((*row, *[""] * width)[:width]) for row in rows)
        numeric = tuple(_is_numeric([row[k] for row in whole]) for k in range(width))
        return cls(tuple(columns), whole, numeric)

    def sorted_rows(self, column: int, *, descending: bool = False) -> list[int]:
        """Row numbers in the order of a column: numbers by value, then text, empty cells last."""
        filled = [k for k, row in enumerate(self.rows) if row[column]]
        empty = [k for k, row in enumerate(self.rows) if not row[column]]
        numbers = [k for k in filled if not math.isnan(number(self.rows[k][column]))]
        texts = [k for k in filled if math.isnan(number(self.rows[k][column]))]
        numbers.sort(key=lambda k: number(self.rows[k][column]), reverse=descending)
        texts.sort(key=lambda k: self.rows[k][column].casefold(), reverse=descending)
        return (texts + numbers if descending else numbers + texts) + empty


def _is_numeric(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and not any(math.isnan(number(cell)) for cell in filled)


def number(text: str) -> float:
    """The number that a cell holds; NaN where it holds none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def read_text_table(file: Path) -> TextTable:
    """Raises UsageError with the reason."""
    try:
        with file.open(newline="", encoding="utf-8") as stream:
            header, *rows = list(csv.reader(stream)) or [[]]
    except (OSError, ValueError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"{file}: could not be read ({reason})") from error
    return TextTable.of(header, filter(None, rows))


def as_text(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """Rows as CSV, or with tabs as spreadsheets paste them."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return stream.getvalue()
