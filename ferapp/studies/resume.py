"""Where an interrupted table of faces goes on: the table itself is the state.

Beside it stands a small file, its note. It tells what the table was made from, so that no other
source, model or choice of frames continues it, and when it was finished, so that nothing that took
hours is replaced by mistake.
"""

import csv
import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from ferapp.sources.base import FrameSource
from ferapp.vision.classifier import Classifier
from ferapp.vision.face_table import COLUMNS
from ferapp.vision.file_hash import file_hash
from ferapp.vision.types import Box
from trainer.errors import UsageError
from trainer.files import write_json

ANEW = "--overwrite in place of --resume makes it anew; or choose another file."
OTHER = "Choose another file; or --overwrite replaces it."
HEAD = ",".join(COLUMNS).encode() + b","  # what every table of faces begins with
LINE = 4096  # bytes: more than the head of a table


@dataclass(frozen=True, slots=True)
class Origin:
    """What a table is made from. `content` is a hash of the source's files: names and sizes."""

    source: str
    content: str
    model: str
    model_sha256: str
    every: int
    faces: int


MOMENT = "%Y-%m-%dT%H:%M:%S%z"
# what differs → how a person calls it
WORDS = {
    "source": "another source",
    "content": "this source before its files changed",
    "model": "another model",
    "model_sha256": "another file of this model",
    "every": "another --every",
    "faces": "another --faces",
}


def origin_of(
    place: Path, source: FrameSource, table: Path, classifier: Classifier, every: int, faces: int
) -> Origin:
    """`place` is the source's file or folder, where it is one; the table itself may lie there."""
    files = [place] if place.is_file() else []
    if place.is_dir():
        table = table.resolve()
        own = {table.name, note_of(table).name} if place.samefile(table.parent) else set()
        files = sorted(file for file in place.iterdir() if file.name not in own)
    hashed = hashlib.sha256()
    for file in files:
        size = file.stat().st_size if file.is_file() else 0
        hashed.update(os.fsencode(file.name) + f" {size}\n".encode())
    sha256 = file_hash(classifier.path) or ""
    name = classifier.card.name
    return Origin(source.name, hashed.hexdigest(), name, sha256, every, faces)


def note_of(table: Path) -> Path:
    """The file beside a table that tells what it was made from."""
    table = table.resolve()
    return table.with_name(f"{table.name}.json")


def write_note(table: Path, origin: Origin, place: Path, columns: dict[str, str]) -> None:
    """What the table is made from, and for a reader where that lay, by what and when, and what
    each of its columns means.
    """
    made = {
        "path": str(place.resolve()) if place.exists() else "",
        "app": f"ferapp {metadata.version('ferapp')}",
        "begun": time.strftime(MOMENT),
        "finished": None,
        "columns": columns,
    }
    try:
        write_json(note_of(table), asdict(origin) | made)
    except OSError as error:
        raise UsageError(f"{table}: the CSV cannot be written ({error.strerror})") from error


def write_finished(table: Path, finished: bool) -> None:
    """Note that the table has all that was asked for, from now on; or that there is more to come.

    Raises OSError.
    """
    moment = time.strftime(MOMENT) if finished else None
    write_json(note_of(table), _read(table) | {"finished": moment})


def _read(table: Path) -> dict[str, Any]:
    """The note of a table; {} where there is none, or one that is damaged."""
    try:
        note = json.loads(note_of(table).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) and note.keys() >= WORDS.keys() else {}


