"""How sure a figure is: 95 % intervals, and whether two models really differ. numpy alone.

Proportions get Wilson's interval. Figures that are no proportion (mean class accuracy, macro F1,
ECE) get a bootstrap over the samples. Two models on the same samples are compared by McNemar's
exact test. All of it is about the drawing of the samples: another seed of training is no part.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.metrics import (
    CALIBRATION_BINS,
    Floats,
    Ints,
    calibration_bin,
    confusion_matrix,
    softmax,
)

CONFIDENCE = 0.95
SIGNIFICANCE = 0.05  # of a difference that is called one
DRAWS = 2000
_CHUNK = 4_000_000  # resampled samples at a time, to bound the memory

Interval = tuple[float, float]


def wilson(hits: int, n: int) -> Interval:
    """The 95 % score interval of the share hits / n (Wilson 1927); (nan, nan) for n = 0.

    Unlike ± 1.96 standard errors it stays within 0 to 1 and holds for few samples, too.
    """
    if n == 0:
        return math.nan, math.nan
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share, spread = hits / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    # by the formula exactly 0 and 1 at the ends, which rounding would miss
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == n else middle + half)


def bootstrap_intervals(
    logits: NDArray[np.floating[Any]],
    labels: Ints,
    temperature: float = 1.0,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Interval]:
    """95 % intervals of accuracy (Wilson's), mean class accuracy, macro F1 and ECE.

    `logits` are (N, K), `labels` (N,); only the ECE depends on the temperature. The bootstrap
    takes the percentiles over `draws` resamples of the N samples. Those of the ECE are shifted so
    that their mean is the estimate: a resample adds, once more, the upward bias which the
    estimate has from few samples in a bin. (nan, nan) without samples.
    """
    n, classes = logits.shape
    predicted = logits.argmax(axis=1)
    names = ("accuracy", "mean_class_accuracy", "macro_f1", "ece")
    if n == 0:
        return dict.fromkeys(names, (math.nan, math.nan))
    random = np.random.default_rng(seed)
    counts = confusion_matrix(labels, predicted, classes)
    # drawing n samples with replacement is drawing the cells of the matrix in proportion
    drawn = random.multinomial(n, counts.ravel() / n, size=draws).reshape(-1, classes, classes)
    recall, f1 = _mean_recall_and_f1(drawn)
    ece, errors = _resampled_ece(softmax(logits, temperature), predicted == labels, draws, random)
    values = (
        wilson(int(counts.trace()), n),
        _percentiles(recall),
        _percentiles(f1),
        _percentiles(np.maximum(errors + (ece - errors.mean()), 0)),
    )
    return dict(zip(names, values, strict=True))


def add_intervals(
    metrics: dict[str, Any],
    logits: NDArray[np.floating[Any]],
    labels: Ints,
    temperature: float = 1.0,
) -> dict[str, Any]:
    """`classification_metrics` with `intervals` {name: [low, high]}, and one for each class.

    A class without samples has null: JSON knows no NaN.
    """
    hits = np.diagonal(metrics["confusion"]).tolist()
    per_class = {
        name: {**row, "interval": list(wilson(right, row["n"])) if row["n"] else None}
        for right, (name, row) in zip(hits, metrics["per_class"].items(), strict=True)
    }
    intervals = bootstrap_intervals(logits, labels, temperature)
    return {
        **metrics,
        "per_class": per_class,
        "intervals": {name: list(interval) for name, interval in intervals.items()},
    }


@dataclass(frozen=True, slots=True)
class McNemar:
    """Two models on the same samples: on how many only one of them is right, and the p value.

    `p` is the chance of a split at least as uneven, if both were equally often right.
    """

    only_first: int
    only_second: int
    p: float

    @property
    def is_evidence(self) -> bool:
        return self.p < SIGNIFICANCE

    def verdict(self, first: str, second: str) -> str:
        """A sentence for people, with the names of the two models."""
        if self.only_first == self.only_second == 0:
            return f"{first} and {second} are right on the same faces: no difference."
        faces = "face" if self.only_first == 1 else "faces"
        better = first if self.only_first > self.only_second else second
        conclusion = f"{better} is better" if self.is_evidence else "no evidence of a difference"
        return (
            f"{first} is right on {self.only_first:,} {faces} that {second} gets wrong, "
            f"{self.only_second:,} the other way: {conclusion} ({_p_text(self.p)})."
        )


def mcnemar(first_right: NDArray[np.bool_], second_right: NDArray[np.bool_]) -> McNemar:
    """The exact two-sided test (McNemar 1947, by the binomial) of two models on N samples, (N,)."""
    only_first = int((first_right & ~second_right).sum())
    only_second = int((second_right & ~first_right).sum())
    differing = only_first + only_second
    ways = sum(math.comb(differing, k) for k in range(min(only_first, only_second) + 1))
    return McNemar(only_first, only_second, min(1.0, 2 * ways / 2**differing))


def share_text(share: float, interval: Interval | list[float] | None) -> str:
    """`59.0 % (53.1 to 64.6)`; without the interval where it is not known."""
    text = f"{100 * share:.1f} %"
    return text + (f" ({100 * interval[0]:.1f} to {100 * interval[1]:.1f})" if interval else "")


def score_text(score: float, interval: Interval | list[float] | None) -> str:
    """`0.572 (0.521 to 0.618)`; without the interval where it is not known."""
    return f"{score:.3f}" + (f" ({interval[0]:.3f} to {interval[1]:.3f})" if interval else "")


def _mean_recall_and_f1(counts: Ints) -> tuple[Floats, Floats]:
    """(draws,) each, of confusion matrices (draws, K, K); over the classes that have samples."""
    hits = counts.diagonal(axis1=1, axis2=2)
    support, predicted = counts.sum(axis=2), counts.sum(axis=1)
    present = support > 0
    recall = (hits / np.maximum(support, 1)).sum(axis=1)
    f1 = np.where(present, 2 * hits / np.maximum(support + predicted, 1), 0).sum(axis=1)
    known = present.sum(axis=1)
    return recall / known, f1 / known


def _resampled_ece(
    probabilities: Floats, correct: NDArray[np.bool_], draws: int, random: np.random.Generator
) -> tuple[float, Floats]:
    """The ECE, and (draws,) those of resamples: Σ over the bins of |Σ (confidence − correct)| / N.

    That is the weighted mean gap of `metrics.calibration`, without the divisions.
    """
    n = len(correct)
    highest = probabilities.max(axis=1)
    bins, gaps = calibration_bin(highest), highest - correct
    errors = [np.abs(np.bincount(bins, gaps, CALIBRATION_BINS)).sum() / n]
    per_chunk = max(1, _CHUNK // n)
    for start in range(0, draws, per_chunk):
        size = min(per_chunk, draws - start)
        rows = random.integers(0, n, (size, n), np.int32)
        cells = bins[rows] + CALIBRATION_BINS * np.arange(size)[:, None]
        sums = np.bincount(cells.ravel(), gaps[rows].ravel(), size * CALIBRATION_BINS)
        errors.extend(np.abs(sums.reshape(size, -1)).sum(axis=1) / n)
    return float(errors[0]), np.array(errors[1:])


def _percentiles(values: Floats) -> Interval:
    outside = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(values, [outside, 100 - outside])
    return float(low), float(high)


def _p_text(p: float) -> str:
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.2f}" if p >= 0.1 else f"p = {p:.3f}"
