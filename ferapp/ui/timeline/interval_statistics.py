"""Mean, peak, onset and duration of each expression in an interval. No Qt."""

import csv
import io
from dataclasses import dataclass

import numpy as np

from ferapp.ui.timeline.time_series import TimeSeries

HEAD = ("face", "from_s", "to_s", "expression", "mean", "peak", "peak_s", "onset_s", "duration_s")


@dataclass(frozen=True, slots=True)
class ExpressionStatistics:
    """`mean` and `peak` of the displayed probability, 0 to 1; times in seconds.

    `onset_s` is the first frame in which the expression leads, None if it never does; `duration_s`
    is how long it leads, each frame lasting until the next one without a gap between.
    """

    expression: str
    mean: float
    peak: float
    peak_s: float
    onset_s: float | None
    duration_s: float


def interval_statistics(
    series: TimeSeries, classes: tuple[str, ...], start: float, end: float
) -> tuple[ExpressionStatistics, ...]:
    """Of the frames from `start` to `end` with a prediction, by class; () if there are none."""
    rows = series.rows(start, end)
    is_known = np.isfinite(rows.smoothed).all(axis=1)
    times, stretch, values = (
        array[is_known] for array in (rows.times, rows.stretch, rows.smoothed)
    )
    if not len(times):
        return ()
    leader = values.argmax(axis=1)
    steps = np.zeros(len(times))
    steps[:-1] = np.where(np.diff(stretch) == 0, np.diff(times), 0.0)
    means, peaks = values.mean(axis=0, dtype=np.float64), values.argmax(axis=0)
    result: list[ExpressionStatistics] = []
    for i, name in enumerate(classes):
        leads = leader == i
        result.append(
            ExpressionStatistics(
                name,
                float(means[i]),
                float(values[peaks[i], i]),
                float(times[peaks[i]]),
                float(times[leads.argmax()]) if leads.any() else None,
                float(steps[leads].sum()),
            )
        )
    return tuple(result)


def statistics_csv(
    statistics: tuple[ExpressionStatistics, ...],
    face: int,
    start: float,
    end: float,
    origin_s: float = 0.0,
) -> str:
    """A table with a row per expression; times count from `origin_s`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for one in statistics:
        onset = "" if one.onset_s is None else f"{one.onset_s - origin_s:.3f}"
        writer.writerow(
            [
                face,
                f"{start - origin_s:.3f}",
                f"{end - origin_s:.3f}",
                one.expression,
                f"{one.mean:.4f}",
                f"{one.peak:.4f}",
                f"{one.peak_s - origin_s:.3f}",
                onset,
                f"{one.duration_s:.3f}",
            ]
        )
    return text.getvalue()
