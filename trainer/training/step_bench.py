"""Measures what a training step with each loss costs beside plain cross-entropy, in one run."""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from trainer.card import ModelCard
from trainer.config.train_config import TrainConfig
from trainer.data.augmentation import Batch
from trainer.device import autocast_dtype, memory_format, resolve_device
from trainer.training.state import TrainState, new_train_state

SIDE = 112  # px
ROUNDS = 7


@dataclass(frozen=True, slots=True)
class StepVariant:
    """A network and a loss whose step is measured."""

    name: str
    network: str = "resnet18"
    options: dict[str, Any] = field(default_factory=dict)
    objective: dict[str, Any] = field(default_factory=dict)


CROSS_ENTROPY = StepVariant("cross-entropy")
VARIANTS = (
    CROSS_ENTROPY,
    StepVariant("center", objective={"center": {"weight": 0.01}}),
    StepVariant("DACL", "dacl", objective={"center": {"weight": 0.01}}),
    StepVariant("DACL compact", "dacl", {"compact": True}, {"center": {"weight": 0.01}}),
    StepVariant("PAL layer4, Grad*Input", objective={"pal": {"weight": 1.0}}),
    StepVariant(
        "PAL layer2, Grad*Input", objective={"pal": {"weight": 1.0, "layer": "trunk.layer2"}}
    ),
)


@dataclass(frozen=True, slots=True)
class StepTime:
    """Median milliseconds of a step, and their ratio to those of cross-entropy."""

    name: str
    ms: float
    ratio: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def bench_steps(
    device_name: str = "auto",
    batch_size: int = 32,
    rounds: int = ROUNDS,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> list[StepTime]:
    """Steps of ResNet18 and DACL at 112 px.

    The variants alternate, so that load on the machine affects all of them alike.
    """
    device = resolve_device(device_name)
    states = {variant.name: _new_state(variant, device) for variant in VARIANTS}
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(batch_size, 1, SIDE, SIDE, generator=draw).to(device)
    first, _ = states[CROSS_ENTROPY.name]
    x = x.contiguous(memory_format=memory_format(first.model, device))
    targets = torch.eye(7)[torch.randint(7, (batch_size,), generator=draw)].to(device)
    landmarks = (torch.rand(batch_size, 68, 2, generator=draw) * SIDE).to(device)
    batch = Batch(x, landmarks, targets)
    times: dict[str, list[float]] = {name: [] for name in states}
    for round_number in range(rounds + 1):  # in round 0 kernels are chosen
        for name, (state, config) in states.items():
            dtype = autocast_dtype(device, config.run.precision)
            began = time.perf_counter()
            state.objective(state.model, batch, dtype).loss.backward()
            state.optimizer_step(config.optim, config.optim.learning_rate)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if round_number:
                times[name].append(time.perf_counter() - began)
        report(round_number, rounds)
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    plain = medians[CROSS_ENTROPY.name]
    return [StepTime(name, 1000 * median, median / plain) for name, median in medians.items()]


def _new_state(variant: StepVariant, device: torch.device) -> tuple[TrainState, TrainConfig]:
    config = TrainConfig.model_validate(
        {
            "data": {"crop_size": SIDE, "input_size": SIDE},
            "model": {"name": variant.network, "options": variant.options},
            "augment": {"mixup": 0.0},
            "objective": variant.objective,
        }
    )
    card = ModelCard(
        name=variant.name,
        architecture=variant.network,
        arguments=variant.options,
        attribution_layer="",
        preprocessing=config.data.preprocessing,
    )
    state = new_train_state(config, card, torch.eye(7), device)
    state.model.train()
    return state, config
