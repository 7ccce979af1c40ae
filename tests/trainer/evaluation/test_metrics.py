"""Every metric against scikit-learn, and against values computed by hand."""

import math
import subprocess
import sys

import numpy as np
import pytest
import sklearn.metrics as oracle
from scipy.optimize import minimize_scalar
from sklearn.calibration import calibration_curve

from tests.support import ROOT
from trainer.evaluation.metrics import (
    CALIBRATION_BINS,
    ConfusionScores,
    calibration,
    classification_metrics,
    confusion_matrix,
    fit_temperature,
    majority_accuracy,
    majority_class,
    outvoted_share,
    softmax,
)

CLASSES = tuple("abcdefg")


def random_predictions(seed: int, spread: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, 7) and labels; one class has no sample."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, spread, (draw.integers(20, 3000), 7)).astype(np.float32)
    labels = np.array([draw.choice(7, p=row) for row in softmax(logits)])
    labels[labels == 4] = 5
    return logits, labels


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_scikit_learn(seed: int) -> None:
    logits, labels = random_predictions(seed)
    predicted = logits.argmax(axis=1)
    result = classification_metrics(logits, labels, CLASSES)
    every, present = list(range(7)), sorted(set(labels.tolist()))
    assert result["n"] == len(labels)
    assert result["confusion"] == oracle.confusion_matrix(labels, predicted, labels=every).tolist()
    assert result["accuracy"] == pytest.approx(oracle.accuracy_score(labels, predicted))
    recalls = oracle.recall_score(labels, predicted, labels=present, average="macro")
    assert result["mean_class_accuracy"] == pytest.approx(recalls)
    macro = oracle.f1_score(labels, predicted, labels=present, average="macro")
    assert result["macro_f1"] == pytest.approx(macro)
    by_class = oracle.precision_recall_fscore_support(
        labels, predicted, labels=every, zero_division=0
    )
    for row, precision, recall, f1, n in zip(result["per_class"].values(), *by_class, strict=True):
        assert row == pytest.approx({"n": n, "accuracy": recall, "precision": precision, "f1": f1})


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_reliability_curve_is_that_of_scikit_learn(temperature: float) -> None:
    logits, labels = random_predictions(9)
    probabilities = softmax(logits, temperature)
    curve = calibration(probabilities, labels)
    correct = logits.argmax(axis=1) == labels
    accuracy, confidence = calibration_curve(
        correct, probabilities.max(axis=1), n_bins=CALIBRATION_BINS
    )
    filled = curve.count > 0
    assert curve.count.sum() == len(labels)
    np.testing.assert_allclose(curve.accuracy[filled], accuracy)
    np.testing.assert_allclose(curve.confidence[filled], confidence)
    assert np.isnan(curve.accuracy[~filled]).all()
    error = (np.abs(accuracy - confidence) * curve.count[filled]).sum() / len(labels)
    assert curve.error == pytest.approx(error)
    assert classification_metrics(logits, labels, CLASSES, temperature)["ece"] == curve.error


def test_a_certain_prediction_is_in_the_last_bin() -> None:
    curve = calibration(np.array([[1.0, 0.0], [0.98, 0.02], [0.5, 0.5]]), np.array([1, 0, 0]))
    assert curve.count[-1] == 2
    assert curve.accuracy[-1] == 0.5
    assert curve.count[int(0.5 * CALIBRATION_BINS)] == 1


def test_metrics_against_hand_counts() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    predicted = np.array([0, 0, 1, 1, 2, 2])
    logits = np.eye(3, dtype=np.float32)[predicted] * 5
    result = classification_metrics(logits, labels, ("a", "b", "c"))
    assert result["confusion"] == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    assert result["accuracy"] == pytest.approx(4 / 6)
    assert result["mean_class_accuracy"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert result["per_class"]["a"]["precision"] == 1.0
    assert result["macro_f1"] == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)
    confidence = np.exp(5) / (np.exp(5) + 2)
    assert result["ece"] == pytest.approx(confidence - 4 / 6, abs=1e-6)


