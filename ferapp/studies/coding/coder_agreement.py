"""How far coders agree: Cohen's κ, Krippendorff's α, F1; with bootstrap intervals. numpy alone.

Time is cut into windows (seconds or frames), and each coder has one code, or none, in each. Windows
with the same codes are counted together: every measure follows from the `counts` of the P different
`patterns` (P, C) of C coders, each an index into the classes or MISSING.

Neighbouring windows are not independent: an expression lasts. Drawing single windows would give
intervals that are far too narrow, so the bootstrap draws whole blocks of time, wrapped around at
the end (the circular block bootstrap of Politis and Romano 1992). A block is twice as long as the
codes of the coder who changes least last on average, and at most a quarter of the time.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.intervals import CONFIDENCE, DRAWS, Interval
from trainer.evaluation.metrics import Floats, Ints

MISSING = -1
LEAST_BLOCKS = 4  # that fit into the time

Codes = NDArray[np.int64]


def cohen_kappa(confusion: NDArray[np.floating] | Ints) -> Floats:
    """(...) of confusion matrices (..., K, K): (p_o − p_e) / (1 − p_e) (Cohen 1960).

    NaN without windows, and where both coders use a single code, the same.
    """
    counts = np.asarray(confusion, np.float64)
    n = counts.sum(axis=(-2, -1))
    both = np.trace(counts, axis1=-2, axis2=-1)
    chance = (counts.sum(axis=-1) * counts.sum(axis=-2)).sum(axis=-1)
    return _ratio(n * both - chance, n * n - chance)


def krippendorff_alpha(coincidences: NDArray[np.floating]) -> Floats:
    """(...) nominal, of coincidence matrices (..., K, K): 1 − D_o / D_e (Krippendorff 2011).

    NaN without a window that two coders coded, and where all use a single code, the same.
    """
    n = coincidences.sum(axis=(-2, -1))
    totals = coincidences.sum(axis=-1)
    differing = n - np.trace(coincidences, axis1=-2, axis2=-1)
    expected = n * n - (totals * totals).sum(axis=-1)
    return 1 - _ratio((n - 1) * differing, expected)


def class_f1(confusion: NDArray[np.floating] | Ints) -> Floats:
    """(..., K) of confusion matrices: the same whoever is the first; NaN for an unused class."""
    counts = np.asarray(confusion, np.float64)
    both = np.diagonal(counts, axis1=-2, axis2=-1)
    return _ratio(2 * both, counts.sum(axis=-1) + counts.sum(axis=-2))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure and its 95 % interval; NaN where undefined."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two coders, by their index: `confusion` (K, K) has the first one's codes in its rows.

    `n` windows have a code of both; `share` of them is the same. `f1` (K,) by class.
    """

    first: int
    second: int
    n: int
    share: float
    kappa: Estimate
    f1: tuple[Estimate, ...]
    confusion: Ints


@dataclass(frozen=True, slots=True)
class WindowAgreement:
    """Of all coders in windows of one kind. `n` windows have a code of at least two coders.

    `kappa` is the mean of all pairs (Light 1971); of two coders that of the only pair.
    """

    n: int
    kappa: Estimate
    alpha: Estimate
    pairs: tuple[PairAgreement, ...]
    block_s: int


def agreement(codes: Codes, seconds: Ints, classes: int, seed: int = 0) -> WindowAgreement:
    """Of windows with `codes` (N, C) of C coders, MISSING or an index of a class.

    `seconds` (N,) is the second, from 0, in which each window begins; blocks of them are drawn.
    """
    patterns, number = np.unique(codes, axis=0, return_inverse=True)
    length = int(seconds.max(initial=0)) + 1
    counts = np.zeros((length, len(patterns)))
    np.add.at(counts, (seconds, number.ravel()), 1)
    block_s = _block_s(codes, length)
    whole = counts.sum(axis=0)
    drawn = _draw_blocks(counts, block_s, np.random.default_rng(seed))

    def estimate(measure: Callable[[Floats], Floats]) -> Estimate:
        return Estimate(float(measure(whole)), _interval(measure(drawn)))

    coders = range(codes.shape[1])
    pairs: list[PairAgreement] = []
    kappas: list[Callable[[Floats], Floats]] = []
    for first, second in ((a, b) for a in coders for b in coders if a < b):
        cells = _confusions(patterns[:, first], patterns[:, second], classes)
        pair = _Pair(cells)
        confusion = np.rint(pair.confusion(whole)).astype(np.int64)
        n = int(confusion.sum())
        f1, spread = class_f1(confusion), class_f1(pair.confusion(drawn))
        pairs.append(
            PairAgreement(
                first,
                second,
                n,
                float(confusion.trace() / n) if n else float("nan"),
                estimate(pair.kappa),
                tuple(Estimate(float(f1[k]), _interval(spread[:, k])) for k in range(classes)),
                confusion,
            )
        )
        kappas.append(pair.kappa)
    coincidences = _coincidences(patterns, classes)
    return WindowAgreement(
        int(whole[(patterns != MISSING).sum(axis=1) >= 2].sum()),
        estimate(lambda weights: np.mean([kappa(weights) for kappa in kappas], axis=0)),
        estimate(lambda weights: krippendorff_alpha(_matrices(weights, coincidences))),
        tuple(pairs),
        block_s,
    )


