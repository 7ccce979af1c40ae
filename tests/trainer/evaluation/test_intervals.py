"""Intervals and McNemar's test against published examples, scipy, scikit-learn and simulations."""

import json
import math
import time

import numpy as np
import pytest
import sklearn.metrics as oracle
from scipy.stats import binomtest, bootstrap

from trainer.evaluation.intervals import (
    McNemar,
    add_intervals,
    bootstrap_intervals,
    mcnemar,
    score_text,
    share_text,
    wilson,
)
from trainer.evaluation.metrics import calibration, classification_metrics, softmax


def predictions(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, 7) that are well calibrated, and labels; class 1 is rare."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, 2, (n, 7)) - np.array([0, 2, 0, 0, 0, 0, 0])
    labels = np.array([draw.choice(7, p=row) for row in softmax(logits)])
    return logits.astype(np.float32), labels


def test_wilson_on_published_examples() -> None:
    """Newcombe 1998 (Statistics in Medicine 17:857), table I, method 3."""
    for hits, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson(hits, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (3, 7), (168, 280), (2314, 3589)])
def test_wilson_is_that_of_scipy(hits: int, n: int) -> None:
    expected = binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson(hits, n) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= wilson(hits, n)[0] < wilson(hits, n)[1] <= 1


def test_without_samples_nothing_is_known() -> None:
    assert all(math.isnan(limit) for limit in wilson(0, 0))
    nothing = bootstrap_intervals(np.zeros((0, 7)), np.zeros(0, np.int64))
    assert all(math.isnan(limit) for pair in nothing.values() for limit in pair)


def test_the_bootstrap_is_that_of_scipy() -> None:
    """Of mean class accuracy and F1 by scikit-learn, with its own draws."""
    logits, labels = predictions(300)
    predicted = logits.argmax(axis=1)
    ours = bootstrap_intervals(logits, labels)
    assert ours["accuracy"] == wilson(int((predicted == labels).sum()), 300)

    def macro(score, **options):
        return lambda true, guess: score(true, guess, average="macro", zero_division=0, **options)

    for name, score in (
        ("mean_class_accuracy", oracle.recall_score),
        ("macro_f1", oracle.f1_score),
    ):
        found = bootstrap(
            (labels, predicted), macro(score, labels=range(7)), n_resamples=250, paired=True,
            vectorized=False, method="percentile", rng=np.random.default_rng(1),
        ).confidence_interval  # fmt: skip
        assert ours[name] == pytest.approx((found.low, found.high), abs=0.015)


def test_the_ece_is_resampled_as_it_is_defined() -> None:
    """Against resamples with the calibration of the reports, one by one."""
    logits, labels = predictions(400)
    probabilities, draw = softmax(logits, 0.7), np.random.default_rng(5)
    errors = []
    for _ in range(600):
        rows = draw.integers(0, 400, 400)
        errors.append(calibration(probabilities[rows], labels[rows]).error)
    estimate = calibration(probabilities, labels).error
    low, high = np.percentile(np.array(errors) - np.mean(errors) + estimate, [2.5, 97.5])
    assert bootstrap_intervals(logits, labels, 0.7)["ece"] == pytest.approx((low, high), abs=0.006)
    assert low < estimate < high


def test_the_intervals_hold_the_figure_of_new_samples() -> None:
    """About 95 % of the intervals of small samples hold the figure's mean over all samples."""
    logits, labels = predictions(60_000, seed=3)
    names = ("accuracy", "mean_class_accuracy", "macro_f1", "ece")
    parts = [slice(start, start + 300) for start in range(0, 60_000, 300)]
    found = [bootstrap_intervals(logits[part], labels[part], draws=200) for part in parts]
    classes = tuple("abcdefg")
    figures = [classification_metrics(logits[part], labels[part], classes) for part in parts]
    for name in names:
        mean = np.mean([figure[name] for figure in figures])
        held = np.mean([each[name][0] <= mean <= each[name][1] for each in found])
        assert held >= 0.88, name


def test_the_same_seed_gives_the_same_intervals_and_two_thousand_draws_are_quick() -> None:
    logits, labels = predictions(3589)
    began = time.perf_counter()
    once = bootstrap_intervals(logits, labels)
    assert time.perf_counter() - began < 3  # about 0.3 s where this was written
    assert once == bootstrap_intervals(logits, labels)
    assert once != bootstrap_intervals(logits, labels, seed=1)
    assert once["accuracy"][1] - once["accuracy"][0] == pytest.approx(0.03, abs=0.01)


def test_metrics_gain_intervals_that_json_can_write() -> None:
    logits, labels = predictions(100)
    labels[labels == 6] = 5
    classes = tuple("abcdefg")
    metrics = classification_metrics(logits, labels, classes)
    found = add_intervals(metrics, logits, labels)
    assert metrics.items() <= {**found, "per_class": metrics["per_class"]}.items()
    assert found["per_class"]["g"]["interval"] is None
    row = found["per_class"]["a"]
    low, high = row["interval"]
    assert (low, high) == wilson(round(row["accuracy"] * row["n"]), row["n"])
    assert found["intervals"].keys() == {"accuracy", "mean_class_accuracy", "macro_f1", "ece"}
    json.dumps(found, allow_nan=False)


def test_mcnemar_on_a_published_example() -> None:
    """Fay 2011 (Exact McNemar's Test, R package exact2x2): 21 and 9 discordant pairs."""
    right = np.repeat([[1, 0], [0, 1], [1, 1], [0, 0]], [21, 9, 2, 12], axis=0).astype(bool)
    found = mcnemar(right[:, 0], right[:, 1])
    assert (found.only_first, found.only_second) == (21, 9)
    assert found.p == pytest.approx(0.04277, abs=5e-6)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (12, 11), (0, 5), (40, 90), (1500, 1600)])
def test_mcnemar_is_the_binomial_test(first: int, second: int) -> None:
    right = np.repeat([[True, False], [False, True], [True, True]], [first, second, 3], axis=0)
    found = mcnemar(right[:, 0], right[:, 1])
    expected = binomtest(first, first + second).pvalue if first + second else 1.0
    assert found.p == pytest.approx(expected, rel=1e-9)


def test_the_verdict_is_a_sentence() -> None:
    assert McNemar(12, 11, 1.0).verdict("New", "Start") == (
        "New is right on 12 faces that Start gets wrong, 11 the other way: no evidence of a "
        "difference (p = 1.00)."
    )
    assert McNemar(1, 1300, 1e-9).verdict("New", "Start") == (
        "New is right on 1 face that Start gets wrong, 1,300 the other way: Start is better "
        "(p < 0.001)."
    )
    assert McNemar(21, 9, 0.0428).verdict("A", "B").endswith("A is better (p = 0.043).")
    assert (
        McNemar(0, 0, 1.0).verdict("A", "B")
        == "A and B are right on the same faces: no difference."
    )


def test_figures_are_written_with_their_interval() -> None:
    assert share_text(0.59, (0.531, 0.6464)) == "59.0 % (53.1 to 64.6)"
    assert share_text(0.59, None) == "59.0 %"
    assert score_text(0.5716, [0.521, 0.618]) == "0.572 (0.521 to 0.618)"