def test_undefined_scores_are_nan_and_left_out_of_the_means() -> None:
    scores = ConfusionScores(confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 0]), 3))
    assert scores.recall.tolist()[:2] == [0.5, 0.0]
    assert math.isnan(scores.recall[2])
    assert math.isnan(scores.f1[2])
    assert math.isnan(scores.precision[2])
    assert scores.mean_class_accuracy == 0.25
    assert scores.macro_f1 == 0.25
    empty = ConfusionScores(np.zeros((3, 3), np.int64))
    assert empty.n == 0
    assert math.isnan(empty.accuracy)
    assert math.isnan(empty.mean_class_accuracy)
    assert math.isnan(calibration(np.zeros((0, 3)), np.zeros(0, np.int64)).error)


def test_the_fitted_temperature_undoes_overconfidence() -> None:
    draw = np.random.default_rng(0)
    logits = draw.normal(0, 2, (4000, 7)).astype(np.float32)
    labels = np.array([draw.choice(7, p=row) for row in softmax(logits)])
    assert fit_temperature(logits, labels) == pytest.approx(1, abs=0.1)
    assert fit_temperature(3 * logits, labels) == pytest.approx(3, abs=0.3)
    unscaled = classification_metrics(3 * logits, labels, CLASSES)["ece"]
    fitted = classification_metrics(3 * logits, labels, CLASSES, temperature=3.0)["ece"]
    assert fitted < unscaled / 3


@pytest.mark.parametrize("spread", [0.3, 2.0, 9.0])
def test_the_fitted_temperature_minimises_the_cross_entropy(spread: float) -> None:
    logits, labels = random_predictions(3, spread)
    labels[::3] = np.random.default_rng(1).integers(0, 7, len(labels[::3]))

    def cross_entropy(log_t: float) -> float:
        return float(oracle.log_loss(labels, softmax(logits, np.exp(log_t)), labels=range(7)))

    best = minimize_scalar(cross_entropy, bounds=(-5, 5), method="bounded", options={"xatol": 1e-9})
    assert fit_temperature(logits, labels) == pytest.approx(np.exp(best.x), rel=1e-4)


def test_the_fitted_temperature_is_bounded() -> None:
    labels = np.arange(70) % 7
    wrong = -np.eye(7, dtype=np.float32)[labels]
    assert fit_temperature(wrong, labels) == 100.0
    assert 0.01 <= fit_temperature(-wrong, labels) < 0.1
    assert fit_temperature(np.zeros_like(wrong), labels) == 1.0


def test_ties_and_missing_votes_have_no_majority() -> None:
    votes = np.array(
        [[0.5, 0.5, 0], [0.8, 0.1, 0.1], [0, 0.3, 0.7], [np.nan] * 3, [0, 0, 0]], np.float32
    )
    assert majority_class(votes).tolist() == [-1, 0, 2, -1, -1]
    logits = np.array([[1, 0, 0]] * 5, np.float32)
    assert majority_accuracy(logits, votes) == {"majority_accuracy": 0.5, "n": 2}
    assert majority_accuracy(logits[:1], votes[:1]) == {}


def test_metrics_need_no_torch_and_no_statistics_packages() -> None:
    code = "import sys, trainer.evaluation.metrics; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"torch", "sklearn", "scipy", "pandas"} & set(done.stdout.split())


def test_outvoted_labels_need_a_majority_for_another_class() -> None:
    tied, clear, none = [0.5, 0.0, 0.5], [1.0, 0.0, 0.0], [np.nan] * 3
    votes, labels = np.array([tied, clear, clear, none]), np.array([2, 2, 0, 1])
    assert outvoted_share(votes, labels) == 0.5  # the tied one and the one without count nowhere
    assert outvoted_share(votes[1:2], labels[1:2]) == 1.0
    assert math.isnan(outvoted_share(votes[[0, 3]], labels[[0, 3]]))
