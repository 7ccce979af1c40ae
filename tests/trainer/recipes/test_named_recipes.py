"""Recipes by name: each can be built, has its fast form, and takes another pipeline."""

import pytest
import torch

from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.errors import UsageError
from trainer.models import create
from trainer.models.shapes_only import shapes_only
from trainer.recipes import FAST, RECIPES, recipe, recipe_values, tables


def config_of(name: str) -> TrainConfig:
    return load_config(None, (), **recipe(name).values)


def networks() -> dict[str, TrainConfig]:
    """One recipe for each network and picture size."""
    configs = {}
    for name in RECIPES:
        config = config_of(name)
        configs[f"{config.model.name}-{config.model.options}-{config.data.input_size}"] = config
    return configs


@pytest.mark.parametrize(("_name", "config"), networks().items())
def test_the_network_takes_inputs_of_this_size(_name: str, config: TrainConfig) -> None:
    side = config.data.input_size
    with shapes_only():
        model = create(config.model.name, input_size=side, **config.model.options)
        assert model.train()(torch.zeros(2, 1, side, side)).shape == (2, 7)


@pytest.mark.parametrize(
    "table", ["report-001", "report-003", "pal", "dacl", "au", "attention", "affect"]
)
def test_each_published_row_has_a_fast_form(table: str) -> None:
    assert table in tables()
    rows = [name for name in RECIPES if name.startswith(f"{table}/")]
    whole = [name for name in rows if not name.endswith(FAST)]
    assert {name + FAST for name in whole} == set(rows) - set(whole)
    for name in whole:
        assert recipe(name).published
        fast = config_of(name + FAST)
        assert fast.data.input_size == 64
        assert fast.data.crop_size / 64 == pytest.approx(
            config_of(name).data.crop_size / config_of(name).data.input_size, abs=0.01
        )
        assert fast.optim.epochs <= 10
        assert not fast.model.init  # nothing is downloaded


def test_a_pipeline_replaces_the_recipes_own() -> None:
    config = load_config(None, **recipe_values("twin/ce", "au"))
    assert (config.augment.area, config.augment.contrast, config.data.input_size) == (
        0.8,
        0.4,
        224,
    )
    assert config.model.name == "compact"
    assert config.data.limit == 8000  # is not part of a pipeline
    assert load_config(None, **recipe_values("au/cutmix", "fast")).augment.cutmix
    with pytest.raises(UsageError, match="known are dacl, comparison, au, fast"):
        recipe_values("twin/ce", "slow")


def test_another_network_does_not_start_from_the_recipes_weights() -> None:
    assert load_config(None, **recipe("default").values).model.init
    other = load_config(None, ["model.name=wildcat"], **recipe("default").values).model
    assert (other.init, other.options) == ("", {})
    given = ["model.name=wildcat", "model.init=mine.pt"]
    assert load_config(None, given, **recipe("default").values).model.init == "mine.pt"


def test_an_unknown_recipe_suggests_similar_names() -> None:
    with pytest.raises(UsageError, match="no recipe 'pal/resnet18'") as caught:
        recipe("pal/resnet18")
    assert "pal/resnet18-ce" in caught.value.hint
    assert "`fertrain recipes` lists all" in caught.value.hint
    assert len(caught.value.hint) < 120


def test_recipes_of_this_project_train_as_before() -> None:
    """Nesterov's momentum, and no penalty on norms and biases."""
    own = [name for name in RECIPES if recipe(name).source == "this project"]
    assert {"default", "accurate", "twin/ce"} <= set(own)
    for name in own:
        optim = config_of(name).optim
        assert (optim.optimizer, optim.nesterov, optim.decay_norms) == ("sgd", True, False), name
