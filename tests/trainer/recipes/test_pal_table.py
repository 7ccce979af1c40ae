"""PAL's recipes: every network with cross-entropy, three attributions and three channel choices."""

import itertools

import pytest
import torch

from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.losses.objective import Objective
from trainer.models import create
from trainer.models.shapes_only import shapes_only
from trainer.recipes import FAST, RECIPES, recipe

NETWORKS = ("vgg16", "resnet50", "resnet18")
METHODS = {"grad": "grad", "gradinput": "grad_x_input", "absgradinput": "abs_grad_x_input"}
CHANNELS = ("all", "mean", "half")
ROWS = list(itertools.product(NETWORKS, METHODS, CHANNELS))


def config_of(name: str) -> TrainConfig:
    return load_config(None, (), **recipe(name).values)


def test_there_is_a_row_for_each_combination_and_a_twin() -> None:
    expected = {f"pal/{'-'.join(row)}{fast}" for row in ROWS for fast in ("", FAST)}
    expected |= {f"pal/{net}-ce{fast}" for net in NETWORKS for fast in ("", FAST)}
    assert {name for name in RECIPES if name.startswith("pal/")} == expected


@pytest.mark.parametrize(("net", "method", "channels"), ROWS)
def test_the_loss_is_the_papers_and_all_else_the_twins(
    net: str, method: str, channels: str
) -> None:
    name = f"pal/{net}-{method}-{channels}"
    config, twin = config_of(name), config_of(f"pal/{net}-ce")
    pal = config.objective.pal
    assert (pal.method, pal.channels, pal.target) == (METHODS[method], channels, "sum_abs")
    assert pal.weight == 1
    assert config.model_copy(update={"objective": twin.objective}) == twin
    optim = config.optim
    assert (optim.optimizer, optim.learning_rate, optim.weight_decay) == ("adam", 1e-4, 0)
    assert (optim.schedule, optim.ema, optim.clip) == ("constant", 0, 0)
    assert recipe(name).published == "none verified"
    said = recipe(name).differences
    assert "the pictures' size are ours" in said
    assert ("keeps its sign" in said) == (method == "gradinput")
    assert ("ResNet18 is ours" in said) == (net == "resnet18")
    earlier = method == "grad" and net != "vgg16"  # which has no pooling to a single value
    assert ("taken at stage 3" in said) == ("at stage 3" in recipe(name).title) == earlier
    assert pal.layer == ("trunk.layer3" if earlier else "")
    assert ("eq. 3 as printed" in recipe(name).title) == (method == "absgradinput")


@pytest.mark.parametrize(
    "name", [name for name in RECIPES if name.endswith(FAST) and "pal/" in name]
)
def test_the_layer_exists(name: str) -> None:
    config = config_of(name)
    with shapes_only():
        model = create(config.model.name, input_size=64, **config.model.options)
    Objective(config.objective, model, torch.eye(7))
