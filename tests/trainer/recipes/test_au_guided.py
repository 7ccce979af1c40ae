"""The eleven methods with and without action units: settings, explanation, learning."""

import math
from pathlib import Path

import pytest
import torch

from tests.support.trainer.drawn import drawn_data
from trainer.attribution import available_methods
from trainer.config.loading import load_config
from trainer.models import create
from trainer.models.shapes_only import shapes_only
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
    "apvit": "{blocks=[1,1,1],width=32,depth=2}",
    "acol": "{hidden=32}",
}


def tiny_sets(method: str) -> list[str]:
    network = recipe(f"au/{method}-au{FAST}").values["model"]["name"]
    options = TINY.get(method, TINY.get(network, "{depth=18}"))
    return [f"model.options={options}", *SETS]


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
    assert (config.data.crop_size, config.data.input_size) == (256, 224)
    augment = config.augment
    assert (augment.rotation, augment.area, augment.aspect, augment.flip) == (6, 0.8, 1, 0.5)
    assert (augment.brightness, augment.contrast, augment.light) == (0.4, 0.4, 0.8)
    assert (augment.erase, augment.erase_fill) == (0.5, "noise")
    assert config.run.validations == round(1 / 0.0437)
    assert load_config(None, [], **recipe(f"au/cam{FAST}").values).run.validations == 1
    assert config.model.explanation == "gradcam_pp"
    assert "88.95 .70" in recipe("au/cam-au").published


@pytest.mark.parametrize(
    ("method", "network", "options"),
    [
        ("cam", "resnet50", {"large_maps": True}),
        ("adl", "resnet50", {"large_maps": True, "adl": True, "adl_drop": 0.4, "adl_gamma": 0.1}),
        (
            "wildcat",
            "wildcat",
            {
                "depth": 50,
                "modalities": 5,
                "top": 0.5,
                "bottom": 0.1,
                "alpha": 0.6,
                "halved": True,
            },
        ),
        ("acol", "acol", {"depth": 50, "hidden": 1024, "threshold": 0.1}),
        ("prm", "prm", {"depth": 50, "form": "maps"}),
        ("apvit", "apvit", {}),
    ],
)
def test_the_networks_are_those_of_the_authors_code(
    method: str, network: str, options: dict[str, object]
) -> None:
    model = recipe(f"au/{method}-au").values["model"]
    assert (model["name"], model.get("options", {})) == (network, options)


def test_each_network_is_as_large_as_its_layers_say() -> None:
    """Parameters of the heads, counted by hand; F has 2,048 channels."""

    def count(method: str) -> int:
        config = load_config(None, [], **recipe(f"au/{method}").values)
        with shapes_only():
            network = create(config.model.name, **config.model.options)
        return sum(parameter.numel() for parameter in network.parameters())

    cam = count("cam")
    trunk = cam - (2048 * 7 + 7)
    assert trunk == 23_508_032 - 2 * 64 * 49  # torchvision's ResNet50 with one colour
    assert count("adl") == cam
    assert count("wildcat") - trunk == 5 * (2048 * 7 + 7)
    head = (9 * 2048 * 1024 + 1024) + (9 * 1024 * 1024 + 1024) + (1024 * 7 + 7)
    assert count("acol") - trunk == 2 * head
    assert count("prm") == cam
    block = 768 * 2304 + (768 * 768 + 768) + 2 * 768 * 2304 + 2304 + 768 + 4 * 768
    tokens = 257 * 768 + 197 * 768 + 2 * 768 + 7 * 769  # projection, positions, norm, classifier

    def unit(i: int, o: int) -> int:  # two norms, two convolutions, PReLU, and a wider shortcut
        return 2 * i + 9 * i * o + o + 9 * o * o + 2 * o + (i * o + 2 * o) * (i != o)

    stages = [(64, 64)] * 3 + [(64, 128)] + [(128, 128)] * 3 + [(128, 256)] + [(256, 256)] * 13
    stem = 9 * 64 + 3 * 64 + sum(unit(i, o) for i, o in stages)
    assert count("apvit") == stem + 8 * block + tokens


def test_apvit_sees_its_own_size_of_face() -> None:
    data = load_config(None, [], **recipe("au/apvit").values).data
    assert (data.crop_size, data.input_size) == (128, 112)
    assert "random initial weights" in recipe("au/apvit").title


@pytest.mark.parametrize("fast", ["", FAST])
@pytest.mark.parametrize("method", METHODS)
def test_the_network_supports_the_attribution_method(method: str, fast: str) -> None:
    config = load_config(None, [], **recipe(f"au/{method}{fast}").values)
    network = create(config.model.name, **config.model.options)
    assert config.model.explanation in available_methods(network, "live")


@pytest.mark.parametrize("method", METHODS)
def test_it_trains_in_bf16(method: str, tmp_path: Path) -> None:
    values = recipe(f"au/{method}-au{FAST}").values
    config = load_config(None, [*tiny_sets(method), "run.precision=bf16"], **values)
    trainer = Trainer(RunDir(tmp_path), method, config, drawn_data(2))
    means = trainer.train_until(2)
    network = trainer.state.model
    trainer.close()
    assert means is not None
    assert math.isfinite(means["loss"])
    assert 0 < means["loss_au"] < 2  # 1 − a cosine
    assert all(bool(torch.isfinite(value).all()) for value in network.state_dict().values())


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_it_learns_in_two_epochs(method: str, tmp_path: Path) -> None:
    config = load_config(None, tiny_sets(method), **recipe(f"au/{method}-au{FAST}").values)
    trainer = Trainer(RunDir(tmp_path), method, config, drawn_data(14))
    steps = trainer.plan.steps_per_epoch
    first, second = (trainer.train_until(steps * epoch) for epoch in (1, 2))
    trainer.close()
    assert first is not None
    assert second is not None
    assert second["loss"] < first["loss"]
    assert second["loss_au"] < first["loss_au"]
