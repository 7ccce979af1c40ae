"""Probabilities of classes for samples whose own labels were not learned."""

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.metrics import Floats, Ints
from trainer.evaluation.predictions import Progress, no_progress

REGULARISATION = 0.01  # scikit-learn's C: small, so that wrong labels are not learned by heart
MAX_STEPS = 300


def stratified_folds(label: Ints, group: Ints, folds: int, seed: int = 0) -> Ints:
    """(N,) the fold of each sample: each has its share of every class, and no group is divided."""
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    fold = np.empty(len(label), np.int64)
    for number, (_, held_out) in enumerate(splitter.split(label, label, group)):
        fold[held_out] = number
    return fold


def head_probabilities(
    features: NDArray[np.float16],
    label: Ints,
    fold: Ints,
    classes: int,
    progress: Progress = no_progress,
) -> Floats:
    """(N, K) by logistic regression on the features (N, d) of the other folds."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    values = features.astype(np.float32)
    probabilities = np.zeros((len(label), classes))
    folds = int(fold.max()) + 1
    for number in range(folds):
        progress(number, folds)
        held_out = fold == number
        head = make_pipeline(
            StandardScaler(), LogisticRegression(C=REGULARISATION, max_iter=MAX_STEPS)
        )
        with threadpool_limits(1):  # on a busy computer threads wait longer than they help
            head.fit(values[~held_out], label[~held_out])
        learned = head[-1].classes_
        probabilities[np.ix_(held_out, learned)] = head.predict_proba(values[held_out])
    progress(folds, folds)
    return probabilities
