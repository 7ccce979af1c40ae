"""The faces of a source, thinned to what a page can show."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferapp.studies.study_tables import POSITION, SECONDS, SourceTable
from ferapp.vision.face_table import PROBABILITY

if TYPE_CHECKING:
    from pandas import DataFrame

MAX_POINTS = 240  # of a curve

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FaceTrack:
    """Over N equal parts of the source's time: means, and what is most frequent.

    `probabilities` (N, K) is NaN and `leading` (N,) −1 where the face is not there; `doubtful` (N,)
    where at least half of its frames have a doubt.
    """

    begin_s: float
    end_s: float
    probabilities: Floats
    leading: NDArray[np.intp]
    doubtful: NDArray[np.bool_]


def face_track(table: SourceTable, face: "DataFrame", classes: list[str]) -> FaceTrack:
    begin, end = span_s(table)
    count = min(MAX_POINTS, len(table.times))
    part = _parts(table, face, begin, end, count)
    frames = np.bincount(part, minlength=count).astype(np.float64)
    values = probabilities_of(face, classes)
    labels = np.zeros((count, len(classes)))
    numbers = {name: number for number, name in enumerate(classes)}
    known = face["label"].map(numbers).to_numpy(np.intp)
    np.add.at(labels, (part, known), 1)
    doubts = np.bincount(part, face["doubts"].notna().to_numpy(np.float64), count)
    present = frames > 0
    return FaceTrack(
        begin,
        end,
        _means(part, values, count),
        np.where(present, labels.argmax(axis=1), -1),
        present & (2 * doubts >= frames),
    )


def mean_curve(times: Floats, values: Floats, end: float, count: int) -> Floats:
    """The means (count, K) of values (N, K) in equal parts of 0 to `end` seconds; NaN if empty."""
    place = times / max(end, 1e-9) * count + 1e-9  # where a part begins, rounding must not decide
    return _means(np.clip(place.astype(np.intp), 0, count - 1), values, count)


def span_s(table: SourceTable) -> tuple[float, float]:
    """Seconds from the first frame to the end of the last."""
    if not len(table.times):
        return 0.0, 0.0
    return float(table.times[0]), float(table.times[-1] + table.seconds[-1])


def probabilities_of(face: "DataFrame", classes: list[str]) -> Floats:
    """(N, K)"""
    columns = [f"{PROBABILITY}{name}" for name in classes]
    return np.asarray(face[columns].to_numpy(np.float64), np.float64)


def middle_times(table: SourceTable, face: "DataFrame") -> Floats:
    """(N,) seconds since the first frame of the source, in the middle of each frame."""
    position = face[POSITION].to_numpy(np.intp)
    begin = span_s(table)[0]
    middle = table.times[position] + face[SECONDS].to_numpy(np.float64) / 2 - begin
    return np.asarray(middle, np.float64)


def _parts(
    table: SourceTable, face: "DataFrame", begin: float, end: float, count: int
) -> NDArray[np.intp]:
    share = middle_times(table, face) / max(end - begin, 1e-9)
    return np.clip((share * count).astype(np.intp), 0, count - 1)


def _means(part: NDArray[np.intp], values: Floats, count: int) -> Floats:
    known = np.isfinite(values)
    sums, numbers = np.zeros((count, values.shape[1])), np.zeros((count, values.shape[1]))
    np.add.at(sums, part, np.where(known, values, 0.0))
    np.add.at(numbers, part, known)
    means = np.full(sums.shape, np.nan)
    np.divide(sums, numbers, out=means, where=numbers > 0)
    return means