class _Pair:
    """Measures of two coders, of weights (..., P) of the patterns."""

    def __init__(self, cells: Floats) -> None:
        self._cells = cells

    def confusion(self, weights: Floats) -> Floats:
        return _matrices(weights, self._cells)

    def kappa(self, weights: Floats) -> Floats:
        return cohen_kappa(self.confusion(weights))


def _block_s(codes: Codes, length: int) -> int:
    """Seconds of a block, of codes over `length` seconds."""
    changes = (codes[1:] != codes[:-1]).sum(axis=0) if len(codes) else np.zeros(1)
    lasts_s = length / (1 + int(changes.min()))
    return max(min(math.ceil(2 * lasts_s), length // LEAST_BLOCKS), 1)


def _draw_blocks(counts: Floats, block_s: int, random: np.random.Generator) -> Floats:
    """(DRAWS, P) how often each pattern is in blocks that are as long together as the time."""
    length = len(counts)
    around = np.concatenate([counts, counts[: block_s - 1]])
    sums = np.cumsum(np.concatenate([np.zeros((1, counts.shape[1])), around]), axis=0)
    blocks = sums[block_s:] - sums[:-block_s]  # of every second at which one may begin
    starts = random.integers(0, length, (DRAWS, -(-length // block_s)))
    return np.stack([blocks[row].sum(axis=0) for row in starts])


def _matrices(weights: Floats, cells: Floats) -> Floats:
    """(..., K, K) the sum of the patterns' matrices (P, K, K), weighted by (..., P)."""
    return np.asarray(np.tensordot(weights, cells, axes=(-1, 0)), np.float64)


def _confusions(first: Codes, second: Codes, classes: int) -> Floats:
    """(P, K, K) with a one where both have a code."""
    cells = np.zeros((len(first), classes, classes))
    both = np.flatnonzero((first != MISSING) & (second != MISSING))
    cells[both, first[both], second[both]] = 1
    return cells


def _coincidences(patterns: Codes, classes: int) -> Floats:
    """(P, K, K) of a window: each pair of values of different coders, over their number less 1."""
    times = (patterns[:, :, None] == np.arange(classes)).sum(axis=1).astype(np.float64)
    coded = times.sum(axis=1)
    pairs = times[:, :, None] * times[:, None, :] - times[:, :, None] * np.eye(classes)
    return np.asarray(pairs / np.maximum(coded - 1, 1)[:, None, None], np.float64)


def _interval(values: Floats) -> Interval:
    """The percentiles of the draws in which the measure is defined."""
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    outside = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(known, [outside, 100 - outside])
    return float(low), float(high)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """NaN where `whole` is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    known = np.abs(whole) > 1e-12
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=known))


# --- intervals to windows ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """A code from `start_s` to `end_s`, as an index of a class; a point where they are equal."""

    start_s: float
    end_s: float
    index: int


def window_codes(spans: Sequence[Span], edges: Floats, classes: int) -> Codes:
    """(N,) of the windows between `edges` (N + 1,): what holds for most of each, or MISSING.

    Time without a code counts too: a window of which less is coded than not is MISSING, unless a
    point event is in it. Of equals, the class that comes first.
    """
    covered = np.zeros((classes + 1, len(edges) - 1))
    for k in range(classes):
        own = sorted((s.start_s, s.end_s) for s in spans if s.index == k)
        if own:
            bounds = np.array(own).ravel()
            elapsed = np.repeat(np.cumsum([end - start for start, end in own]), 2)
            elapsed[0::2] -= bounds[1::2] - bounds[0::2]
            covered[k] = np.diff(np.interp(edges, bounds, elapsed))
    covered[classes] = np.diff(edges) - covered[:classes].sum(axis=0)
    codes: Codes = np.asarray(covered.round(6).argmax(axis=0), np.int64)
    codes[codes == classes] = MISSING
    for point in (s for s in spans if s.end_s <= s.start_s):
        place = int(np.searchsorted(edges, point.start_s, "right")) - 1
        if 0 <= place < len(codes) and codes[place] == MISSING:
            codes[place] = point.index
    return codes
