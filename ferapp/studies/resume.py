"""Continuing an interrupted table of faces: the table itself is the state."""

import csv
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ferapp.studies.output_note import Origin, OutputNote
from ferapp.vision.face_table import COLUMNS
from ferapp.vision.types import Box
from trainer.errors import UsageError

START_OVER_HINT = "Use --overwrite instead of --resume to start over, or choose another file."
# field of the origin → how a table that differs in it was made
DIFFERENCES = {
    "source": "from another source",
    "content": "from this source before its files changed",
    "model": "with another model",
    "model_sha256": "with another file of this model",
    "prior": "with another --prior",
    "every": "with another --every",
    "faces": "with another --faces",
    "small_faces": "with another --small-faces",
    "rotate": "with another --rotate",
}
HASHES = ("content", "model_sha256")  # tell a person nothing


@dataclass(frozen=True, slots=True)
class TableFace:
    face_id: int
    box: Box
    label: str


@dataclass(frozen=True, slots=True)
class TableFrame:
    """A frame as a table has it."""

    number: int
    time_s: float
    faces: tuple[TableFace, ...] = ()


class InterruptedTable:
    """A table that was begun: `frames` are those it keeps, `truncate` drops the rest.

    The last frame is dropped, for another of its faces may be missing, and so is a row that was
    not written to its end. Raises UsageError with the reason when it cannot be continued.
    """

    def __init__(self, table: Path, head: list[str], origin: Origin) -> None:
        self._table, self._head = table, head
        self._check(origin)
        self.kept_bytes = 0  # known once `frames` was read to its end, as is the next
        self.next_frame = 0  # number of the first frame to analyse

    def _check(self, origin: Origin) -> None:
        note = OutputNote(self._table)
        before = note.read()
        if not before:
            raise UsageError(
                f"{self._table}: cannot be continued, because {note.path.name} beside it, which "
                "says what it was made from, is missing or damaged",
                START_OVER_HINT,
            )
        for name, value in asdict(origin).items():
            if before[name] != value:
                detail = "" if name in HASHES else f": {before[name]}"
                raise UsageError(
                    f"{self._table}: was made {DIFFERENCES[name]}{detail}", START_OVER_HINT
                )

    def frames(self) -> Iterator[TableFrame]:
        """The frames that the table keeps, one by one."""
        frame: TableFrame | None = None
        begins = self.kept_bytes = self.next_frame = 0
        for row, start, end in _complete_rows(self._table):
            if start == 0:
                if row != self._head:
                    raise UsageError(f"{self._table}: was made with other columns", START_OVER_HINT)
                begins = end
                continue
            parsed = _parse_row(row) if len(row) == len(self._head) else None
            if parsed is None:
                break
            if frame is None:
                frame = parsed
            elif parsed.number == frame.number:
                frame = replace(frame, faces=(*frame.faces, *parsed.faces))
            else:
                yield frame
                frame, begins = parsed, start
        self.kept_bytes = begins
        self.next_frame = frame.number if frame is not None else 0

    def truncate(self) -> None:
        """Drop what follows the frames that the table keeps."""
        os.truncate(self._table, self.kept_bytes)


def _complete_rows(table: Path) -> Iterator[tuple[list[str], int, int]]:
    """Rows that were written to their end, and the bytes at which each begins and ends."""
    bytes_read, complete = 0, True
    with table.open("rb") as stream:

        def lines() -> Iterator[str]:
            nonlocal bytes_read, complete
            for line in stream:
                bytes_read += len(line)
                complete = line.endswith(b"\n")
                yield line.decode("utf-8", errors="replace")

        start = 0
        try:
            for row in csv.reader(lines(), strict=True):
                if not complete:
                    return
                yield row, start, bytes_read
                start = bytes_read
        except csv.Error:  # bytes that no table has, or a quote that was never closed
            return


def _parse_row(row: list[str]) -> TableFrame | None:
    """The frame of a row, with its one face; None where the row is damaged."""
    cells = dict(zip(COLUMNS, row, strict=False))
    try:
        number, time_s = int(cells["frame"]), float(cells["time_s"])
        if not cells["face_id"]:
            return TableFrame(number, time_s)
        x, y, width, height = (float(cells[f"box_{name}"]) for name in ("x", "y", "w", "h"))
        face = TableFace(int(cells["face_id"]), (x, y, width, height), cells["label"])
        return TableFrame(number, time_s, (face,))
    except ValueError:
        return None
