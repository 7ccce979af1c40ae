"""What may be done to a finished table on request: smoothing, fixed times, a baseline, a clock.

Pure functions of a table, in this order: smooth, resample, subtract the baseline, add the clock.
They work on a face's stretches, in which it was in sight without a break.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ferapp.studies.output_note import OutputNote
from ferapp.studies.stimuli.shown_stimuli import (
    CONDITION,
    STIMULUS_COLUMN,
    STIMULUS_COLUMNS,
    STIMULUS_TIME,
)
from ferapp.studies.transform_settings import TableTransforms
from ferapp.vision.face_table import AFFECT_COLUMNS, PROBABILITY, QUALITY_COLUMNS
from ferapp.vision.quality import UNSURE
from ferapp.vision.signals import COLUMNS as SIGNAL_COLUMNS
from ferapp.vision.types import QualityKind

DIFFERENCE = "d_"  # before the name of a column
CLOCK = "clock"
MAX_GAP_S = 0.5  # without a face, that a stretch bridges; and no more than
MAX_STEPS = 3.0  # steps of the table, but always a single one
ANGLES = ("yaw_deg", "pitch_deg", "roll_deg")  # -180 and 180 are the same
BOX = ("box_x", "box_y", "box_w", "box_h")
MEASURES = ("face_px", "sharpness", "brightness", "turned_deg")
TEXTS = ("label", "doubts", "file", STIMULUS_COLUMN, CONDITION)
DECIMALS = {
    "time_s": 3,
    STIMULUS_TIME: 3,
    **dict.fromkeys(BOX, 1),
    "detection_score": 3,
    "face_px": 1,
}
DECIMALS |= {"sharpness": 3, "brightness": 1, "turned_deg": 1}
OTHER_DECIMALS = 4
_TINY_S = 1e-6


def transform_table(table: pd.DataFrame, transforms: TableTransforms) -> pd.DataFrame:
    """`table` is one of `ferapp analyze`, numbers as numbers; see `read_table`."""
    if transforms.smooth_s:
        table = smooth(table, transforms.smooth_s)
    if transforms.rate_hz:
        table = resample(table, transforms.rate_hz)
    if transforms.baseline:
        table = subtract_baseline(table, *transforms.interval())
    if transforms.start_at:
        table = add_clock(table, transforms.start())
    return table


def transform_file(table: Path, transforms: TableTransforms, place: Path) -> None:
    """Replace a finished table by its transform, and say so in its note. Raises OSError.

    `place` is the source, which may state when it was recorded.
    """
    if not transforms:
        return
    asked, transforms = transforms, transforms.for_source(place)
    write_table(transform_table(read_table(table), transforms), table)
    note = OutputNote(table)
    content = note.read()
    columns = transform_columns(content.get("columns", {}), transforms)
    notes = [*content.get("notes", []), *transform_notes(transforms)]
    note.set_finished(True, columns=columns, notes=notes, **asdict(asked))


def read_table(file: Path) -> pd.DataFrame:
    """A table of `ferapp analyze`; text that is absent is empty, a number NaN."""
    table = pd.read_csv(
        file,
        dtype={"face_id": "Int64", **dict.fromkeys(TEXTS, str)},
        keep_default_na=False,  # a condition may be called none or NA
        na_values=[""],
    )
    return table.assign(**{name: table[name].fillna("") for name in TEXTS if name in table})


def write_table(table: pd.DataFrame, file: Path) -> None:
    """With the decimals of `ferapp analyze`. Raises OSError."""
    texts = table.copy()
    for name in texts.columns:
        if pd.api.types.is_float_dtype(texts[name]):
            decimals = DECIMALS.get(name.removeprefix(DIFFERENCE), OTHER_DECIMALS)
            values = texts[name]
            texts[name] = ["" if pd.isna(v) else f"{v:.{decimals}f}" for v in values]
    texts.to_csv(file, index=False, lineterminator="\r\n")


def smooth(table: pd.DataFrame, width_s: float) -> pd.DataFrame:
    """Every measured value is the mean of those within half of `width_s` before and after.

    Near the ends of a stretch the window shrinks on both sides, so that nothing is shifted in
    time. Labels, confidences and `unsure` follow from the smoothed probabilities.
    """
    result = table.copy()
    names = [name for name in _measured(table) if name not in BOX]
    for rows in _stretches(table):
        times = table["time_s"].to_numpy(np.float64)[rows]
        room = np.minimum(times - times[0], times[-1] - times)
        half = np.minimum(width_s / 2, room) + _TINY_S
        first = np.searchsorted(times, times - half, side="left")
        last = np.searchsorted(times, times + half, side="right")
        for name in names:
            values = _unwrapped(name, table[name].to_numpy(np.float64)[rows])
            known = ~np.isnan(values)
            sums = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
            counts = np.concatenate([[0], np.cumsum(known)])
            with np.errstate(invalid="ignore"):
                mean = (sums[last] - sums[first]) / (counts[last] - counts[first])
            mean[~known] = np.nan
            result.iloc[rows, result.columns.get_loc(name)] = _wrapped(name, mean)
    return _relabelled(result)


def resample(table: pd.DataFrame, rate_hz: float) -> pd.DataFrame:
    """Rows at whole multiples of 1 / `rate_hz` seconds, by linear interpolation in stretches.

    Labels and confidences follow from the probabilities; `frame`, `detection_score`, `doubts`, the
    stimulus and further text are those of the nearest frame. A time between two stretches has no
    row of the face, and a row with an empty face_id where there is no face.
    """
    if table.empty:
        return table
    times = table["time_s"].to_numpy(np.float64)
    first = int(np.ceil(times.min() * rate_hz - _TINY_S))
    grid = np.arange(first, int(np.floor(times.max() * rate_hz + _TINY_S)) + 1) / rate_hz
    measured = _measured(table)
    parts = []
    for rows in _stretches(table):
        own = times[rows]
        at = grid[(grid >= own[0] - _TINY_S) & (grid <= own[-1] + _TINY_S)]
        part = _moved(table.iloc[rows[_nearest(own, at)]], at)
        for name in measured:
            values = _unwrapped(name, table[name].to_numpy(np.float64)[rows])
            part[name] = _wrapped(name, np.interp(at, own, values))
        parts.append(part)
    seen = np.concatenate([part["time_s"].to_numpy() for part in parts]) if parts else grid[:0]
    empty = grid[~np.isin(grid, seen)]
    frames = table.drop_duplicates("frame").sort_values("time_s")
    nearest = _nearest(frames["time_s"].to_numpy(np.float64), empty)
    gaps = _moved(frames.iloc[nearest], empty)
    for name in gaps.columns.difference(["frame", "time_s", "file", *STIMULUS_COLUMNS]):
        gaps[name] = "" if name in TEXTS else np.nan
    result = pd.concat([*parts, gaps.astype(table.dtypes.to_dict())], ignore_index=True)
    area = -(result["box_w"] * result["box_h"])  # the largest first, as in every table
    order = result.assign(_area=area).sort_values(["time_s", "_area"], kind="stable").index
    return _relabelled(result.loc[order].reset_index(drop=True))


def subtract_baseline(table: pd.DataFrame, start_s: float, end_s: float) -> pd.DataFrame:
    """Columns `d_…`: probabilities and signals less their mean in the interval, of each face.

    Empty for a face that was not seen in it.
    """
    inside = table[(table["time_s"] >= start_s - _TINY_S) & (table["time_s"] <= end_s + _TINY_S)]
    differences = {}
    for name in _compared(table):
        means = inside.groupby("face_id")[name].mean()
        if name in ANGLES:
            angles = inside.groupby("face_id")[name]
            means = angles.apply(lambda values: float(np.nanmean(_unwrapped("roll_deg", values))))
        own = table["face_id"].map(means).astype(np.float64)
        difference = (table[name] - own).to_numpy(np.float64)
        differences[DIFFERENCE + name] = _wrapped(name, difference)
    return _before_quality(table, pd.DataFrame(differences, index=table.index))


def add_clock(table: pd.DataFrame, start: datetime | None) -> pd.DataFrame:
    """The column `clock`: `start` plus time_s, to milliseconds, with the offset of `start`."""
    clock = [
        (start + timedelta(seconds=round(seconds, 3))).isoformat(timespec="milliseconds")
        if start is not None
        else ""
        for seconds in table["time_s"]
    ]
    return _before_quality(table, pd.DataFrame({CLOCK: clock}, index=table.index, dtype=object))


def transform_columns(columns: dict[str, str], transforms: TableTransforms) -> dict[str, str]:
    """The table's columns after the transforms, and what each means."""
    new: dict[str, str] = {}
    if transforms.baseline:
        start, end = transforms.interval()
        new |= {
            DIFFERENCE + name: f"Difference of {name} to its mean from {start:g} to {end:g} s, of "
            "this face; empty where the face was not seen then."
            for name in _compared(columns)
        }
    if transforms.start_at:
        new[CLOCK] = "Date and time of time_s, ISO 8601 with milliseconds; empty where unknown."
    head = {name: text for name, text in columns.items() if name not in QUALITY_COLUMNS}
    return head | new | {name: columns[name] for name in columns if name in QUALITY_COLUMNS}


