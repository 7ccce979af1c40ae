"""Folds and the head's predictions out of fold."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from trainer.evaluation.label_errors.out_of_fold import (
    REGULARISATION,
    head_probabilities,
    stratified_folds,
)


def test_folds_share_the_classes_and_divide_no_group() -> None:
    draw = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], (200, 60, 20))
    group = np.arange(280)
    group[[3, 210, 275]] = 3  # copies under three labels
    group[40:60] = 40
    draw_order = draw.permutation(280)
    fold = stratified_folds(label[draw_order], group[draw_order], 5)
    for number in np.unique(group):
        assert len(set(fold[group[draw_order] == number])) == 1
    for k in range(3):
        counts = np.bincount(fold[label[draw_order] == k], minlength=5)
        assert abs(counts - counts.sum() / 5).max() <= 6
    np.testing.assert_array_equal(fold, stratified_folds(label[draw_order], group[draw_order], 5))


def test_each_fold_is_predicted_from_the_others() -> None:
    """As scikit-learn's own regression on standardised features of the other folds."""
    draw = np.random.default_rng(0)
    label = np.arange(90) % 3
    features = (draw.normal(size=(90, 6)) * 3 + np.eye(6)[label] * 12).astype(np.float16)
    fold = np.arange(90) // 3 % 3
    values = features.astype(np.float32)
    learned = fold != 1
    mean, deviation = values[learned].mean(axis=0), values[learned].std(axis=0)
    head = LogisticRegression(C=REGULARISATION).fit(
        (values[learned] - mean) / deviation, label[learned]
    )
    expected = head.predict_proba((values[fold == 1] - mean) / deviation)
    got = head_probabilities(features, label, fold, 4)
    np.testing.assert_allclose(got[fold == 1, :3], expected, atol=1e-3)
    assert not got[:, 3].any()  # a class without samples
    assert (got.argmax(axis=1) == label).mean() > 0.8
