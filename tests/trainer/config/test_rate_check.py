"""A warning before a learning rate that is far from the recipe's."""

from trainer.config.loading import load_config
from trainer.config.rate_check import rate_warning
from trainer.recipes import RECIPES, recipe_values

RECIPE = load_config(None, (), **recipe_values("personal"))  # SGD, 0.01, batches of 28


def warning(*sets: str) -> str:
    return rate_warning(load_config(None, sets, **recipe_values("personal")), RECIPE)


def test_ten_times_the_rate_warns_and_less_does_not() -> None:
    assert warning() == warning("optim.learning_rate=0.099") == ""
    assert warning("optim.learning_rate=0.1") == (
        "optim.learning_rate=0.1 is 10 times the recipe's (0.01): the run may diverge."
    )


def test_a_larger_batch_allows_a_larger_rate() -> None:
    assert warning("optim.learning_rate=0.1", "optim.accumulate=2") == ""
    assert "20 times the recipe's for this batch size (0.02)" in warning(
        "optim.learning_rate=0.4", "optim.batch_size=56"
    )
    assert "10 times the recipe's (0.01)" in warning(
        "optim.learning_rate=0.1", "optim.batch_size=7"
    )


def test_another_optimiser_has_another_usual_rate() -> None:
    assert warning("optim.optimizer='adam'", "optim.learning_rate=0.003") == ""
    assert "the usual one of adam (0.001)" in warning("optim.optimizer='adam'")


def test_no_recipe_warns_about_itself() -> None:
    for name in RECIPES:
        config = load_config(None, (), **recipe_values(name))
        assert rate_warning(config, config) == ""
