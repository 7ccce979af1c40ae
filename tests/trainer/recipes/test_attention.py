"""The attention systems: the sources' settings, and twins that differ in the attention alone."""

import pytest

from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.recipes import FAST, RECIPES, fast_tables, recipe, tables
from trainer.training.state import learning_rate

NAMES = ("dan", "dan-softmax", "poster-lite", "poster-lite-softmax")


def config_of(name: str) -> TrainConfig:
    return load_config(None, [], **recipe(f"attention/{name}").values)


def test_each_recipe_has_a_fast_form() -> None:
    assert {name for name in RECIPES if name.startswith("attention/")} == {
        f"attention/{name}{fast}" for name in NAMES for fast in ("", FAST)
    }
    assert "attention" in tables()
    assert "attention" in fast_tables()


@pytest.mark.parametrize("fast", ["", FAST])
@pytest.mark.parametrize("name", ["dan", "poster-lite"])
def test_a_twin_differs_in_network_and_losses_alone(name: str, fast: str) -> None:
    ours, twin = config_of(name + fast), config_of(f"{name}-softmax{fast}")
    assert ours.objective.losses
    assert not twin.objective.losses
    assert ours.objective.label_smoothing == twin.objective.label_smoothing
    changed = {"model": ours.model, "objective": ours.objective}
    assert twin.model_copy(update=changed) == ours
    shared = {"dan": "size", "poster-lite": "widths"}[name]
    assert ours.model.options.get(shared) == twin.model.options.get(shared)


def test_settings_match_the_sources() -> None:
    dan = config_of("dan")
    assert (dan.optim.optimizer, dan.optim.learning_rate, dan.optim.momentum) == ("sgd", 0.1, 0.9)
    assert (dan.optim.batch_size, dan.optim.epochs, dan.optim.weight_decay) == (256, 40, 1e-4)
    rates = [learning_rate(epoch, 40, 1, dan.optim) for epoch in (0, 9, 10, 20, 30)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 1e-3, 1e-4])
    assert {name: loss.weight for name, loss in dan.objective.losses.items()} == {
        "affinity": 1.0,
        "partition": 1.0,
    }
    assert (dan.data.input_size, dan.augment.erase, dan.augment.mixup) == (224, 0.5, 0.0)
    assert "89.70" in recipe("attention/dan").published

    poster = config_of("poster-lite")
    assert (poster.optim.optimizer, poster.optim.epochs, poster.optim.batch_size) == (
        "adam",
        300,
        200,
    )
    assert poster.optim.step_factor == 0.98
    # their 2 · smoothed + plain cross-entropy gives the true class 1 + 2 · 0.8 of 3 shares,
    # besides 1/7 of what is spread over all classes
    spread = poster.objective.label_smoothing
    assert 3 * (1 - spread) == pytest.approx(1 + 2 * 0.8, abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_fast_forms_fall_as_far_as_the_whole(name: str) -> None:
    whole, fast = config_of(name).optim, config_of(name + FAST).optim
    last = [
        learning_rate(optim.epochs - 1, optim.epochs, 1, optim) / optim.learning_rate
        for optim in (whole, fast)
    ]
    assert fast.epochs == 10
    assert last[1] == pytest.approx(last[0], rel=1.0)
    assert fast.learning_rate / fast.batch_size <= 4 * whole.learning_rate / whole.batch_size