def transform_notes(transforms: TableTransforms) -> list[str]:
    """What was done to the table, for a person."""
    notes = []
    if transforms.smooth_s:
        notes.append(
            f"Smoothed: each value is the mean of {transforms.smooth_s:g} s, half before and half "
            "after it; less near the ends of a face's unbroken stretch. Labels follow from the "
            "smoothed probabilities. Boxes are not smoothed."
        )
    if transforms.rate_hz:
        notes.append(
            f"Resampled to {transforms.rate_hz:g} rows a second by linear interpolation. A face "
            f"that is missing for more than {MAX_STEPS:g} frames or {MAX_GAP_S:g} s stays missing. "
            "frame, detection_score and doubts are those of the nearest frame."
        )
    if transforms.baseline:
        start, end = transforms.interval()
        notes.append(
            f"Baseline: columns {DIFFERENCE}… are differences to each face's own mean from "
            f"{start:g} to {end:g} s. All other columns are as measured."
        )
    if transforms.start_at:
        start_at = transforms.start()
        notes.append(
            f"Clock: time_s 0 is {start_at.isoformat()}."
            if start_at is not None
            else "Clock: empty, for the file does not state when it was recorded."
        )
    return notes


def _compared(columns: pd.DataFrame | dict[str, str]) -> list[str]:
    """Those with a baseline: probabilities, signals, and valence and arousal."""
    known = {*SIGNAL_COLUMNS, *AFFECT_COLUMNS}
    return [name for name in columns if name.startswith(PROBABILITY) or name in known]


