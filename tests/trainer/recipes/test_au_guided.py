"""The eleven methods with and without action units: each learns, and is explained by its own."""

from pathlib import Path

import pytest
import torch

from tests.support.trainer.drawn import drawn_data
from trainer.attribution import available_methods
from trainer.card import ModelCard
from trainer.config.train_config import load_config
from trainer.data.crops import align_all
from trainer.models import create
from trainer.recipes import FAST, RECIPES, recipe
from trainer.training.run_dir import RunDir
from trainer.training.state import ALONE, new_learner
from trainer.training.train_step import Plan, Steps

METHODS = [
    "cam",
    "gradcam",
    "gradcam-pp",
    "layercam",
    "cutmix",
    "adl",
    "wildcat",
    "acol",
    "prm",
    "ts-cam",
    "apvit",
]
SETS = (
    "data.crop_size=36", "data.input_size=32", "optim.epochs=2", "optim.batch_size=14",
    "optim.learning_rate=0.02", "optim.clip=5", "run.precision=fp32",
)  # fmt: skip
TINY = {  # networks at 32 px for one CPU, by method or network
    "adl": "{adl=true}",
    "resnet18": "{}",
    "ts_cam": "{patch=8,width=32,depth=2,heads=2}",
    "apvit": "{width=32,depth=2}",
    "acol": "{hidden=32}",
}


def test_all_are_there_with_and_without() -> None:
    expected = {f"au/{method}{end}{fast}" for method in METHODS for end in ("", "-au")
                for fast in ("", FAST)}  # fmt: skip
    assert {name for name in RECIPES if name.startswith("au/")} == expected


@pytest.mark.parametrize("method", METHODS)
def test_the_two_differ_in_the_action_units_alone(method: str) -> None:
    plain, guided = (recipe(f"au/{method}{end}").values for end in ("", "-au"))
    assert guided["objective"].pop("au") == {"weight": 4.0}
    assert plain == guided


def test_what_the_paper_says() -> None:
    config = load_config(None, [], **recipe("au/gradcam-pp-au").values)
    optim = config.optim
    assert (config.model.name, config.model.options["large_maps"]) == ("resnet50", True)
    assert (optim.learning_rate, optim.weight_decay, optim.step_factor) == (0.002, 5e-4, 0.9)
    assert (optim.step_epochs, optim.epochs, optim.batch_size) == (4, 20, 224)
    assert (config.data.crop_size, config.data.input_size, config.augment.area) == (256, 224, 0.8)
    assert config.model.explanation == "gradcam_pp"
    assert "88.95 .70" in recipe("au/cam-au").published


@pytest.mark.parametrize("fast", ["", FAST])
@pytest.mark.parametrize("method", METHODS)
def test_the_network_can_be_explained_so(method: str, fast: str) -> None:
    config = load_config(None, [], **recipe(f"au/{method}{fast}").values)
    network = create(config.model.name, **config.model.options)
    assert config.model.explanation in available_methods(network, "live")


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_it_learns_in_two_epochs(method: str, tmp_path: Path) -> None:
    base = recipe(f"au/{method}-au{FAST}").values
    small = TINY.get(method, TINY.get(base["model"]["name"], "{depth=18}"))
    sets = [f"model.options={small}", *SETS]
    config = load_config(None, sets, **base)
    crops = align_all(drawn_data(14, splits=("train",)), config.data.preprocessing)
    card = ModelCard(
        name=method,
        architecture=config.model.name,
        arguments=config.model.options,
        attribution_layer="",
        preprocessing=config.data.preprocessing,
    )
    torch.manual_seed(0)
    learner = new_learner(config, card, crops.targets, torch.device("cpu"))
    plan, run = Plan.of(config, len(crops), ALONE), RunDir(tmp_path)
    steps = Steps(run, learner, crops, config, plan, ALONE, lambda *_, **__: None)
    first, second = (steps.until(plan.per_epoch * epoch, lambda: False) for epoch in (1, 2))
    assert first is not None
    assert second is not None
    assert second["loss"] < first["loss"]
    assert second["loss_au"] < first["loss_au"]
