"""The eleven methods with and without action units: settings, explanation, learning."""

from pathlib import Path

import pytest

from tests.support.trainer.drawn import drawn_data
from trainer.attribution import available_methods
from trainer.config.loading import load_config
from trainer.models import create
from trainer.recipes import FAST, RECIPES, recipe
from trainer.training.run_dir import RunDir
from trainer.training.trainer import Trainer

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
    "optim.learning_rate=0.02", "optim.clip=5", "run.precision=fp32", "run.device=cpu",
)  # fmt: skip
TINY = {  # networks at 32 px for one CPU, by method or network
    "adl": "{adl=true}",
    "resnet18": "{}",
    "ts_cam": "{patch=8,width=32,depth=2,heads=2}",
    "apvit": "{width=32,depth=2}",
    "acol": "{hidden=32}",
}


def test_each_method_has_recipes_with_and_without_action_units() -> None:
    expected = {f"au/{method}{end}{fast}" for method in METHODS for end in ("", "-au")
                for fast in ("", FAST)}  # fmt: skip
    assert {name for name in RECIPES if name.startswith("au/")} == expected


@pytest.mark.parametrize("method", METHODS)
def test_both_recipes_differ_only_in_the_action_units(method: str) -> None:
    plain, guided = (recipe(f"au/{method}{end}").values for end in ("", "-au"))
    assert guided["objective"].pop("au") == {"weight": 4.0}
    assert plain == guided


def test_settings_match_the_paper() -> None:
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
def test_the_network_supports_the_attribution_method(method: str, fast: str) -> None:
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
    trainer = Trainer(RunDir(tmp_path), method, config, drawn_data(14))
    steps = trainer.plan.steps_per_epoch
    first, second = (trainer.train_until(steps * epoch) for epoch in (1, 2))
    trainer.close()
    assert first is not None
    assert second is not None
    assert second["loss"] < first["loss"]
    assert second["loss_au"] < first["loss_au"]