def _measured(table: pd.DataFrame) -> list[str]:
    return [name for name in table if name in (*BOX, *MEASURES) or name in set(_compared(table))]


def _stretches(table: pd.DataFrame) -> Iterator[NDArray[np.intp]]:
    """The row numbers of each face's unbroken stretches, in the order of time."""
    times = table["time_s"].to_numpy(np.float64)
    steps = np.diff(np.unique(times))
    step = float(np.median(steps)) if len(steps) else MAX_GAP_S
    limit = max(min(MAX_GAP_S, MAX_STEPS * step), 1.5 * step) + _TINY_S
    for _, own in table.reset_index(drop=True).groupby("face_id", sort=False):
        rows = own.index.to_numpy()
        rows = rows[np.argsort(times[rows], kind="stable")]
        breaks = np.flatnonzero(np.diff(times[rows]) > limit) + 1
        yield from np.split(rows, breaks)


def _moved(rows: pd.DataFrame, at: NDArray[np.float64]) -> pd.DataFrame:
    """The rows at other times (N,), which also are later or earlier after a stimulus."""
    moved = rows.copy()
    if STIMULUS_TIME in moved:
        moved[STIMULUS_TIME] += at - moved["time_s"]
    moved["time_s"] = at
    return moved


def _nearest(times: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.intp]:
    """The numbers of the nearest `times`, which are sorted; between two the earlier one."""
    right = np.searchsorted(times, at).clip(0, len(times) - 1)
    left = (right - 1).clip(0)
    return np.where(at - times[left] <= times[right] - at, left, right)


def _unwrapped(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angles without the jump from 180 to -180 degrees."""
    result = np.array(values, np.float64)
    known = ~np.isnan(result)
    if name in ANGLES and known.any():
        result[known] = np.unwrap(result[known], period=360)
    return result


def _wrapped(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return (values + 180) % 360 - 180 if name in ANGLES else values


def _relabelled(table: pd.DataFrame) -> pd.DataFrame:
    """Label, confidence and the doubt `unsure` by the probabilities."""
    names = [name for name in table if name.startswith(PROBABILITY)]
    has_face = table["face_id"].notna().to_numpy()
    values = table[names].to_numpy(np.float64)[has_face]
    if not len(values):
        return table
    result = table.copy()
    classes = np.array([name.removeprefix(PROBABILITY) for name in names], object)
    result.loc[has_face, "label"] = classes[values.argmax(axis=1)]
    result.loc[has_face, "confidence"] = values.max(axis=1)
    doubts = [
        _with_unsure(text, value < UNSURE)
        for text, value in zip(result.loc[has_face, "doubts"], values.max(axis=1), strict=True)
    ]
    result.loc[has_face, "doubts"] = doubts
    return result


def _with_unsure(doubts: str, is_unsure: bool) -> str:
    others = [kind for kind in doubts.split(";") if kind and kind != QualityKind.UNSURE]
    return ";".join([*others, QualityKind.UNSURE] if is_unsure else others)


def _before_quality(table: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    quality = [name for name in table if name in QUALITY_COLUMNS]
    others = [name for name in table if name not in QUALITY_COLUMNS]
    return pd.concat([table[others], new, table[quality]], axis=1)
