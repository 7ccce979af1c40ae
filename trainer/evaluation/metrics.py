"""Classification metrics, in numpy alone: one definition for training, reports and window.

N samples, K classes. Logits are (N, K), labels (N,) indices of classes; a confusion matrix
(K, K) counts samples of class i (row) predicted as j (column).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CALIBRATION_BINS = 15
TEMPERATURE_RANGE = (0.01, 100.0)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def softmax(logits: NDArray[np.floating[Any]], temperature: float = 1.0) -> Floats:
    """Probabilities (N, K) = softmax(logits / temperature)."""
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)


def confusion_matrix(labels: Ints, predicted: Ints, classes: int) -> Ints:
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, predicted), 1)
    return counts


@dataclass(frozen=True, slots=True)
class ConfusionScores:
    """The scores that follow from a confusion matrix (K, K).

    Recall and F1 of a class without samples are NaN, and so is the precision of a class that is
    never predicted. Means are over the classes that have samples.
    """

    confusion: Ints

    @property
    def n(self) -> int:
        return int(self.confusion.sum())

    @property
    def support(self) -> Ints:
        """(K,) samples of each class."""
        return np.asarray(self.confusion.sum(axis=1), np.int64)

    @property
    def accuracy(self) -> float:
        return float(_ratio(self.confusion.trace(), self.confusion.sum()))

    @property
    def recall(self) -> Floats:
        return _ratio(self.confusion.diagonal(), self.support)

    @property
    def precision(self) -> Floats:
        return _ratio(self.confusion.diagonal(), self.confusion.sum(axis=0))

    @property
    def f1(self) -> Floats:
        scores = _ratio(2 * self.confusion.diagonal(), self.support + self.confusion.sum(axis=0))
        return np.where(self.support > 0, scores, np.nan)

    @property
    def mean_class_accuracy(self) -> float:
        return _mean_of_known(self.recall)

    @property
    def macro_f1(self) -> float:
        return _mean_of_known(self.f1)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The reliability curve over bins of equal width, and the expected calibration error.

    `confidence` and `accuracy` (bins,) are the means of each bin, NaN if it is empty; `count`
    (bins,) are its samples. `error` (ECE) is the mean gap between the two, weighted by samples
    (Guo et al. 2017, eq. 5); NaN without samples.
    """

    confidence: Floats
    accuracy: Floats
    count: Ints
    error: float


def calibration(probabilities: Floats, labels: Ints, bins: int = CALIBRATION_BINS) -> Calibration:
    """Confidence is the highest of the probabilities (N, K). A bin includes its lower edge."""
    highest = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    index = calibration_bin(highest, bins)
    count = np.bincount(index, minlength=bins)
    confidence = _ratio(np.bincount(index, highest, bins), count)
    accuracy = _ratio(np.bincount(index, correct, bins), count)
    gap = np.nansum(np.abs(confidence - accuracy) * count)
    return Calibration(confidence, accuracy, count, float(_ratio(gap, count.sum())))


def calibration_bin(confidence: Floats, bins: int = CALIBRATION_BINS) -> Ints:
    """(N,) the bin of each confidence (N,) in 0 to 1."""
    edges = np.linspace(0, 1, bins + 1)
    return np.minimum(np.searchsorted(edges, confidence, side="right") - 1, bins - 1)


def classification_metrics(
    logits: NDArray[np.float32], labels: Ints, classes: tuple[str, ...], temperature: float = 1.0
) -> dict[str, Any]:
    """Accuracy, mean class accuracy, macro F1, ECE, n, per class, confusion: as in metrics.json.

    A class's accuracy, precision or F1 is 0 where it is undefined. Only the ECE depends on the
    temperature. Of another prior than the training's, `logits` are those that it `adjust`ed.
    """
    scores = ConfusionScores(confusion_matrix(labels, logits.argmax(axis=1), len(classes)))
    columns = {"accuracy": scores.recall, "precision": scores.precision, "f1": scores.f1}
    return {
        "accuracy": scores.accuracy,
        "mean_class_accuracy": scores.mean_class_accuracy,
        "macro_f1": scores.macro_f1,
        "ece": calibration(softmax(logits, temperature), labels).error,
        "n": scores.n,
        "per_class": {
            name: {
                "n": int(scores.support[k]),
                **{key: float(np.nan_to_num(values[k])) for key, values in columns.items()},
            }
            for k, name in enumerate(classes)
        },
        "confusion": scores.confusion.tolist(),
    }