def check_replaceable(table: Path) -> None:
    """Raise UsageError where writing `table` anew would lose more than a finished table of faces.

    What is no file, such as a pipe, is written to.
    """
    note = note_of(table)
    if table.is_file() and table.stat().st_size:
        with table.open("rb") as stream:
            ours = stream.readline(LINE).startswith(HEAD)
            rows = bool(stream.read(1))
        if not ours:
            raise UsageError(f"{table}: exists, and is no table of faces", OTHER)
        found = _read(table)
        if not found:
            reason = f"{note.name}, which tells whether it is finished, is missing or damaged"
            raise UsageError(f"{table}: exists, and {reason}", OTHER)
        if rows and not found.get("finished"):
            raise UsageError(
                f"{table}: exists, and is not finished",
                "--resume goes on with it, --overwrite replaces it; or choose another file.",
            )
    elif (table.is_file() or not table.exists()) and note.exists() and not _read(table):
        raise UsageError(f"{note}: would be written beside the CSV, and exists", OTHER)


@dataclass(frozen=True, slots=True)
class SeenFace:
    face_id: int
    box: Box
    label: str


@dataclass(frozen=True, slots=True)
class SeenFrame:
    """A frame in a table."""

    number: int
    time_s: float
    faces: tuple[SeenFace, ...] = ()


class Interrupted:
    """A table that was begun: `frames` of it stay, `cut` leaves those alone.

    The last frame does not stay, for another of its faces may be missing, nor a row that was not
    written to its end. Raises UsageError with the reason when it cannot be continued.
    """

    def __init__(self, table: Path, head: list[str], origin: Origin) -> None:
        self._table, self._head = table, head
        self._check(origin)
        self.size = 0  # bytes that stay, once `frames` was read to its end
        self.next = 0  # number of the first frame to analyse

    def _check(self, origin: Origin) -> None:
        before = _read(self._table)
        if not before:
            raise UsageError(
                f"{self._table}: cannot be continued, because {note_of(self._table).name} beside "
                "it, which tells what it was made from, is missing or damaged",
                ANEW,
            )
        now = asdict(origin)
        for name, words in WORDS.items():
            if before[name] != now[name]:
                values = "" if name in ("content", "model_sha256") else f": {before[name]}"
                raise UsageError(f"{self._table}: was made with {words}{values}", ANEW)

    def frames(self) -> Iterator[SeenFrame]:
        """The frames that stay, one by one; leaves `size` and `next` as they are then."""
        frame: SeenFrame | None = None
        begins = self.size = self.next = 0
        for row, start, end in _rows(self._table):
            if start == 0:
                if row != self._head:
                    raise UsageError(f"{self._table}: was made with other columns", ANEW)
                begins = end
                continue
            found = _frame(row) if len(row) == len(self._head) else None
            if found is None:
                break
            if frame is None or found.number == frame.number:
                frame = replace(found, faces=(*frame.faces, *found.faces) if frame else found.faces)
            else:
                yield frame
                frame, begins = found, start
        self.size = begins
        self.next = frame.number if frame is not None else 0

    def cut(self) -> None:
        """Drop what does not stay."""
        os.truncate(self._table, self.size)


def _rows(table: Path) -> Iterator[tuple[list[str], int, int]]:
    """Rows that were written to their end, and the bytes at which each begins and ends."""
    taken, whole = 0, True
    with table.open("rb") as stream:

        def lines() -> Iterator[str]:
            nonlocal taken, whole
            for line in stream:
                taken += len(line)
                whole = line.endswith(b"\n")
                yield line.decode("utf-8", errors="replace")

        start = 0
        try:
            for row in csv.reader(lines(), strict=True):
                if not whole:
                    return
                yield row, start, taken
                start = taken
        except csv.Error:  # bytes that no table has, or a quote that was never closed
            return


def _frame(row: list[str]) -> SeenFrame | None:
    """A row as the frame of its face; None where it is none."""
    cells = dict(zip(COLUMNS, row, strict=False))
    try:
        number, time_s = int(cells["frame"]), float(cells["time_s"])
        if not cells["face_id"]:
            return SeenFrame(number, time_s)
        x, y, width, height = (float(cells[f"box_{name}"]) for name in ("x", "y", "w", "h"))
        face = SeenFace(int(cells["face_id"]), (x, y, width, height), cells["label"])
        return SeenFrame(number, time_s, (face,))
    except ValueError:
        return None
