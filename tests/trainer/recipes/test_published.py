"""Published recipes: their settings match the sources, and each of them can run."""

import pytest
import torch

from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.errors import UsageError
from trainer.losses.objective import Objective
from trainer.models import create
from trainer.models.shapes_only import shapes_only
from trainer.recipes import FAST, RECIPES, recipe, recipe_values, tables
from trainer.training.state import learning_rate


def config_of(name: str, *sets: str) -> TrainConfig:
    return load_config(None, sets, **recipe(name).values)


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
    "name", [name for name in RECIPES if name.endswith(FAST) and "pal/" in name]
)
def test_the_layers_of_pal_exist(name: str) -> None:
    config = config_of(name)
    with shapes_only():
        model = create(config.model.name, input_size=64, **config.model.options)
    Objective(config.objective, model, torch.eye(7))


@pytest.mark.parametrize("table", ["report-001", "report-003", "pal", "dacl", "au", "affect"])
def test_each_published_row_has_a_fast_form(table: str) -> None:
    assert table in tables()
    rows = [name for name in RECIPES if name.startswith(f"{table}/")]
    whole = [name for name in rows if not name.endswith(FAST)]
    assert {name + FAST for name in whole} == set(rows) - set(whole)
    counts = {"report-001": 8, "report-003": 14, "pal": 21, "dacl": 6, "au": 22, "affect": 1}
    assert len(whole) == counts[table]
    for name in whole:
        assert recipe(name).published
        fast = config_of(name + FAST)
        assert fast.data.input_size == 64
        assert fast.data.crop_size / 64 == pytest.approx(
            config_of(name).data.crop_size / config_of(name).data.input_size, abs=0.01
        )
        assert fast.optim.epochs <= 10
        assert not fast.model.init  # nothing is downloaded


def test_settings_match_the_reports() -> None:
    best = config_of("report-001/exp3")
    assert (best.optim.batch_size, best.data.crop_size, best.data.input_size) == (64, 256, 200)
    assert (best.optim.learning_rate, best.optim.momentum, best.optim.weight_decay) == (
        0.01,
        0.9,
        5e-4,
    )
    assert (best.objective.center.weight, best.objective.center.alpha) == (0.01, 0.5)
    assert best.augment.crop == "five"
    twin = config_of("report-001/softmax")
    assert twin.objective.center.weight == 0
    assert twin.model_copy(update={"model": best.model, "objective": best.objective}) == best
    fifth = config_of("report-001/lr5").optim
    rates = [learning_rate(epoch, 60, 1, fifth) for epoch in (0, 4, 5, 10)]
    assert rates == pytest.approx([0.01, 0.01, 0.002, 0.0004])
    assert config_of("report-003/transfer-10").optim.epochs == 10
    assert not config_of("report-003/vgg-sgd").data.landmarks
    assert recipe("report-003/self-attention-adam").published == "69.08"
    pal = config_of("pal/resnet18-grad-half").objective.pal
    assert (pal.method, pal.channels, pal.target) == ("grad", "half", "sum_abs")
    assert config_of("pal/vgg16-ce").optim.learning_rate == 1e-4
    assert all(
        recipe(name).published == "none verified"
        for name in RECIPES
        if name.startswith("pal/") and not name.endswith(FAST)
    )
    assert recipe("dacl/raf-db-softmax").published == "86.54"


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
