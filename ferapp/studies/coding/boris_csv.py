"""Codings as BORIS exports them: tabular events, and aggregated events (Friard, Gamba 2016).

BORIS has no column for the coder: an observation is one coder's work, so its id stands for the
coder. A subject is a person in the clip; where an observation has several, each is kept apart.
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from ferapp.studies.coding.coded_interval import CodedInterval, checked_interval
from ferapp.studies.coding.text_rows import Row, TextTable
from trainer.errors import DataError

AGGREGATED = frozenset(("behavior", "start (s)", "stop (s)"))
TABULAR = frozenset(("behavior", "time", "behavior type"))
TABULAR_OLD = frozenset(("behavior", "time", "status"))  # up to BORIS 7, below lines of notes
NO_SUBJECT = "No focal subject"
_OBSERVATION = "Observation id"

_SOURCE_HEAD = (
    *(_OBSERVATION, "Observation date", "Description", "Observation duration"),
    *("Observation type", "Source", "Time offset (s)", "Media duration (s)", "FPS"),
)
_TABULAR_HEAD = (
    *_SOURCE_HEAD,
    *("Subject", "Behavior", "Behavioral category", "Behavior type", "Time"),
    *("Media file name", "Image index", "Image file path", "Comment"),
)
_AGGREGATED_HEAD = (
    *_SOURCE_HEAD,
    *("Subject", "Observation duration by subject by observation", "Behavior"),
    *("Behavioral category", "Behavior type", "Start (s)", "Stop (s)", "Duration (s)"),
    *("Media file name", "Image index start", "Image index stop", "Image file path start"),
    *("Image file path stop", "Comment start", "Comment stop"),
)


def aggregated_intervals(table: TextTable, unnamed: str) -> list[CodedInterval]:
    """A row is a state with start and stop, or a point; `unnamed` is a coder without a name."""
    coders = _coders(table, unnamed)
    return [
        checked_interval(
            row.place,
            row.text("start (s)"),
            row.text("start (s)" if _kind(row) == "POINT" else "stop (s)"),
            row.text("behavior"),
            coder,
        )
        for row, coder in zip(table.rows, coders, strict=True)
    ]


def tabular_intervals(table: TextTable, unnamed: str) -> list[CodedInterval]:
    """A row is the start or the stop of a state, or a point.

    Raises DataError where a start or a stop has no counterpart.
    """
    result: list[CodedInterval] = []
    open_: dict[tuple[str, ...], Row] = {}
    for row, coder in zip(table.rows, _coders(table, unnamed), strict=True):
        time, code, kind = row.text("time"), row.text("behavior"), _kind(row)
        modifiers = (row.cells[name] for name in row.cells if name.startswith("modifier"))
        key = (coder, code, *modifiers)
        if kind == "POINT":
            result.append(checked_interval(row.place, time, time, code, coder))
        elif kind == "START":
            if key in open_:
                raise DataError(f"{row.place}: “{code}” starts again before it stopped")
            open_[key] = row
        elif kind == "STOP":
            if key not in open_:
                raise DataError(f"{row.place}: “{code}” stops, but it did not start")
            start = open_.pop(key).text("time")
            result.append(checked_interval(row.place, start, time, code, coder))
        else:
            raise DataError(f"{row.place}: the type of event is “{kind}”, not START, STOP or POINT")
    for row in open_.values():
        raise DataError(f"{row.place}: “{row.text('behavior')}” starts, but it never stops")
    return result


def _kind(row: Row) -> str:
    return row.text("behavior type", "status").upper()


def _coders(table: TextTable, unnamed: str) -> list[str]:
    """The coder of each row."""
    noted = {row[0]: row[1] for row in table.before if len(row) > 1}.get(_OBSERVATION, "").strip()
    named = [
        (row.text("observation id") or noted or unnamed, row.text("subject") or NO_SUBJECT)
        for row in table.rows
    ]
    subjects = {coder: {s for c, s in named if c == coder} for coder, _ in set(named)}
    return [f"{c}: {s}" if len(subjects[c]) > 1 else c for c, s in named]


def tabular_csv(intervals: Sequence[CodedInterval], clip: Path) -> str:
    """The intervals as tabular events, one observation for each coder."""
    events: list[tuple[str, float, int, str, str]] = []  # sorted: a stop before the next start
    for one in intervals:
        if one.is_point:
            events.append((one.coder, one.start_s, 2, "POINT", one.code))
        else:
            events.append((one.coder, one.start_s, 1, "START", one.code))
            events.append((one.coder, one.end_s, 0, "STOP", one.code))
    rows = [
        _cells(clip, coder, code, kind, {"Time": time_s, "Image index": "NA"})
        for coder, time_s, _, kind, code in sorted(events)
    ]
    return _csv(_TABULAR_HEAD, rows)


def aggregated_csv(intervals: Sequence[CodedInterval], clip: Path) -> str:
    """The intervals as aggregated events, one observation for each coder."""
    rows = []
    for one in sorted(intervals, key=lambda i: (i.coder, i)):
        duration: float | str = "NA" if one.is_point else one.end_s - one.start_s
        times = {"Start (s)": one.start_s, "Stop (s)": one.end_s, "Duration (s)": duration}
        kind = "POINT" if one.is_point else "STATE"
        rows.append(_cells(clip, one.coder, one.code, kind, times))
    return _csv(_AGGREGATED_HEAD, rows)


def _cells(
    clip: Path, coder: str, code: str, kind: str, further: dict[str, float | str]
) -> dict[str, str]:
    about = {
        _OBSERVATION: coder,
        "Observation type": "Media file(s)",
        "Source": f"player #1:{clip.name}",
        "Time offset (s)": "0",
        "Subject": NO_SUBJECT,
        "Behavior": code,
        "Behavior type": kind,
        "Media file name": clip.name,
    }
    values = {k: f"{v:.3f}" if isinstance(v, float) else v for k, v in further.items()}
    return about | values


def _csv(head: Sequence[str], rows: Sequence[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, head, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
