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

    `rows` (S,) of the samples, the most probable class `suggested` (S,) for each, and its `score`
    (S,): p of that class − p of the label, above 0 and up to 1.
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
    """As many samples as labels are estimated to be wrong, by the score.

    Candidates are those whose most probable class is not their label. The count comes from the
    joint, the order from the margin: a sample that is off the joint's diagonal need not be the most
    suspect, where its label's class has few samples and most of them are wrong.
    """
    labelled = label >= 0
    support = np.bincount(label[labelled], minlength=probabilities.shape[1])
    joint = joint_distribution(confident_joint(probabilities, label), support)
    count = round(float(1 - joint.trace()) * int(support.sum()))
    suggested, every = probabilities.argmax(axis=1), np.arange(len(label))
    score = probabilities.max(axis=1) - probabilities[every, label]
    rows = np.flatnonzero(labelled & (score > 0))
    rows = rows[np.argsort(-score[rows], kind="stable")][:count]
    return RankedSuspects(rows, suggested[rows], score[rows])
