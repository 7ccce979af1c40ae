"""Reads and writes codings: the table `start_s,end_s,code,coder`, ELAN, BORIS; see their modules.

A table of faces, as `ferapp analyze` and recordings write it, is read as the model's coding.
"""

import csv
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ferapp.recording.session import FACES, session_folder
from ferapp.studies.coding.boris_csv import (
    AGGREGATED,
    TABULAR,
    TABULAR_OLD,
    aggregated_csv,
    aggregated_intervals,
    tabular_csv,
    tabular_intervals,
)
from ferapp.studies.coding.coded_interval import CodedInterval, checked_coding, checked_interval
from ferapp.studies.coding.elan_eaf import eaf_intervals, eaf_text
from ferapp.studies.coding.model_coding import table_coding
from ferapp.studies.coding.text_rows import TextTable, find_table
from trainer.errors import UsageError
from trainer.files import write_atomic, write_text
from trainer.shown_text import shown_name

COLUMNS = ("start_s", "end_s", "code", "coder")
_CODING = frozenset(COLUMNS[:3])
_FACES = frozenset(("frame", "time_s", "face_id"))


@dataclass(frozen=True, slots=True)
class Coding:
    """The intervals of one or several coders, from a file.

    `edges_s` are the times of a table's frames and the end of the last one, () of people's
    codings; `notes` tell what of the file was left out.
    """

    file: Path
    intervals: tuple[CodedInterval, ...]
    notes: tuple[str, ...] = ()
    edges_s: tuple[float, ...] = ()

    @property
    def is_model(self) -> bool:
        return bool(self.edges_s)

    @property
    def coders(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(interval.coder for interval in self.intervals))


def read_coding(file: Path, face: int | None = None) -> Coding:
    """A coding, or a table or recording; of several faces `face`, else the one seen most.

    Raises UsageError where there is no such file, DataError where it is no valid coding.
    """
    folder = session_folder(str(file)) if file.is_dir() else None
    if folder is not None:
        file = folder / FACES
    if file.is_dir():
        raise UsageError(f"{shown_name(file)}: this folder is no recording")
    if file.suffix.lower() == ".eaf":
        intervals, notes = eaf_intervals(file)
        return Coding(file, checked_coding(shown_name(file), intervals), tuple(notes))
    table = find_table(file, (_CODING, AGGREGATED, TABULAR, TABULAR_OLD, _FACES))
    if table.head >= _FACES:
        model = table_coding(file, face)
        return Coding(file, model.intervals, model.notes, model.edges_s)
    intervals = _intervals_of(table, file.stem)
    return Coding(file, checked_coding(shown_name(file), intervals))


def _intervals_of(table: TextTable, unnamed: str) -> list[CodedInterval]:
    """`unnamed` is the coder where the file names none."""
    if table.head >= AGGREGATED:
        return aggregated_intervals(table, unnamed)
    if not table.head >= _CODING:
        return tabular_intervals(table, unnamed)
    return [
        checked_interval(
            row.place,
            row.text("start_s"),
            row.text("end_s"),
            row.text("code"),
            row.text("coder") or unnamed,
        )
        for row in table.rows
    ]


def coding_csv(intervals: Sequence[CodedInterval]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in sorted(intervals, key=lambda one: (one.coder, one)):
        writer.writerow([f"{one.start_s:.3f}", f"{one.end_s:.3f}", one.code, one.coder])
    return text.getvalue()


@dataclass(frozen=True, slots=True)
class CodingFormat:
    """How codings of a clip are written; `content` gives the bytes."""

    title: str
    suffix: str
    content: Callable[[Sequence[CodedInterval], Path], bytes]


FORMATS = (
    CodingFormat("Table", ".csv", lambda intervals, _: coding_csv(intervals).encode()),
    CodingFormat("ELAN", ".eaf", eaf_text),
    CodingFormat("BORIS, tabular events", ".csv", lambda *a: tabular_csv(*a).encode()),
    CodingFormat("BORIS, aggregated events", ".csv", lambda *a: aggregated_csv(*a).encode()),
)


def write_coding(
    file: Path, intervals: Sequence[CodedInterval], clip: Path, form: CodingFormat = FORMATS[0]
) -> None:
    """Whole or not at all. Raises OSError."""
    content = form.content(intervals, clip)
    write_atomic(file, lambda stream: stream.write(content))


# --- the file beside a clip ----------------------------------------------------------------------


def coding_file_of(clip: Path, spare: Path) -> Path:
    """Where the codings of a clip are: `clip.coding.csv` beside it, `coding.csv` in a recording.

    In `spare` where nothing can be written beside the clip.
    """
    folder = session_folder(str(clip))
    if folder is not None:
        return folder / "coding.csv"
    beside = clip.with_name(f"{clip.stem}.coding.csv")
    fits = clip.is_absolute() and os.access(beside.parent, os.W_OK)
    return beside if fits else spare / beside.name


def read_stored(file: Path) -> tuple[CodedInterval, ...]:
    """Nothing where there is no file yet. Raises DataError where it is no valid coding."""
    return read_coding(file).intervals if file.exists() else ()


def store_coder(file: Path, coder: str, intervals: Sequence[CodedInterval]) -> None:
    """Replace what `coder` has in `file`; what others wrote there meanwhile stays.

    Raises OSError, and DataError where the file is no coding any more.
    """
    others = [one for one in read_stored(file) if one.coder != coder]
    own = [replace(one, coder=coder) for one in intervals]
    write_text(file, coding_csv([*others, *own]))


def import_coding(file: Path, other: Path) -> str:
    """Add the coders of `other` to `file`, under new names where theirs are taken; what was done.

    Raises OSError, and FerError where `other` is no coding of people.
    """
    coding = read_coding(other)
    if coding.is_model:
        raise UsageError(
            f"{shown_name(other)}: this is a table of faces, no coding",
            "Open it as a source to compare it.",
        )
    taken = {one.coder for one in read_stored(file)}
    added = []
    for coder in coding.coders:
        names = (coder, *(f"{coder} {number}" for number in range(2, len(taken) + 3)))
        name = next(name for name in names if name not in taken)
        taken.add(name)
        added.append(name)
        store_coder(file, name, [one for one in coding.intervals if one.coder == coder])
    who = ", ".join(map(shown_name, added)) or "nobody: it has no intervals"
    return "\n".join((f"Imported {who}.", *coding.notes))
