"""Who is who in a table of faces, corrected by hand: faces merged and split.

The table stays as it is. Beside `clip.csv`, `clip.faces.json` has the corrections, beside
`faces.csv`, `faces.json`:

    {"rows": 8120, "sha256": "…", "edits": [
        {"merge": [1, 3]},                               3 is 1
        {"split": 2, "from_frame": 120, "new": 5}]}      2 is 5 from frame 120 on

Each edit is of the faces as the edits before it leave them. `rows` is the length of the table at
the last edit, `sha256` that of its frames and faces so far: a table that was made anew has other
faces, and one that was continued has the same.
"""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.errors import UsageError
from trainer.files import write_json


@dataclass(frozen=True, slots=True)
class Merge:
    """`other` is the face `kept`."""

    kept: int
    other: int

    def apply(self, face: int, frame: int) -> int:
        return self.kept if face == self.other else face

    def as_json(self) -> dict[str, Any]:
        return {"merge": [self.kept, self.other]}


@dataclass(frozen=True, slots=True)
class Split:
    """`face` is the face `new` from a frame on."""

    face: int
    from_frame: int
    new: int

    def apply(self, face: int, frame: int) -> int:
        return self.new if face == self.face and frame >= self.from_frame else face

    def as_json(self) -> dict[str, Any]:
        return {"split": self.face, "from_frame": self.from_frame, "new": self.new}


Edit = Merge | Split


@dataclass(frozen=True, slots=True)
class FaceSummary:
    """A face of a table: where it is, and its labels, the most frequent first."""

    face: int
    frames: int
    first_s: float
    last_s: float
    labels: dict[str, int]


