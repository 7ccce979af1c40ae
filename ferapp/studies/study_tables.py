"""The tables of a study as data frames of pandas: faces as corrected by hand, frames with times."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ferapp.studies.face_edits import FaceEdits
from ferapp.studies.output_note import OutputNote
from ferapp.studies.stimuli.shown_stimuli import CONDITION, STIMULUS_COLUMN
from ferapp.studies.study_record import StudyProgress, StudyRecord, StudySource
from ferapp.vision.face_table import PROBABILITY
from trainer.errors import UsageError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

GAP_STEPS = 3.0  # median steps: a longer one is a gap
# columns of `SourceTable.faces` that the table itself has not
POSITION, SECONDS, FOLLOWS = "position", "seconds", "follows"


@dataclass(frozen=True, slots=True)
class SourceTable:
    """The finished table of a source.

    `faces` has a row per face and frame, with the table's columns and POSITION, the number of the
    frame among the analysed ones, from 0; SECONDS, for how long it stands (see `frame_seconds`);
    and FOLLOWS, whether no gap is before it. `times` (N,) are those of all analysed frames.
    """

    source: StudySource
    faces: "DataFrame"
    times: NDArray[np.float64]
    seconds: NDArray[np.float64]  # (N,)
    note: dict[str, Any]  # what stands beside the table; empty where that is missing

    @property
    def classes(self) -> list[str]:
        return classes_of(self.faces)

    @property
    def is_pictures(self) -> bool:
        """Whether it is a folder of pictures, whose faces nobody tracks."""
        return "file" in self.faces

    @property
    def skipped(self) -> int:
        """Pictures of the source that could not be read."""
        skipped = self.note.get("skipped", 0)
        return len(skipped) if isinstance(skipped, list) else int(skipped)


def finished_sources(out: Path, record: StudyRecord, progress: StudyProgress) -> list[StudySource]:
    """Those that have a table; a table has its final name only when it is finished."""
    return [
        source
        for source in record.sources
        if progress.of(source.name).state != "failed" and (out / source.table).is_file()
    ]


def read_source_table(out: Path, source: StudySource) -> SourceTable:
    """Raises UsageError where the table or its corrections cannot be read."""
    file = out / source.table
    rows = _corrected(file, _read_rows(file))
    frames = rows.drop_duplicates("frame")
    times = frames["time_s"].to_numpy(np.float64)
    seconds, follows = frame_seconds(times)
    numbers = {frame: number for number, frame in enumerate(frames["frame"])}
    faces = rows[rows["face_id"].notna()].copy()
    position = faces["frame"].map(numbers).to_numpy(np.intp)
    faces[POSITION], faces[SECONDS], faces[FOLLOWS] = position, seconds[position], follows[position]
    return SourceTable(source, faces, times, seconds, OutputNote(file).read())


def frame_seconds(
    times: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """For how long each frame (N,) stands, and whether it follows the one before without a gap.

    A frame stands until the next one. The last stands for the median step, and so does one before
    a gap: a step of more than GAP_STEPS medians. A single frame stands for no time.
    """
    steps = np.diff(times)
    median = float(np.median(steps)) if len(steps) else 0.0
    near = (steps >= 0) & (steps <= GAP_STEPS * median)
    seconds = np.where(near, steps, median)
    return np.append(seconds, median)[: len(times)], np.append(False, near)[: len(times)]


def classes_of(table: "DataFrame") -> list[str]:
    """The classes whose probabilities a table has."""
    return [name[len(PROBABILITY) :] for name in table if name.startswith(PROBABILITY)]


def label_runs(face: "DataFrame") -> "Series":
    """For each row of one face the number of its run: frames in a row with one label, no gap."""
    changed = face["label"] != face["label"].shift()
    apart = face[POSITION].diff() != 1
    return (changed | apart | ~face[FOLLOWS]).cumsum()


def _read_rows(file: Path) -> "DataFrame":
    import pandas as pd

    text = dict.fromkeys(("label", "doubts", "file", STIMULUS_COLUMN, CONDITION), str)
    try:
        rows = pd.read_csv(
            file, dtype={**text, "face_id": "Int64"}, keep_default_na=False, na_values=[""]
        )
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{file}: this table cannot be read ({reason})") from error
    if not {"frame", "time_s", "face_id", "label"} <= set(rows):
        raise UsageError(f"{file}: this is not a table of faces")
    return rows


def _corrected(file: Path, rows: "DataFrame") -> "DataFrame":
    """With faces merged and split as their corrections say."""
    edits = FaceEdits(file)
    if not edits.edits:
        return rows
    seen = rows["face_id"].notna()
    pairs = zip(rows.loc[seen, "face_id"], rows.loc[seen, "frame"], strict=True)
    rows.loc[seen, "face_id"] = [edits.face_of(int(face), int(frame)) for face, frame in pairs]
    return rows
