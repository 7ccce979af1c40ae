"""ROC and precision–recall curves: one class against the others, at every threshold. In numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.metrics import Floats, Ints


@dataclass(frozen=True, slots=True)
class ThresholdCurve:
    """What saying "this class" at `score >= threshold` gives, for every score that occurs.

    Arrays (T,), the highest threshold first: `hits` are the samples of the class at or above it,
    `false_alarms` those of other classes; `positives` and `negatives` are all of each.
    """

    threshold: Floats
    hits: Ints
    false_alarms: Ints
    positives: int
    negatives: int

    @property
    def recall(self) -> Floats:
        """(T,) also the true positive rate; NaN without samples of the class."""
        return _shares(self.hits, self.positives)

    @property
    def false_positive_rate(self) -> Floats:
        """(T,) the share of the other classes' samples; NaN without any."""
        return _shares(self.false_alarms, self.negatives)

    @property
    def precision(self) -> Floats:
        """(T,) of the samples at or above the threshold, the share that is of the class."""
        return np.asarray(self.hits / (self.hits + self.false_alarms), np.float64)

    @property
    def roc_area(self) -> float:
        """The area under the ROC curve, by trapezoids (Fawcett 2006); NaN where undefined.

        It is the probability that a sample of the class has a higher score than another.
        """
        x = np.concatenate([[0.0], self.false_positive_rate])
        y = np.concatenate([[0.0], self.recall])
        if not self.positives or not self.negatives:
            return float("nan")
        return float(((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2).sum())

    @property
    def average_precision(self) -> float:
        """Σ (Rₙ − Rₙ₋₁) Pₙ, without interpolation, as in scikit-learn; NaN where undefined."""
        if not self.positives:
            return float("nan")
        steps = np.diff(self.recall, prepend=0.0)
        return float((steps * self.precision).sum())


def threshold_curve(scores: Floats, is_class: NDArray[np.bool_]) -> ThresholdCurve:
    """Of the scores (N,) of a class, where `is_class` (N,) are of it; equal scores are one."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last = np.flatnonzero(np.append(np.diff(ordered) != 0, True)[: len(ordered)])  # of equal scores
    hits = np.cumsum(is_class[order], dtype=np.int64)[last]
    positives = int(is_class.sum())
    return ThresholdCurve(
        ordered[last], hits, last + 1 - hits, positives, len(is_class) - positives
    )


def class_curves(probabilities: Floats, labels: Ints) -> tuple[ThresholdCurve, ...]:
    """The curve of each class against all others, by probabilities (N, K) and labels (N,)."""
    classes = range(probabilities.shape[1])
    return tuple(threshold_curve(probabilities[:, k], labels == k) for k in classes)


def _shares(counts: Ints, total: int) -> Floats:
    return counts / total if total else np.full(len(counts), np.nan)
