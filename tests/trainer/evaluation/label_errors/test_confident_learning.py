"""Confident learning against the paper's formulas, worked out by hand."""

import numpy as np

from trainer.evaluation.label_errors.confident_learning import (
    class_thresholds,
    confident_classes,
    confident_joint,
    joint_distribution,
    rank_suspects,
)

LABEL = np.array([0, 0, 0, 0, 1, 1, 2])
P = np.array(
    [
        [0.8, 0.1, 0.1],
        [0.7, 0.2, 0.1],
        [0.1, 0.9, 0.0],  # labelled 0, surely 1
        [0.4, 0.0, 0.6],  # labelled 0: 2 reaches its threshold
        [0.3, 0.7, 0.0],
        [0.5, 0.5, 0.0],  # labelled 1: only 0 reaches its threshold
        [0.4, 0.2, 0.4],
    ]
)


def test_the_threshold_is_the_mean_self_confidence() -> None:
    """Eq. 2: t_0 = (0.8 + 0.7 + 0.1 + 0.4) / 4, t_1 = (0.7 + 0.5) / 2, t_2 = 0.4."""
    np.testing.assert_allclose(class_thresholds(P, LABEL), [0.5, 0.6, 0.4])
    assert class_thresholds(np.hstack([P, 0 * P[:, :1]]), LABEL)[3] == np.inf


def test_the_confident_joint_counts_labels_by_their_confident_class() -> None:
    """Eq. 1, with the most probable of several classes that reach their thresholds."""
    assert confident_classes(P, LABEL).tolist() == [0, 0, 1, 2, 1, 0, 2]
    assert confident_joint(P, LABEL).tolist() == [[2, 1, 1], [1, 1, 0], [0, 0, 1]]


def test_a_sample_without_a_confident_class_is_not_counted() -> None:
    p = np.vstack([P, [0.34, 0.33, 0.33]])
    label = np.append(LABEL, 0)
    np.testing.assert_allclose(class_thresholds(p, label)[0], (0.8 + 0.7 + 0.1 + 0.4 + 0.34) / 5)
    assert confident_classes(p, label)[-1] == -1
    assert confident_joint(p, label).sum() == 7


def test_the_joint_has_the_labels_own_shares() -> None:
    """Eq. 3: rows are scaled to how many samples have the label, then all to a sum of 1."""
    joint = joint_distribution(np.array([[6, 2], [1, 3]]), np.array([16, 4]))
    np.testing.assert_allclose(joint, [[12 / 20, 4 / 20], [1 / 20, 3 / 20]])
    unsure = joint_distribution(np.array([[0, 0], [1, 3]]), np.array([16, 4]))
    np.testing.assert_allclose(unsure, [[16 / 20, 0], [1 / 20, 3 / 20]])


def test_suspects_are_as_many_as_the_joint_says_by_margin() -> None:
    """Q's diagonal is (4 · 2/4 + 2 · 1/2 + 1) / 7: three of seven labels are wrong."""
    p = np.vstack([P[:5], [0.5, 0.4, 0.1], P[6:]])  # row 5 is most probably 0 now
    ranked = rank_suspects(p, LABEL)
    assert ranked.rows.tolist() == [2, 3, 5]
    assert ranked.suggested.tolist() == [1, 2, 0]
    np.testing.assert_allclose(ranked.score, [0.8, 0.2, 0.1])
    assert rank_suspects(P, LABEL).rows.tolist() == [2, 3]  # a tie suggests nothing


def test_weak_doubts_beyond_the_estimated_number_are_no_suspects() -> None:
    """Labelled 0: 4 · 2/4; labelled 1: 5 · 1/4 of those with a confident class; 3.25 in all."""
    p = np.vstack([P[:5], [0.5, 0.4, 0.1], P[6:], [0.33, 0.33, 0.34], [[0.05, 0.9, 0.05]] * 2])
    assert rank_suspects(p, np.append(LABEL, [1, 1, 1])).rows.tolist() == [2, 3, 5]


def test_a_sample_without_a_label_counts_nowhere() -> None:
    p = np.vstack([P, [1.0, 0.0, 0.0]])
    label = np.append(LABEL, -1)
    np.testing.assert_allclose(class_thresholds(p, label), [0.5, 0.6, 0.4])
    assert confident_joint(p, label).tolist() == confident_joint(P, LABEL).tolist()
    assert 7 not in rank_suspects(p, label).rows
