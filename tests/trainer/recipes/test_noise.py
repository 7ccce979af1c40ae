"""Recipes for wrong labels and rare classes: twins, and the settings of their sources."""

import pytest
import torch

from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.losses.objective import Objective
from trainer.models import create
from trainer.models.shapes_only import shapes_only
from trainer.recipes import FAST, RECIPES, recipe, tables
from trainer.training.state import learning_rate

SYSTEMS = {
    "noise": ["softmax", "eac", "scn", "rul"],
    "prior": ["softmax", "balanced-softmax", "logit-adjusted"],
}
ALL = [
    f"{table}/{name}{fast}" for table, names in SYSTEMS.items() for name in names
    for fast in ("", FAST)
]  # fmt: skip


def config_of(name: str) -> TrainConfig:
    return load_config(None, [], **recipe(name).values)


@pytest.mark.parametrize("table", SYSTEMS)
def test_the_table_has_these_systems(table: str) -> None:
    assert table in tables()
    expected = {name for name in ALL if name.startswith(f"{table}/")}
    assert {name for name in RECIPES if name.startswith(f"{table}/")} == expected


@pytest.mark.parametrize("name", ALL)
def test_it_differs_from_its_twin_in_the_objective_alone(name: str) -> None:
    twin = config_of(f"noise/softmax{FAST if name.endswith(FAST) else ''}")
    config = config_of(name)
    assert config.model_copy(update={"objective": twin.objective}) == twin
    is_twin = name.removesuffix(FAST).endswith("/softmax")
    assert (config == twin) == is_twin


@pytest.mark.parametrize("name", ALL)
def test_the_losses_fit_the_network(name: str) -> None:
    config = config_of(name)
    with shapes_only():
        model = create(config.model.name, input_size=config.data.input_size, **config.model.options)
        Objective(config.objective, model, torch.eye(7))


def test_settings_match_the_sources() -> None:
    eac = config_of("noise/eac")
    assert eac.objective.eac.weight == 5
    optim = eac.optim
    assert (optim.optimizer, optim.weight_decay, optim.epochs) == ("adam", 1e-4, 60)
    assert (eac.model.name, eac.data.crop_size, eac.data.input_size) == ("resnet18", 224, 224)
    assert (eac.augment.erase, eac.objective.label_smoothing) == (0.5, 0)
    rates = [learning_rate(epoch, 60, 1, optim) for epoch in (0, 1, 10)]
    assert rates == pytest.approx([2e-4, 1.8e-4, 2e-4 * 0.9**10])
    scn = config_of("noise/scn").objective.scn
    assert (scn.high_share, scn.margin, scn.relabel_margin) == (0.7, 0.07, 0.2)
    assert scn.relabel_from == 10
    assert config_of("noise/rul").objective.rul.dropout == 0.4
    assert config_of("prior/balanced-softmax").objective.logit_adjusted.tau == 1
    assert config_of("prior/logit-adjusted").objective.logit_adjusted.tau == 0.5


def test_the_fast_form_is_for_one_cpu() -> None:
    scn = config_of(f"noise/scn{FAST}")
    assert (scn.model.name, scn.data.limit, scn.optim.epochs) == ("compact", 8000, 3)
    assert (scn.data.crop_size, scn.data.landmarks) == (48, False)
    # a new label needs a later epoch that learns it
    assert 0 < scn.objective.scn.relabel_from < scn.optim.epochs
    assert "relabelling from epoch 2" in recipe(f"noise/scn{FAST}").title
