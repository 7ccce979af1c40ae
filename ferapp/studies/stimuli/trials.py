"""The trials of a table: for each stimulus that was shown, how the face changes from then on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ferapp.studies.report.tracks import Floats, probabilities_of
from ferapp.studies.stimuli.shown_stimuli import CONDITION, STIMULUS_COLUMN, STIMULUS_TIME
from ferapp.studies.study_tables import SourceTable
from ferapp.vision.face_table import PROBABILITY

if TYPE_CHECKING:
    from pandas import DataFrame

NO_CONDITION = "no condition"
COARSEST_S = 0.25  # between two points of a curve, where frames are further apart
_SAME_S = 0.02  # two onsets that are no further apart are one
_BEFORE_ONSET = -2e-6  # the end of the baseline, which the first frame of the stimulus is not in


@dataclass(frozen=True, slots=True)
class Trial:
    """One showing of a stimulus, and the face that is seen longest meanwhile.

    `times` (N,) are seconds since the stimulus appeared, `probabilities` (N, K) those of the face.
    `changes` (N, K) are the probabilities less their mean during the fixation of this very trial;
    None where the face was not seen then, or there was no fixation.
    """

    source: str
    manifest: Mapping[str, str]  # of the source
    number: int  # in the table, from 1
    file: str
    condition: str
    times: Floats
    probabilities: Floats
    changes: Floats | None
    step_s: float  # the longest between two frames, at most COARSEST_S


def trials_of(table: SourceTable, classes: list[str]) -> list[Trial]:
    """In order of time; empty for a table without stimuli, or without a face meanwhile."""
    if not {STIMULUS_COLUMN, STIMULUS_TIME} <= set(table.faces):
        return []
    rows = table.faces[table.faces[STIMULUS_COLUMN].notna()]
    if rows.empty:
        return []
    onset = rows["time_s"] - rows[STIMULUS_TIME]
    is_other = rows[STIMULUS_COLUMN] != rows[STIMULUS_COLUMN].shift()
    number = (is_other | (onset.diff().abs() > _SAME_S)).cumsum()
    trials = []
    for place, shown in rows.groupby(number):
        # of this showing, not of the table: who looks away may come back as another face
        trial = shown[shown["face_id"] == shown["face_id"].mode()[0]]
        after = (trial[STIMULUS_TIME] >= 0).to_numpy()
        if not after.any():  # only its fixation has a face
            continue
        changes = _changes(trial, classes)
        times = trial[STIMULUS_TIME].to_numpy(np.float64)[after]
        first = trial.iloc[0]
        trials.append(
            Trial(
                table.source.name,
                table.source.manifest,
                int(place),
                str(first[STIMULUS_COLUMN]),
                _text(first[CONDITION]) or NO_CONDITION,
                times,
                probabilities_of(trial, classes)[after],
                changes[after] if np.isfinite(changes).any() else None,
                min(float(np.diff(times).max(initial=0.0)), COARSEST_S) or COARSEST_S,
            )
        )
    return trials


def _changes(trial: "DataFrame", classes: list[str]) -> Floats:
    """(N, K) by the baseline correction that any table may have, at times since the onset."""
    from ferapp.studies.table_transforms import DIFFERENCE, subtract_baseline

    names = [f"{PROBABILITY}{name}" for name in classes]
    since_onset = trial[["face_id", *names]].assign(time_s=trial[STIMULUS_TIME])
    corrected = subtract_baseline(since_onset, -np.inf, _BEFORE_ONSET)
    changes = corrected[[f"{DIFFERENCE}{name}" for name in names]].to_numpy(np.float64)
    return np.asarray(changes, np.float64)


def _text(cell: object) -> str:
    return cell if isinstance(cell, str) else ""