def majority_class(votes: NDArray[np.floating[Any]]) -> Ints:
    """(N,) the class with the most votes (N, K); −1 for a tie and for a sample without votes.

    A sample without votes has a row of NaN.
    """
    shares = np.nan_to_num(votes)
    ordered = np.sort(shares, axis=1)
    return np.where(ordered[:, -1] > ordered[:, -2], shares.argmax(axis=1), -1)


def majority_accuracy(
    logits: NDArray[np.float32], votes: NDArray[np.float32]
) -> dict[str, float | int]:
    """Accuracy against the annotators' majority; empty if no sample has one."""
    majority = majority_class(votes)
    decided = majority >= 0
    if not decided.any():
        return {}
    hits = logits[decided].argmax(axis=1) == majority[decided]
    return {"majority_accuracy": float(hits.mean()), "n": int(decided.sum())}


def outvoted_share(votes: NDArray[np.floating[Any]], labels: Ints) -> float:
    """The share of samples whose `votes` (N, K) have a majority for another class than the label.

    Samples without votes or with a tied vote are left out; NaN if none is left.
    """
    majority = majority_class(votes)
    decided = majority >= 0
    return float(_ratio((majority != labels)[decided].sum(), decided.sum()))


def concordance_correlation(predicted: Floats, true: Floats) -> float:
    """CCC of two samples (N,): 2 s_xy / (s_x² + s_y² + (x̄ − ȳ)²), s with 1/N (Lin 1989).

    NaN for fewer than two samples, and where all of both are one value.
    """
    if len(true) < 2:
        return float("nan")
    covariance = np.mean((predicted - predicted.mean()) * (true - true.mean()))
    spread = predicted.var() + true.var() + (predicted.mean() - true.mean()) ** 2
    return float(_ratio(2 * covariance, spread))


def valence_arousal_metrics(
    predicted: NDArray[np.floating[Any]], true: NDArray[np.floating[Any]]
) -> dict[str, float | int]:
    """CCC and RMSE of valence and arousal (N, 2), over the samples where each is known, not NaN.

    Empty if fewer than two samples have either; `n` are the samples that have any.
    """
    known = np.isfinite(true)
    result: dict[str, float | int] = {}
    for axis, name in enumerate(("valence", "arousal")):
        rows = known[:, axis]
        if rows.sum() < 2:
            continue
        x, y = (values[rows, axis].astype(np.float64) for values in (predicted, true))
        result[f"{name}_ccc"] = concordance_correlation(x, y)
        result[f"{name}_rmse"] = float(np.sqrt(np.mean((x - y) ** 2)))
    return {**result, "n": int(known.any(axis=1).sum())} if result else {}


def fit_temperature(logits: NDArray[np.float32], labels: Ints) -> float:
    """The T that minimises the cross-entropy of logits / T (Guo et al. 2017), in TEMPERATURE_RANGE.

    The range keeps T finite for a network that has learned nothing. The cross-entropy is convex
    in β = 1 / T: Newton's method, with bisection where a step would leave the bracket.
    """
    scores = logits.astype(np.float64)
    own = scores[np.arange(len(labels)), labels]
    low, high = 1 / TEMPERATURE_RANGE[1], 1 / TEMPERATURE_RANGE[0]
    beta = 1.0
    for _ in range(100):
        p = softmax(scores, 1 / beta)
        mean = (p * scores).sum(axis=1)
        slope = float((mean - own).mean())
        if abs(beta * slope) <= 1e-7:  # the derivative by log T
            break
        curvature = float((p * (scores - mean[:, None]) ** 2).sum(axis=1).mean())
        low, high = (low, beta) if slope > 0 else (beta, high)
        step = beta - slope / curvature if curvature > 0 else np.inf
        beta = step if low < step < high else float(np.sqrt(low * high))
    return float(np.clip(1 / beta, *TEMPERATURE_RANGE))


def _ratio(part: Any, whole: Any) -> Floats:
    """part / whole; NaN where `whole` is 0."""
    above, below = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    ratio = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return np.asarray(ratio, np.float64)


def _mean_of_known(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
