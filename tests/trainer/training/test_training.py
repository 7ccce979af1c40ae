"""The evaluation's numbers are those of their formulas; settings are checked."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.trainer.drawn import drawn_data
from trainer.card import ModelCard
from trainer.config.loading import load_config
from trainer.config.sections import Section
from trainer.config.train_config import TrainConfig
from trainer.errors import UsageError
from trainer.evaluation.evaluate import evaluate, fit_temperature, metrics, softmax, votes_accuracy
from trainer.losses import soft_cross_entropy
from trainer.models import create


def test_cross_entropy_against_its_formula() -> None:
    logits = torch.randn(5, 7, dtype=torch.float64)
    targets = torch.softmax(torch.randn(5, 7, dtype=torch.float64), 1)
    smoothed = 0.9 * targets + 0.1 / 7
    expected = -(smoothed * torch.log_softmax(logits, 1)).sum(1).mean()
    assert float(soft_cross_entropy(logits, targets, 0.1)) == pytest.approx(float(expected), 1e-5)


def test_metrics_against_hand_counts() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    predicted = np.array([0, 0, 1, 1, 2, 2])
    logits = np.eye(3, dtype=np.float32)[predicted] * 5
    result = metrics(logits, labels, ("a", "b", "c"))
    assert result["confusion"] == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    assert result["accuracy"] == pytest.approx(4 / 6)
    assert result["mean_class_accuracy"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert result["per_class"]["a"]["precision"] == 1.0
    assert result["macro_f1"] == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)
    confidence = np.exp(5) / (np.exp(5) + 2)
    assert result["ece"] == pytest.approx(confidence - 4 / 6, abs=1e-6)


def test_the_fitted_temperature_undoes_overconfidence() -> None:
    draw = np.random.default_rng(0)
    logits = draw.normal(0, 2, (4000, 7)).astype(np.float32)
    labels = np.array([draw.choice(7, p=row) for row in softmax(logits)])
    assert fit_temperature(logits, labels) == pytest.approx(1, abs=0.1)
    assert fit_temperature(3 * logits, labels) == pytest.approx(3, abs=0.3)
    sharp = metrics(3 * logits, labels, tuple("abcdefg"))["ece"]
    assert metrics(3 * logits, labels, tuple("abcdefg"), temperature=3.0)["ece"] < sharp / 3


def test_majority_votes_leave_ties_out() -> None:
    votes = np.array([[0.5, 0.5, 0], [0.8, 0.1, 0.1], [0, 0.3, 0.7]], np.float32)
    logits = np.array([[1, 0, 0], [1, 0, 0], [1, 0, 0]], np.float32)
    assert votes_accuracy(logits, votes) == {"majority_accuracy": 0.5, "n": 2}
    assert votes_accuracy(logits[:1], votes[:1]) == {}


def test_what_needs_landmarks_is_left_out_where_there_are_none() -> None:
    """And no number that JSON does not know stands in its place."""
    options = {"widths": [8, 16], "blocks": [1, 1]}
    card = ModelCard(
        name="small", architecture="compact", arguments=options, attribution_layer="stages"
    )
    found = evaluate(
        create("compact", **options),
        card,
        drawn_data(2).without_landmarks(),
        torch.device("cpu"),
        explain=True,
    )
    assert not {"landmark_r", "votes"} & found.keys()
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("optim.epochs=0", "optim.epochs = 0: must be a whole number from 1 to 10000"),
        ("optim.epochs=many", "optim.epochs = 'many': must be a whole number from 1 to 10000"),
        ("optim.epoch=3", "no such field .*epochs"),
        ("optimizer.lr=3", "no such field .*optim"),
        ("data.normalisation='half'", "must be image or fixed"),
        ("epochs=3", "section.field=value"),
        ("optim.epochs", "section.field=value"),
        ("run.device=tpu", "run.device"),
    ],
)
def test_wrong_settings_name_the_field_and_what_it_allows(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        load_config(None, [text])


def test_settings_win_over_the_file_and_the_file_over_the_recipe(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[optim]\nepochs = 5\nbatch_size = 64\n")
    config = load_config(file, ["optim.epochs=7"], optim={"epochs": 3, "learning_rate": 0.3})
    assert (config.optim.epochs, config.optim.batch_size, config.optim.learning_rate) == (
        7,
        64,
        0.3,
    )


def test_another_model_leaves_the_options_of_the_recipe_behind() -> None:
    base = {"model": {"name": "compact", "options": {"widths": [8, 16]}}}
    assert load_config(None, ["model.name=resnet18"], **base).model.options == {}
    deeper = load_config(None, ["model.options.blocks=[1,1]"], **base)
    assert deeper.model.options == {"widths": [8, 16], "blocks": [1, 1]}


def test_every_field_has_a_help_text() -> None:
    sections: list[type[Section]] = [TrainConfig]
    for section in sections:
        for name, field in section.model_fields.items():
            kind = field.annotation
            if isinstance(kind, type) and issubclass(kind, Section):
                sections.append(kind)
            else:
                assert field.description, (section, name)
    assert len(sections) > 8  # also the sections within sections
