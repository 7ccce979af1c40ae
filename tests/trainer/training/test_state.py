"""The schedule of steps and learning rates, and the optimiser's steps."""

import itertools
from collections.abc import Iterable
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from trainer.card import ModelCard
from trainer.config.loading import load_config
from trainer.config.sections import OptimConfig
from trainer.data.augmentation import Batch
from trainer.training.distributed import World
from trainer.training.state import StepPlan, TrainState, learning_rate, new_train_state


@pytest.mark.parametrize(
    ("samples", "batch", "accumulate", "processes", "expected"),
    [(100, 10, 1, 1, 10), (100, 10, 2, 1, 5), (105, 10, 1, 2, 5), (5, 10, 1, 1, 1)],
)
def test_steps_of_an_epoch(
    samples: int, batch: int, accumulate: int, processes: int, expected: int
) -> None:
    config = load_config(None, [f"optim.batch_size={batch}", f"optim.accumulate={accumulate}"])
    assert StepPlan.of(config, samples, World(0, processes)).steps_per_epoch == expected


def test_one_cycle_starts_low_peaks_once_and_ends_near_zero() -> None:
    settings = OptimConfig(learning_rate=0.5, warmup=0.2)
    rates = [learning_rate(step, 100, 10, settings) for step in range(100)]
    assert rates[0] == pytest.approx(0.5 / 25)
    assert max(rates) == rates[20] == pytest.approx(0.5)
    assert rates[-1] < 0.005
    assert all(a < b for a, b in itertools.pairwise(rates[:21]))
    assert all(a > b for a, b in itertools.pairwise(rates[20:]))


def test_step_and_constant_schedules() -> None:
    falling = OptimConfig(schedule="step", step_epochs=5, step_factor=0.2, learning_rate=0.01)
    rates = [learning_rate(epoch * 10, 200, 10, falling) for epoch in range(20)]
    assert rates == pytest.approx([0.01] * 5 + [0.002] * 5 + [0.0004] * 5 + [0.00008] * 5)
    constant = OptimConfig(schedule="constant", learning_rate=0.001)
    assert {learning_rate(step, 100, 10, constant) for step in range(100)} == {0.001}


def state_with(*sets: str) -> TrainState:
    """A small network's state, without averaging and clipping, at the learning rate 0.1."""
    small = ("optim.ema=0", "optim.clip=0", "optim.learning_rate=0.1")
    config = load_config(None, [*small, *sets])
    card = ModelCard(
        name="small",
        architecture="compact",
        arguments={"widths": [16, 16], "blocks": [1, 1]},
        attribution_layer="",
        preprocessing=config.data.preprocessing,
    )
    torch.manual_seed(0)
    return new_train_state(config, card, torch.eye(7), torch.device("cpu"))


def after_steps(sets: tuple[str, ...], gradients: tuple[float, ...]) -> dict[str, Tensor]:
    """The parameters after a step with each of these gradients, the same for all parameters."""
    state = state_with(*sets)
    settings = load_config(None, ["optim.ema=0", "optim.clip=0", *sets]).optim
    for gradient in gradients:
        for parameter in state.model.parameters():
            parameter.grad = torch.full_like(parameter, gradient)
        state.optimizer_step(settings, 0.1)
    return {name: value.detach() for name, value in state.model.named_parameters()}


def test_plain_and_nesterovs_momentum() -> None:
    """With g₁, g₂ and μ: plain v₁ + v₂ of v = μv + g; Nesterov's steps are g + μv."""
    none = ("optim.weight_decay=0",)
    start = {name: value.detach() for name, value in state_with(*none).model.named_parameters()}
    for setting, moved in (
        ("optim.nesterov=false", 1 + (0.9 * 1 + 3)),
        ("optim.nesterov=true", (1 + 0.9 * 1) + (3 + 0.9 * (0.9 * 1 + 3))),
    ):
        for name, value in after_steps((*none, setting), (1.0, 3.0)).items():
            torch.testing.assert_close(value, start[name] - 0.1 * moved)
    still = after_steps((*none, "optim.momentum=0"), (1.0,))  # and no Nesterov, which needs it
    torch.testing.assert_close(still["classifier.bias"], start["classifier.bias"] - 0.1)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("norms", [False, True])
def test_the_penalty_on_norms_and_biases(optimizer: str, norms: bool) -> None:
    """Without a gradient only the penalty moves a parameter."""
    sets = (
        f"optim.optimizer={optimizer}", "optim.weight_decay=0.5",
        f"optim.decay_norms={str(norms).lower()}", "optim.nesterov=false",
    )  # fmt: skip
    start = {name: value.detach() for name, value in state_with(*sets).model.named_parameters()}
    after = after_steps(sets, (0.0,))
    norm = "stem.2.weight"  # of ones
    assert bool((start[norm] == 1).all())
    for name, value in after.items():
        decays = norms or start[name].ndim > 1
        moves = decays and bool(start[name].any())  # biases of norms are 0 at first
        assert torch.equal(value, start[name]) != moves, name
        if moves and optimizer == "sgd":
            torch.testing.assert_close(value, start[name] * (1 - 0.1 * 0.5))


class RecordingWorld(World):
    """One process that remembers whose gradients were summed."""

    summed: ClassVar[list[nn.Parameter]] = []

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        self.summed[:] = parameters


@pytest.mark.parametrize("loss", ["scn", "rul"])
def test_layers_of_a_loss_are_trained_and_saved_with_the_network(loss: str) -> None:
    """Their gradients are summed over the processes and clipped as the network's are."""
    options = {"widths": [8, 16], "blocks": [1, 1]}
    config = load_config(
        None, [f"objective.{loss}.weight=1", "augment.mixup=0", "optim.clip=1e-9", "optim.ema=0"]
    )
    card = ModelCard(
        name="x", architecture="compact", arguments=options, attribution_layer="stages"
    )
    torch.manual_seed(0)
    state = new_train_state(config, card, torch.eye(7), torch.device("cpu"))
    own = dict(state.objective.named_parameters())
    assert own
    before = {name: value.detach().clone() for name, value in own.items()}
    points = torch.full((7, 68, 2), torch.nan)
    batch = Batch(torch.randn(7, 1, 44, 44), points, torch.eye(7))

    def step(clip: float) -> None:
        state.objective(state.model, batch).loss.backward()
        optim = config.optim.model_copy(update={"clip": clip, "weight_decay": 0.0})
        state.optimizer_step(optim, 0.5, RecordingWorld())

    for group in state.optimizer.param_groups:
        group["weight_decay"] = 0.0
    step(clip=1e-9)
    for name, value in own.items():
        torch.testing.assert_close(value.detach(), before[name], atol=1e-6, rtol=0)
    step(clip=0.0)
    assert any(not torch.equal(value, before[name]) for name, value in own.items())
    ids = {id(parameter) for parameter in RecordingWorld.summed}
    trained = [*state.model.parameters(), *own.values()]
    assert ids == {id(parameter) for parameter in trained}
    saved = state.checkpoint({}).objective
    assert saved.keys() >= own.keys()
