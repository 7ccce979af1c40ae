"""The prior that a run writes into its model's card."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.trainer.drawn import drawn_data
from trainer.config.loading import load_config
from trainer.config.objective_config import ObjectiveConfig
from trainer.losses import loss_registry
from trainer.losses.loss_registry import find_loss
from trainer.model_index import read_card
from trainer.training.batches import training_crops
from trainer.training.learned_prior import learned_prior
from trainer.training.run_dir import create_run
from trainer.training.trainer import Trainer

CLASSES = ("happy", "sad", "neutral")
# hard labels and votes: 3, 0.6 and 0.4 of 4
TARGETS = torch.tensor([[1.0, 0, 0], [1.0, 0, 0], [1.0, 0, 0], [0, 0.6, 0.4]])


def shares(config: ObjectiveConfig) -> list[float]:
    return list(learned_prior(config, TARGETS, CLASSES).values())


def test_it_is_the_expected_share_under_the_targets() -> None:
    assert shares(ObjectiveConfig()) == pytest.approx([0.75, 0.15, 0.1])


def test_class_weights_count_like_frequency() -> None:
    assert shares(ObjectiveConfig(class_weights="balanced")) == pytest.approx([1 / 3] * 3)
    roots = np.sqrt([0.75, 0.15, 0.1])
    assert shares(ObjectiveConfig(class_weights="root")) == pytest.approx(roots / roots.sum())


def test_a_class_without_samples_has_no_share() -> None:
    targets = TARGETS[:3]
    for weights in ("none", "root", "balanced"):
        prior = learned_prior(ObjectiveConfig(class_weights=weights), targets, CLASSES)
        assert prior == {"happy": 1.0, "sad": 0.0, "neutral": 0.0}


@pytest.mark.parametrize(("tau", "weights", "power"), [
    (1.0, "none", 0), (0.5, "none", 0.5), (1.5, "none", -0.5), (0.5, "root", 0),
])  # fmt: skip
def test_logit_adjustment_leaves_the_rest_of_the_shares(
    tau: float, weights: str, power: float
) -> None:
    """π^(1 − τ), and class weights count besides."""
    config = ObjectiveConfig.model_validate(
        {"class_weights": weights, "logit_adjusted": {"weight": 1.0, "tau": tau}}
    )
    expected = np.array([0.75, 0.15, 0.1]) ** power
    assert shares(config) == pytest.approx(expected / expected.sum())


def test_it_is_uniform_after_a_loss_that_balances(monkeypatch: pytest.MonkeyPatch) -> None:
    class Balancing(find_loss("center")):  # type: ignore[misc]
        balances_prior = True

    monkeypatch.setitem(loss_registry._LOSSES, "center", Balancing)
    for weight, expected in ((0.1, [1 / 3] * 3), (0, [0.75, 0.15, 0.1])):
        config = load_config(None, [f"objective.center.weight={weight}", "augment.mixup=0"])
        assert shares(config.objective) == pytest.approx(expected)


def test_a_run_writes_that_of_the_samples_it_used(tmp_path: Path) -> None:
    """Of those below the limit, whose classes are as frequent as in all training pictures."""
    data = drawn_data(8)
    happy = data.classes.index("happy")
    data = data.select(np.flatnonzero((data.label != happy) | (np.arange(len(data)) % 2 == 0)))
    config = load_config(
        None,
        [
            *("optim.epochs=1", "optim.batch_size=14", "data.limit=20", "augment.mixup=0"),
            *("model.options.widths=[8,16]", "model.options.blocks=[1,1]", "run.device='cpu'"),
        ],
    )
    run = create_run(tmp_path, "short", config, tmp_path)
    Trainer(run, "short", config, data).fit()
    labels = training_crops(run, config, data).labels.numpy()
    assert len(labels) == 20
    counts = np.bincount(labels, minlength=len(data.classes))
    for file in (run.best, run.last):
        prior = read_card(file).prior
        assert list(prior) == list(data.classes)
        assert list(prior.values()) == pytest.approx(counts / 20)
    assert prior["happy"] < prior["sad"]