class FaceEdits:
    """The corrections of one table."""

    def __init__(self, table: Path) -> None:
        """Reads them. Raises UsageError where they cannot be read, or are of another table."""
        self._table = table
        self.path = edits_file(table)
        self.edits: tuple[Edit, ...] = ()
        if not self.path.exists():
            return
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            self.edits = tuple(_edit(entry) for entry in stored["edits"])
            rows, digest = int(stored["rows"]), stored["sha256"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise UsageError(
                f"{self.path}: these corrections of faces cannot be read",
                "Repair the file, or delete it to see the faces as they were tracked.",
            ) from error
        if _digest(table, rows) != digest:
            raise UsageError(
                f"{self.path}: these corrections are of another table; {table.name} was made anew "
                "since",
                "Delete the file, and correct the faces of the new table.",
            )

    def face_of(self, face: int, frame: int) -> int:
        """Who the face with this number in the table is."""
        for edit in self.edits:
            face = edit.apply(face, frame)
        return face

    def rows(self) -> Iterator[dict[str, str]]:
        """The rows of the table, corrected; empty `face_id`s stay so."""
        for row in _rows(self._table):
            if row["face_id"]:
                face = self.face_of(int(row["face_id"]), int(row["frame"]))
                row["face_id"] = str(face)
            yield row

    def merge(self, kept: int, other: int) -> None:
        """`other` is `kept`. Raises UsageError for faces that are not there, or both in a frame."""
        frames = self._frames()
        _check_known(frames, kept, other)
        if kept == other:
            raise UsageError(f"--merge {kept}={other}: this is one face already")
        both = frames[kept] & frames[other]
        if both:
            raise UsageError(
                f"--merge {kept}={other}: both faces are in frame {min(both)}, so they are two "
                "people",
                "Split them first, where one of the numbers passes to the other person.",
            )
        self.edits = (*self.edits, Merge(kept, other))

    def split(self, face: int, from_frame: int) -> int:
        """Give `face` another number from a frame on, which is returned. Raises UsageError."""
        frames = self._frames()
        _check_known(frames, face)
        first, last = min(frames[face]), max(frames[face])
        if not first < from_frame <= last:
            raise UsageError(
                f"--split {face}@{from_frame}: face {face} is in frames {first} to {last}, so "
                "nothing would be split"
            )
        numbers = {int(row["face_id"]) for row in _rows(self._table) if row["face_id"]}
        new = 1 + max(numbers | {edit.new for edit in self.edits if isinstance(edit, Split)})
        self.edits = (*self.edits, Split(face, from_frame, new))
        return new

    def undo(self) -> None:
        """Drop the last edit. Raises UsageError where there is none."""
        if not self.edits:
            raise UsageError(f"--undo: no face of {self._table} was merged or split")
        self.edits = self.edits[:-1]

    def save(self) -> None:
        """Write the edits beside the table. Raises UsageError."""
        rows = sum(1 for _ in _rows(self._table))
        stored = {
            "rows": rows,
            "sha256": _digest(self._table, rows),
            "edits": [edit.as_json() for edit in self.edits],
        }
        try:
            write_json(self.path, stored)
        except OSError as error:
            raise UsageError(
                f"{self.path}: the corrections cannot be written ({error.strerror})"
            ) from error

    def summaries(self) -> list[FaceSummary]:
        """The faces, in order of their numbers."""
        times: dict[int, list[float]] = {}
        labels: dict[int, Counter[str]] = {}
        for row in self.rows():
            if row["face_id"]:
                face = int(row["face_id"])
                times.setdefault(face, []).append(float(row["time_s"]))
                labels.setdefault(face, Counter())[row["label"]] += 1
        return [
            FaceSummary(face, len(at), min(at), max(at), dict(labels[face].most_common()))
            for face, at in sorted(times.items())
        ]

    def _frames(self) -> dict[int, set[int]]:
        """The frames that each face is in."""
        frames: dict[int, set[int]] = {}
        for row in self.rows():
            if row["face_id"]:
                frames.setdefault(int(row["face_id"]), set()).add(int(row["frame"]))
        return frames


def edits_file(table: Path) -> Path:
    """Where the corrections of a table are."""
    resolved = table.resolve()
    stem = resolved.stem
    return resolved.with_name("faces.json" if stem == "faces" else f"{stem}.faces.json")


def edit_faces(
    table: Path, merges: Sequence[str], splits: Sequence[str], *, undo: bool = False
) -> FaceEdits:
    """The corrections of a table after those of the command line: "1=3" and "2@120".

    All of them are stored, or none. Raises UsageError.
    """
    edits = FaceEdits(table)
    if undo:
        if merges or splits:
            raise UsageError("--undo takes back the last correction: give no others with it")
        edits.undo()
    for text in merges:
        edits.merge(*_numbers("--merge", text, "="))
    for text in splits:
        edits.split(*_numbers("--split", text, "@"))
    if undo or merges or splits:
        edits.save()
    return edits


def _numbers(option: str, text: str, separator: str) -> tuple[int, int]:
    before, _, after = text.partition(separator)
    try:
        return int(before), int(after)
    except ValueError as error:
        example = "1=3 for faces 1 and 3" if separator == "=" else "2@120 for face 2 at frame 120"
        raise UsageError(f"{option} {text}: this is not understood", f"Write {example}.") from error


def _check_known(frames: dict[int, set[int]], *faces: int) -> None:
    for face in faces:
        if face not in frames:
            known = ", ".join(map(str, sorted(frames))) or "none"
            raise UsageError(f"There is no face {face} in this table", f"Its faces: {known}.")


def _edit(entry: dict[str, Any]) -> Edit:
    if "merge" in entry:
        kept, other = entry["merge"]
        return Merge(int(kept), int(other))
    return Split(int(entry["split"]), int(entry["from_frame"]), int(entry["new"]))


def _digest(table: Path, rows: int) -> str:
    """Of the frames and faces of the first rows."""
    digest = hashlib.sha256()
    for number, row in enumerate(_rows(table)):
        if number == rows:
            break
        digest.update(f"{row['frame']} {row['face_id']}\n".encode())
    return digest.hexdigest()


def _rows(table: Path) -> Iterator[dict[str, str]]:
    """Whole rows: the last one of a table that is being written may lack cells."""
    try:
        with table.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            if not {"frame", "time_s", "face_id", "label"} <= set(reader.fieldnames or ()):
                raise UsageError(f"{table}: this is not a table of faces")
            for row in reader:
                if None not in row and None not in row.values():
                    _check_numbers(row)
                    yield row
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{table}: this table cannot be read ({reason})") from error


def _check_numbers(row: dict[str, str]) -> None:
    """Raise ValueError where a cell should be a number."""
    int(row["frame"])
    float(row["time_s"])
    int(row["face_id"] or 0)
