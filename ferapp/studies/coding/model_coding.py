"""What a model saw, as a coding: each frame's label and action units, as intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.recording.stored_table import read_face_table
from ferapp.sources.base import SourceError
from ferapp.sources.recorded import RecordedTable
from ferapp.studies.coding.coded_interval import CodedInterval
from ferapp.studies.coding.codes import canonical_code
from ferapp.vision.signals import COLUMNS, UNITS
from trainer.errors import DataError, UsageError

MODEL = "model"  # the name of the coder
ACTIVE = 0.5  # from this activation on, of 0 to 1, an action unit counts as present
MAX_HOLD_S = 0.5  # a frame holds until the next one, and no longer


@dataclass(frozen=True, slots=True)
class ModelCoding:
    """`edges_s` are the times of the frames, and the end of the last one."""

    intervals: tuple[CodedInterval, ...]
    edges_s: tuple[float, ...]
    notes: tuple[str, ...] = ()


def table_coding(file: Path, face: int | None = None) -> ModelCoding:
    """Of `face`, else of the face that is seen most. Raises DataError and UsageError."""
    try:
        table = read_face_table(file)
    except SourceError as error:
        raise DataError(str(error.args[0]), error.hint) from error
    faces, counts = np.unique(table.face_ids, return_counts=True)
    if not len(faces):
        raise DataError(f"{file}: there is no face in this table")
    chosen = int(faces[counts.argmax()]) if face is None else face
    if chosen not in faces:
        raise UsageError(
            f"--face {chosen}: there is no such face in {file}",
            f"Faces: {', '.join(map(str, faces.tolist()))}. `ferapp faces {file}` lists them.",
        )
    note = f"Of {len(faces)} faces the one seen most is compared: --face chooses another."
    notes = (f"{note} This is face {chosen}.",) if face is None and len(faces) > 1 else ()
    edges = frame_edges(np.array(table.times))
    rows = np.flatnonzero(table.face_ids == chosen)
    frames = np.repeat(np.arange(len(table.times)), np.diff(table.first))[rows]
    intervals = face_intervals(edges, frames, *_values(table, rows))
    return ModelCoding(intervals, tuple(edges.tolist()), notes)


def _values(
    table: RecordedTable, rows: NDArray[np.intp]
) -> tuple[NDArray[np.float32], tuple[str, ...], NDArray[np.float32]]:
    return table.probabilities[rows], table.classes, table.signals[rows]


def frame_edges(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The times of frames (n,), and the end of the last one: as long as most others."""
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.04
    return np.append(times, times[-1] + step)


def face_intervals(
    edges: NDArray[np.float64],
    frames: NDArray[np.intp],
    probabilities: NDArray[np.float32],
    classes: Sequence[str],
    signals: NDArray[np.float32],
) -> tuple[CodedInterval, ...]:
    """The labels and active units of a face that is in n of the frames, in seconds of the clip.

    `edges` are the frames' times and an end, `frames` (n,) the indices of those with the face;
    `probabilities` (n, K) of `classes`; `signals` (n, S), NaN where unknown.
    """
    starts = edges[frames]
    ends = np.minimum(edges[frames + 1], starts + MAX_HOLD_S)
    codes = [canonical_code(name) or name for name in classes]
    best = probabilities.argmax(axis=1)
    result = []
    for number in np.unique(best):
        result += _runs(starts, ends, best == number, codes[number])
    for unit in UNITS:
        active = signals[:, COLUMNS.index(f"au{unit:02}")] >= ACTIVE
        result += _runs(starts, ends, active, f"AU{unit}")
    return tuple(sorted(result))


def _runs(
    starts: NDArray[np.float64], ends: NDArray[np.float64], holds: NDArray[np.bool_], code: str
) -> list[CodedInterval]:
    """Frames that follow each other without a gap are one interval."""
    first, last = starts[holds], ends[holds]
    if not len(first):
        return []
    breaks = np.flatnonzero(first[1:] - last[:-1] > 1e-6)
    begins, stops = np.insert(breaks + 1, 0, 0), np.append(breaks, len(first) - 1)
    return [
        CodedInterval(float(first[a]), float(last[b]), code, MODEL)
        for a, b in zip(begins, stops, strict=True)
    ]
