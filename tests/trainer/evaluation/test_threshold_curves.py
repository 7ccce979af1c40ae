"""ROC and precision–recall curves against scikit-learn, and by hand."""

import math

import numpy as np
import pytest

from trainer.evaluation.threshold_curves import class_curves, threshold_curve


@pytest.mark.parametrize("decimals", [1, 6])  # with many equal scores, and with few
def test_curves_and_areas_are_those_of_scikit_learn(decimals: int) -> None:
    from sklearn.metrics import (
        average_precision_score,
        precision_recall_curve,
        roc_auc_score,
        roc_curve,
    )

    rng = np.random.default_rng(0)
    is_class = rng.random(400) < 0.2
    scores = np.round(rng.random(400) * 0.7 + 0.3 * is_class, decimals)
    curve = threshold_curve(scores, is_class)
    fpr, recall, thresholds = roc_curve(is_class, scores, drop_intermediate=False)
    np.testing.assert_allclose(curve.false_positive_rate, fpr[1:])  # its first point is at infinity
    np.testing.assert_allclose(curve.recall, recall[1:])
    np.testing.assert_allclose(curve.threshold, thresholds[1:])
    precision, by_precision, _ = precision_recall_curve(is_class, scores)
    np.testing.assert_allclose(curve.precision[::-1], precision[:-1])
    np.testing.assert_allclose(curve.recall[::-1], by_precision[:-1])
    assert curve.roc_area == pytest.approx(roc_auc_score(is_class, scores))
    assert curve.average_precision == pytest.approx(average_precision_score(is_class, scores))


def test_a_curve_by_hand() -> None:
    curve = threshold_curve(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False]))
    assert curve.threshold.tolist() == [0.9, 0.5, 0.1]
    assert curve.hits.tolist() == [1, 2, 2]
    assert curve.false_alarms.tolist() == [0, 1, 2]
    # of the four pairs of a positive and a negative, one is a tie, which counts half
    assert curve.roc_area == 3.5 / 4
    assert curve.average_precision == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_each_class_is_compared_with_all_others() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.4, 0.3]])
    first, second, absent = class_curves(probabilities, np.array([0, 1, 0]))
    assert (first.positives, first.negatives) == (2, 1)
    assert first.roc_area == second.roc_area == 1
    assert absent.positives == 0
    assert math.isnan(absent.roc_area)
    assert math.isnan(absent.average_precision)
    assert np.isnan(absent.recall).all()


def test_without_samples_there_is_no_area() -> None:
    curve = threshold_curve(np.zeros(0), np.zeros(0, bool))
    assert len(curve.threshold) == 0
    assert math.isnan(curve.roc_area)
