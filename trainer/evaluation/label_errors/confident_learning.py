"""Confident learning: which labels are probably wrong, and how many (Northcutt et al., JAIR 2021).

N samples, K classes. `probabilities` (N, K) are of models that did not learn these labels; `label`
(N,) are the given ones, −1 for a sample without one, which counts nowhere.
"""

from dataclasses import dataclass

import numpy as np

from trainer.evaluation.metrics import Floats, Ints


@dataclass(frozen=True, slots=True)
class RankedSuspects:
    """The samples whose label is probably wrong, most suspect first.

    `rows` (S,) of the samples, the `suggested` (S,) class of each, and its `score` (S,): p of the
    suggested class − p of the label, from −1 to 1.
    """

    rows: Ints
    suggested: Ints
    score: Floats


def class_thresholds(probabilities: Floats, label: Ints) -> Floats:
    """(K,) t_j: the mean p_j of the samples labelled j; infinite for a class without samples.

    A class that the model is never sure of has a low threshold, so that it is not overlooked.
    """
    classes = range(probabilities.shape[1])
    members = [probabilities[label == k, k] for k in classes]
    return np.array([p.mean() if len(p) else np.inf for p in members])


def confident_classes(probabilities: Floats, label: Ints) -> Ints:
    """(N,) the most probable class among those with p_j ≥ t_j; −1 where there is none."""
    reached = probabilities >= class_thresholds(probabilities, label)
    most = np.where(reached, probabilities, -1.0).argmax(axis=1)
    return np.where(reached.any(axis=1), most, -1)


def confident_joint(probabilities: Floats, label: Ints) -> Ints:
    """(K, K) C: how many samples labelled i (row) are confidently of class j (eq. 1)."""
    confident, classes = confident_classes(probabilities, label), probabilities.shape[1]
    counted = (confident >= 0) & (label >= 0)
    counts = np.bincount(label[counted] * classes + confident[counted], minlength=classes**2)
    return counts.reshape(classes, classes)


def joint_distribution(joint: Ints, support: Ints) -> Floats:
    """(K, K) Q: shares of samples that are labelled i and truly of class j; they sum to 1 (eq. 3).

    Rows of the confident joint are scaled to the `support` (K,): the samples of each label. Where
    none is confidently anything, all labels of that row count as right.
    """
    rows = joint.astype(np.float64)
    empty = rows.sum(axis=1) == 0
    rows[empty, empty] = 1.0
    scaled = rows / rows.sum(axis=1, keepdims=True) * support[:, None]
    return np.asarray(scaled / max(int(support.sum()), 1), np.float64)


def rank_suspects(probabilities: Floats, label: Ints) -> RankedSuspects:
    """The samples off the diagonal of the confident joint, by the score."""
    confident = confident_classes(probabilities, label)
    rows = np.flatnonzero((confident >= 0) & (label >= 0) & (confident != label))
    score = probabilities[rows, confident[rows]] - probabilities[rows, label[rows]]
    order = np.argsort(-score, kind="stable")
    return RankedSuspects(rows[order], confident[rows[order]], score[order])
