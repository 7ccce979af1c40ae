"""What follows from predictions, against values computed by hand."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferapp.review.evaluation import common_rows, read_evaluation
from tests.support.runs.evaluations import ANGRY, FEAR, HAPPY, SAD, evaluation, write
from trainer.errors import DataError


def test_confusion_recall_and_precision() -> None:
    result = evaluation([HAPPY, HAPPY, HAPPY, SAD], [HAPPY, HAPPY, SAD, HAPPY])
    assert result.scores.confusion[HAPPY, HAPPY] == 2
    assert result.scores.confusion[HAPPY, SAD] == 1
    assert result.scores.confusion[SAD, HAPPY] == 1
    assert result.scores.confusion.sum() == 4
    assert result.scores.accuracy == 0.5
    assert result.scores.recall[HAPPY] == pytest.approx(2 / 3)
    assert result.scores.precision[HAPPY] == pytest.approx(2 / 3)
    assert result.scores.recall[SAD] == 0
    assert math.isnan(result.scores.recall[ANGRY])
    assert result.scores.mean_class_accuracy == pytest.approx(
        1 / 3
    )  # of the two classes that are there


def test_temperature_softens_probabilities() -> None:
    result = evaluation([HAPPY], [HAPPY], [0.9])
    softer = replace(result, temperature=2.0)
    assert result.probabilities[0, HAPPY] == pytest.approx(0.9, abs=1e-6)
    expected = math.sqrt(0.9) / (math.sqrt(0.9) + 6 * math.sqrt(0.1 / 6))
    assert softer.probabilities[0, HAPPY] == pytest.approx(expected, abs=1e-6)


def test_calibration_error_is_the_mean_gap_weighted_by_samples() -> None:
    result = evaluation([HAPPY] * 4, [HAPPY, HAPPY, HAPPY, SAD], [0.9, 0.9, 0.9, 0.5])
    bins = result.calibration
    assert bins.count.sum() == 4
    full = int(0.9 * 15)
    assert (bins.count[full], bins.accuracy[full]) == (3, 1.0)
    assert bins.confidence[full] == pytest.approx(0.9, abs=1e-6)
    assert bins.error == pytest.approx((3 * 0.1 + 1 * 0.5) / 4, abs=1e-6)


def test_measures_by_their_formulas() -> None:
    votes = [[0, 0, 0, 0.25, 0.75, 0, 0]]
    result = evaluation([HAPPY], [SAD], [0.7], votes)
    own = 0.3 / 6
    assert result.measures["loss"][0] == pytest.approx(-math.log(own), rel=1e-5)
    assert result.measures["confidence"][0] == pytest.approx(0.7, rel=1e-5)
    assert result.measures["margin"][0] == pytest.approx(0.7 - own, rel=1e-5)
    entropy = -(0.7 * math.log(0.7) + 6 * own * math.log(own))
    assert result.measures["entropy"][0] == pytest.approx(entropy, rel=1e-5)
    assert result.measures["disagreement"][0] == pytest.approx(0.75)


def test_a_sample_without_a_label_is_neither_right_nor_wrong() -> None:
    result = evaluation([HAPPY, -1], [HAPPY, SAD])
    assert result.scores.accuracy == 1.0
    assert not result.wrong.any()
    assert result.scores.confusion.sum() == 1
    assert result.confusion_with_unlabelled.shape == (8, 7)
    assert result.confusion_with_unlabelled[7, SAD] == 1
    assert math.isnan(result.measures["loss"][1])
    assert 1 not in result.suspects


def test_samples_without_a_face_are_left_out_everywhere() -> None:
    result = replace(evaluation([-1, -1], [HAPPY, SAD]), needs_face=True)
    result.landmarks[0] = 0
    assert result.faceless.tolist() == [False, True]
    assert (
        result.confusion_with_unlabelled[7].sum() == result.confusion_with_unlabelled[7, HAPPY] == 1
    )
    assert np.isnan(result.measures["confidence"]).tolist() == [False, True]
    assert not replace(result, needs_face=False).faceless.any()


def test_confident_learning_suspects_a_flipped_label() -> None:
    labels = [HAPPY] * 5 + [SAD] * 5 + [HAPPY]  # the last is a sad face labelled happy
    predicted = [HAPPY] * 5 + [SAD] * 6
    confidence = [0.8, 0.9, 0.7, 0.9, 0.8, 0.8, 0.9, 0.7, 0.9, 0.8, 0.95]
    result = evaluation(labels, predicted, confidence)
    assert result.suspects.tolist() == [10]


def test_rows_in_common_are_matched_by_sample() -> None:
    before = evaluation([HAPPY, SAD, FEAR], [SAD, SAD, ANGRY])
    other_order = np.array([2, 0])
    after = replace(
        before,
        sample_id=before.sample_id[other_order],
        label=before.label[other_order],
        logits=before.logits[other_order],
    )
    in_before, in_after = common_rows(before, after)
    assert in_before.tolist() == [0, 2]
    assert in_after.tolist() == [1, 0]


def test_evaluations_of_different_samples_cannot_be_compared() -> None:
    before = evaluation([HAPPY], [HAPPY])
    other = replace(before, sample_id=np.array(["elsewhere"]), name="other")
    with pytest.raises(DataError, match="no sample in common"):
        common_rows(before, other)
    relabelled = replace(before, label=np.array([SAD]), name="relabelled")
    with pytest.raises(DataError, match="different labels for sample s0"):
        common_rows(before, relabelled)


def test_a_predictions_file_is_read_back(tmp_path: Path) -> None:
    made = replace(evaluation([HAPPY, SAD], [HAPPY, HAPPY]), temperature=1.5)
    read = read_evaluation(write(made, tmp_path), "made")
    assert read.sample_id.tolist() == ["s0", "s1"]
    np.testing.assert_array_equal(read.logits, made.logits)
    assert read.temperature == 1.5
    older = read_evaluation(write(made, tmp_path, votes=None, temperature=None), "older")
    assert np.isnan(older.votes).all()
    assert older.temperature == 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": np.array([3, 9])}, "sample s1 has a label that is not a class"),
        ({"logits": np.array([[0.0] * 7, [np.nan] * 7], np.float32)}, "sample s1 has logits"),
        ({"logits": np.zeros((2, 5), np.float32)}, "do not fit 7 classes"),
        (
            {"landmarks": np.zeros((1, 68, 2), np.float32)},
            "2 of label, 2 of logits, 1 of landmarks",
        ),
        ({"logits": None}, "it has no logits"),
    ],
)
def test_invalid_predictions_are_refused_with_the_reason(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    file = write(evaluation([HAPPY, SAD], [HAPPY, SAD]), tmp_path, **changes)
    with pytest.raises(DataError, match=message):
        read_evaluation(file, "odd")


def test_damaged_predictions_are_refused(tmp_path: Path) -> None:
    file = write(evaluation([HAPPY], [HAPPY]), tmp_path)
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(DataError, match="not a predictions file"):
        read_evaluation(file, "cut")
    pickled = tmp_path / "pickled.npz"
    np.savez(pickled, sample_id=np.array([object()], object))
    with pytest.raises(DataError):
        read_evaluation(pickled, "pickled")
