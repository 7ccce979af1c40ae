"""The recipes of DACL's paper and of report 001: settings, and twins that differ in the loss."""

from typing import Any

import pytest
import torch

from trainer.card import ModelCard
from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.recipes import FAST, recipe
from trainer.training.state import TrainState, learning_rate, new_train_state

# batch, crop, epochs, accuracy; section 4.1: 30 epochs for the successive experiments
REPORT_001 = {
    "exp0": (128, 224, 60, "none stated"),
    "exp1": (128, 200, 30, "none stated"),
    "exp2": (64, 224, 30, "none stated"),
    "exp3": (64, 200, 30, "67.4, mean class 61"),
    "exp4": (64, 200, 30, "none stated"),
    "center": (64, 200, 30, "mean class 60"),
    "softmax": (64, 200, 30, "mean class 59"),
    "lr5": (64, 200, 30, "none stated"),
}
PAPER = {
    "raf-db-dacl": "87.78",
    "raf-db-center": "87.06",
    "raf-db-softmax": "86.54",
    "affectnet-dacl": "65.20",
    "affectnet-center": "64.09",
    "affectnet-softmax": "63.86",
}
ALL = [*(f"report-001/{name}" for name in REPORT_001), *(f"dacl/{name}" for name in PAPER)]


def config_of(name: str) -> TrainConfig:
    return load_config(None, (), **recipe(name).values)


@pytest.mark.parametrize("name", REPORT_001)
def test_the_settings_of_report_001(name: str) -> None:
    batch, crop, epochs, published = REPORT_001[name]
    config = config_of(f"report-001/{name}")
    assert recipe(f"report-001/{name}").published == published
    assert (config.optim.batch_size, config.optim.epochs) == (batch, epochs)
    assert (config.data.crop_size, config.data.input_size) == (256, crop)


@pytest.mark.parametrize("name", PAPER)
def test_the_settings_of_the_paper(name: str) -> None:
    config = config_of(f"dacl/{name}")
    assert recipe(f"dacl/{name}").published == PAPER[name]
    assert (config.optim.batch_size, config.optim.epochs) == (128, 60)
    assert (config.data.crop_size, config.data.input_size) == (256, 224)


@pytest.mark.parametrize("name", ALL)
def test_the_optimiser_is_the_references(name: str) -> None:
    """Plain momentum, and a penalty on all parameters: norms and biases, too."""
    config = config_of(name)
    optim = config.optim
    assert (optim.optimizer, optim.learning_rate, optim.schedule) == ("sgd", 0.01, "step")
    assert (optim.momentum, optim.nesterov) == (0.9, False)
    assert (optim.weight_decay, optim.decay_norms) == (5e-4, True)
    assert config.augment.crop == "five"
    assert config.augment.flip == 0.5
    steps = (5, 0.2) if name.endswith("lr5") else (20, 0.1)
    assert (optim.step_epochs, optim.step_factor) == steps
    center = config.objective.center
    expected = 0 if name.endswith("softmax") else 0.01
    assert (center.weight, center.alpha) == (expected, 0.5)
    said = recipe(name).differences
    assert "best epoch is that on val" in said
    assert "grey and aligned" in said
    assert "initial weights" in said


def test_the_rate_falls_as_the_report_says() -> None:
    fifth = config_of("report-001/lr5").optim
    rates = [learning_rate(epoch, 30, 1, fifth) for epoch in (0, 4, 5, 10)]
    assert rates == pytest.approx([0.01, 0.01, 0.002, 0.0004])


def start(name: str, *sets: str) -> TrainState:
    """The state before the first step, as a training begins it."""
    config = load_config(None, [f"data.input_size={SIDE}", *sets], **recipe(name).values)
    card = ModelCard(
        name=name,
        architecture=config.model.name,
        arguments=config.model.options,
        attribution_layer="",
        preprocessing=config.data.preprocessing,
    )
    torch.manual_seed(config.run.seed)
    return new_train_state(config, card, torch.eye(7), torch.device("cpu"))


SIDE = 32
TWINS: list[tuple[str, str]] = [
    ("report-001/exp3", "report-001/center"),
    ("report-001/exp3", "report-001/softmax"),
    ("dacl/raf-db-dacl", "dacl/raf-db-center"),
    ("dacl/raf-db-dacl", "dacl/raf-db-softmax"),
    (f"dacl/affectnet-dacl{FAST}", f"dacl/affectnet-softmax{FAST}"),
    ("twin/dacl", "twin/ce"),
    ("twin/dacl", "twin/center"),
]


@pytest.mark.parametrize(("dacl", "twin"), TWINS)
def test_twins_start_from_the_same_weights(dacl: str, twin: str) -> None:
    """Bit for bit, or the comparison would not be one of losses."""
    ours, theirs = (start(name).model for name in (dacl, twin))

    def shared(model: Any) -> dict[str, torch.Tensor]:
        state = model.state_dict()
        names = {name: name.removeprefix("trunk.") for name in state}
        return {
            names[name]: value for name, value in state.items() if not name.startswith("attention.")
        }

    first, second = shared(ours), shared(theirs)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name
    assert first["classifier.weight"].detach().std() == pytest.approx(
        ours.embedding_size**-0.5 / 3**0.5, rel=0.1
    )  # torch's default: uniform to 1 / √d


@pytest.mark.parametrize(("dacl", "twin"), TWINS)
def test_twins_differ_in_the_loss_alone(dacl: str, twin: str) -> None:
    ours, theirs = config_of(dacl), config_of(twin)
    assert theirs.model_copy(update={"model": ours.model, "objective": ours.objective}) == ours
