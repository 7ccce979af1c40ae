"""Tables of text: read from CSV, sorted, and copied as CSV, Markdown or LaTeX."""

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.errors import UsageError

Rows = Sequence[Sequence[str]]  # the first one has the titles of the columns
_LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "±": r"$\pm$", "×": r"$\times$", "≤": r"$\le$", "≥": r"$\ge$", "<": r"$<$", ">": r"$>$",
    "–": "--", "·": r"$\cdot$", "\u00a0": "~",
}  # fmt: skip


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


def as_text(rows: Rows, delimiter: str) -> str:
    """Rows as CSV, or with tabs as spreadsheets paste them."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def as_csv(rows: Rows) -> str:
    """Columns of numbers as programs read them: without `–` and thousands separators."""
    table = TextTable.of(rows[0], rows[1:])
    is_number = _right_aligned(table)
    lines = [
        [_plain(cell) if is_number[k] else cell for k, cell in enumerate(row)] for row in table.rows
    ]
    return as_text([table.columns, *lines], ",")


def as_markdown(rows: Rows) -> str:
    """A table with pipes; columns of numbers are aligned to the right."""
    table = TextTable.of(rows[0], rows[1:])
    rule = ["---:" if is_numeric else "---" for is_numeric in _right_aligned(table)]
    lines = [[_escaped(cell) for cell in row] for row in (table.columns, *table.rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in (lines[0], rule, *lines[1:]))


def as_latex(rows: Rows) -> str:
    """A tabular with the rules of the package booktabs."""
    table = TextTable.of(rows[0], rows[1:])
    letters = "".join("r" if is_numeric else "l" for is_numeric in _right_aligned(table))
    head, *lines = (
        " & ".join("".join(_LATEX.get(sign, sign) for sign in _one_line(cell)) for cell in row)
        + r" \\"
        for row in (table.columns, *table.rows)
    )
    parts = (rf"\begin{{tabular}}{{{letters}}}", r"\toprule", head, r"\midrule")
    return "\n".join((*parts, *lines, r"\bottomrule", r"\end{tabular}", ""))


def _right_aligned(table: TextTable) -> tuple[bool, ...]:
    """Columns of numbers, in which `–` is an empty cell and `3,589` a number."""
    cells = [list(map(_plain, row)) for row in table.rows]
    return TextTable.of(table.columns, cells).numeric


def _plain(cell: str) -> str:
    return "" if cell == "–" else cell.replace(",", "")


def _one_line(cell: str) -> str:
    """Without line breaks; spaces that do not break a line stay."""
    return re.sub(r"[ \t\r\n]+", " ", cell)


def _escaped(cell: str) -> str:
    return _one_line(cell).replace("\\", "\\\\").replace("|", "\\|")


TABLE_FORMATS: dict[str, Callable[[Rows], str]] = {
    "CSV": as_csv,
    "Markdown": as_markdown,
    "LaTeX": as_latex,
}
