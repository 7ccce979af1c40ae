"""Means by condition, with intervals between participants."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ferapp.studies.report.tracks import Floats, mean_curve
from trainer.evaluation.intervals import DRAWS

PARTICIPANT = "participant"
PERSONS = frozenset({PARTICIPANT, "participant_id", "subject", "sub", "ses", "run"})
CONDITION = "condition"
VALUES = range(2, 13)  # of a column of the manifest that is a condition
CURVE_POINTS = 60
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class SourceCurve:
    """The face of a source that is seen longest; of pictures, all faces.

    `times` (N,) are seconds from the start, `probabilities` (N, K). Pictures have no times.
    """

    manifest: Mapping[str, str]
    name: str
    times: Floats | None
    probabilities: Floats
    step_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Interval:
    """Of `n` values: the mean, and its interval, which is NaN for fewer than two."""

    n: Floats
    mean: Floats
    low: Floats
    high: Floats

    def first(self, count: int) -> "Interval":
        return Interval(self.n[:count], self.mean[:count], self.low[:count], self.high[:count])


@dataclass(frozen=True, slots=True)
class ConditionMeans:
    """One value of a column: means over the units (participants or sources).

    `means` is (K,), `curves` (CURVE_POINTS or fewer, K) over 0 to `end_s`; None without videos.
    """

    value: str
    sources: int
    means: Interval
    curves: Interval | None
    end_s: float


def condition_columns(manifests: Sequence[Mapping[str, str]]) -> list[str]:
    """The columns with few values, `condition` first. A participant is none."""
    columns: dict[str, set[str]] = {}
    for manifest in manifests:
        for name, value in manifest.items():
            if value:
                columns.setdefault(name, set()).add(value)
    few = [name for name, values in columns.items() if len(values) in VALUES]
    return sorted((name for name in few if name not in PERSONS), key=lambda n: n != CONDITION)


def unit_name(curves: Sequence[SourceCurve]) -> str:
    """What is independent of another: participants where the manifest has them, or sources."""
    has_participants = all(curve.manifest.get(PARTICIPANT) for curve in curves)
    return PARTICIPANT if curves and has_participants else "source"


def means_by(
    column: str,
    curves: Sequence[SourceCurve],
    unit: str,
    interval: Callable[[Floats], Interval] | None = None,
) -> list[ConditionMeans]:
    """For each value of a column, in order of their first source; `interval` is t_interval."""
    interval = interval or t_interval
    videos = [curve for curve in curves if curve.times is not None and len(curve.times)]
    end = max((float(curve.times[-1]) for curve in videos if curve.times is not None), default=0.0)
    step = max((curve.step_s for curve in videos), default=0.0)
    count = max(1, min(CURVE_POINTS, int(end / step) if step else 1))
    values = dict.fromkeys(curve.manifest.get(column, "") for curve in curves)
    result = []
    for value in filter(None, values):
        own = [curve for curve in curves if curve.manifest.get(column) == value]
        units: dict[str, list[SourceCurve]] = {}
        for curve in own:
            key = curve.manifest[PARTICIPANT] if unit == PARTICIPANT else curve.name
            units.setdefault(key, []).append(curve)
        means = [_mean([_mean(curve.probabilities) for curve in group]) for group in units.values()]
        over_time = [
            _mean(drawn)
            for group in units.values()
            if (
                drawn := [
                    mean_curve(c.times, c.probabilities, end, count)
                    for c in group
                    if c.times is not None and len(c.times)
                ]
            )
        ]
        curves_of_value = _of_most(np.stack(over_time), interval) if over_time else None
        result.append(
            ConditionMeans(value, len(own), interval(np.stack(means)), curves_of_value, end)
        )
    return _cut_to_drawn(result)


def _of_most(values: Floats, interval: Callable[[Floats], Interval]) -> Interval:
    """The interval of curves (n, N, K), unknown where fewer than half of them go on."""
    goes_on = np.isfinite(values).any(axis=2).sum(axis=0) >= len(values) / 2
    return interval(np.where(goes_on[None, :, None], values, np.nan))


def _cut_to_drawn(groups: list[ConditionMeans]) -> list[ConditionMeans]:
    """Without the parts at the end in which no curve is known."""
    means = [group.curves.mean for group in groups if group.curves is not None]
    if not means:
        return groups
    known = np.logical_or.reduce(np.isfinite(np.array(means)), axis=(0, 2))
    if not known.any():
        return groups
    count, last = len(known), int(np.flatnonzero(known)[-1]) + 1
    return [
        replace(
            group,
            curves=None if group.curves is None else group.curves.first(last),
            end_s=group.end_s * last / count,
        )
        for group in groups
    ]


def t_interval(values: Floats) -> Interval:
    """Of the means of values (n, …) over the first axis, NaN left out: mean ± t · sd / √n."""
    from scipy.special import stdtrit  # the t distribution's quantile

    known = np.isfinite(values)
    n = known.sum(axis=0).astype(np.float64)
    mean = _divided(np.where(known, values, 0.0).sum(axis=0), n)
    squares = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0)
    deviation = np.sqrt(_divided(squares, n - 1))
    quantile = stdtrit(np.maximum(n - 1, 1), (1 + CONFIDENCE) / 2)
    half = quantile * _divided(deviation, np.sqrt(n))
    return Interval(n, mean, mean - half, mean + half)


def bootstrap_interval(values: Floats) -> Interval:
    """Of the means of values (n, …) over the first axis, NaN left out: percentiles of resamples."""
    known = np.isfinite(values)
    n = known.sum(axis=0).astype(np.float64)
    filled = np.where(known, values, 0.0)
    count = len(values)
    # how often each value is drawn, (DRAWS, n)
    random = np.random.default_rng(0)
    drawn = random.multinomial(count, [1 / count] * count, size=DRAWS).astype(np.float64)
    means = _divided(
        np.tensordot(drawn, filled, 1), np.tensordot(drawn, known.astype(np.float64), 1)
    )
    low, high = np.full((2, *n.shape), np.nan)
    several = n >= 2
    if several.any():
        outside = 50 * (1 - CONFIDENCE)
        ends = np.nanpercentile(means[:, several], [outside, 100 - outside], axis=0)
        low[several], high[several] = ends
    return Interval(n, _divided(filled.sum(axis=0), n), low, high)


def _mean(values: Sequence[Floats] | Floats) -> Floats:
    """Over the first axis, NaN left out."""
    stacked = np.asarray(values, np.float64)
    known = np.isfinite(stacked)
    return _divided(np.where(known, stacked, 0.0).sum(axis=0), known.sum(axis=0))


def _divided(above: Floats, below: Floats) -> Floats:
    result = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=result, where=below > 0)
    return result
