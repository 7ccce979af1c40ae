"""Priors: the formula, where the shares come from, and what is refused."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import ROOT
from trainer.card import ModelCard
from trainer.errors import UsageError
from trainer.evaluation.metrics import softmax
from trainer.prior import ClassPrior, training_shares

CLASSES = ("happy", "sad", "neutral")
TRAINED = {"happy": 0.7, "sad": 0.1, "neutral": 0.2}


def card(**changes: Any) -> ModelCard:
    values = {
        "name": "small",
        "architecture": "compact",
        "arguments": {},
        "attribution_layer": "stages",
        "classes": CLASSES,
        "prior": TRAINED,
        "temperature": 1.7,
    }
    return ModelCard(**values | changes)


def logits() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


def test_the_module_needs_no_torch() -> None:
    code = "import sys, trainer.prior; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "False", done.stderr


def test_trained_changes_nothing_whatever_the_card_says() -> None:
    for prior in (TRAINED, {}):
        assert np.array_equal(ClassPrior.of(card(prior=prior)).adjust(logits()), logits())
    assert ClassPrior.of(card()).shares == TRAINED


@pytest.mark.parametrize(
    ("choice", "target"),
    [
        ("balanced", [1 / 3, 1 / 3, 1 / 3]),
        ({"neutral": 6, "sad": 3, "happy": 1}, [0.1, 0.3, 0.6]),
        (TRAINED, [0.7, 0.1, 0.2]),
    ],
)
def test_probabilities_follow_the_formula(choice: Any, target: list[float]) -> None:
    """softmax((o − log p_train + log p_target) / T), written out."""
    prior = ClassPrior.of(card(), choice)
    powers = np.exp((logits() - np.log([0.7, 0.1, 0.2]) + np.log(target)) / 1.7)
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softmax(prior.adjust(logits()), 1.7), expected, rtol=1e-5)
    np.testing.assert_allclose([prior.shares[name] for name in CLASSES], target)


def test_the_shift_replaces_the_prior_by_bayes_rule() -> None:
    """Of a perfect model of p(class | x) in training, at T = 1."""
    likelihood = np.array([[0.2, 0.5, 0.1]])  # p(x | class)
    posterior = np.log(likelihood * [0.7, 0.1, 0.2]).astype(np.float32)
    adjusted = softmax(ClassPrior.of(card(), "balanced").adjust(posterior))
    np.testing.assert_allclose(adjusted, likelihood / likelihood.sum(), rtol=1e-5)


def test_a_file_gives_the_same_as_its_shares(tmp_path: Path) -> None:
    file = tmp_path / "audience.json"
    file.write_text(json.dumps({"sad": 1, "neutral": 2.0, "happy": 5}))
    prior = ClassPrior.of(card(), str(file))
    assert prior.as_json() == {"happy": 0.625, "sad": 0.125, "neutral": 0.25}
    assert str(prior) == "happy 62.5 %, sad 12.5 %, neutral 25 %"
    given = ClassPrior.of(card(), {"happy": 0.625, "sad": 0.125, "neutral": 0.25})
    np.testing.assert_allclose(prior.shift, given.shift)
    assert [ClassPrior.of(card(), name).as_json() for name in ("trained", "balanced")] == [
        "trained",
        "balanced",
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"happy": 1, "sad": 1}', "the share of neutral is missing"),
        ('{"happy": 1, "sad": 1, "neutral": 1, "bored": 1}', "the model has no class bored"),
        ('{"happy": 0, "sad": 1, "neutral": 1}', "share of happy must be more than 0 .* it is 0"),
        ('{"happy": -1, "sad": 1, "neutral": 1}', "share of happy must be more than 0"),
        ('{"happy": NaN, "sad": 1, "neutral": 1}', "share of happy must be more than 0"),
        ('{"happy": Infinity, "sad": 1, "neutral": 1}', "share of happy must be more than 0"),
        ('{"happy": "1", "sad": 1, "neutral": 1}', "share of happy is no number: '1'"),
        ('{"happy": true, "sad": 1, "neutral": 1}', "share of happy is no number"),
        ('{"happy": 1, "happy": 2, "sad": 1, "neutral": 1}', "happy is named twice"),
        ("[1, 2, 3]", "not a JSON object"),
        ("happy=1", "is not JSON"),
        ("\xff", "is not JSON"),
    ],
)
def test_shares_that_do_not_fit_are_refused(tmp_path: Path, content: str, reason: str) -> None:
    file = tmp_path / "audience.json"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(UsageError, match=f"audience.json: .*{reason}"):
        ClassPrior.of(card(), str(file))


def test_a_name_that_is_no_file_lists_the_choices(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'balance' is neither trained nor balanced"):
        ClassPrior.of(card(), "balance")
    with pytest.raises(UsageError, match="cannot be read"):
        ClassPrior.of(card(), str(tmp_path))


@pytest.mark.parametrize("choice", ["balanced", {"happy": 1, "sad": 1, "neutral": 1}])
def test_a_card_without_a_prior_can_only_be_used_as_trained(choice: Any) -> None:
    with pytest.raises(UsageError, match="card of small does not say how frequent") as caught:
        ClassPrior.of(card(prior={}), choice)
    assert "trained" in caught.value.hint
    never = {"happy": 0.5, "sad": 0.0, "neutral": 0.5}
    with pytest.raises(UsageError, match="small was trained without any picture of sad"):
        ClassPrior.of(card(prior=never), choice)
    assert ClassPrior.of(card(prior=never)).shares == never


def test_training_shares_count_mass_and_weights() -> None:
    assert training_shares(CLASSES, [6.0, 1.5, 0.5]) == {
        "happy": 0.75,
        "sad": 0.1875,
        "neutral": 0.0625,
    }
    assert training_shares(("a", "b"), [3.0, 1.0], [1.0, 3.0]) == {"a": 0.5, "b": 0.5}
