"""What a training step of each objective costs beside plain cross-entropy, in one run."""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch

from trainer.card import ModelCard
from trainer.config.train_config import TrainConfig
from trainer.data.augmentation import Batch
from trainer.device import autocast_dtype, memory_format, resolve
from trainer.training.state import Learner, new_learner

SIDE = 112
ROUNDS = 7
# name, network options, objective
STEPS: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...] = (
    ("cross-entropy", "resnet18", {}, {}),
    ("center", "resnet18", {}, {"center": {"weight": 0.01}}),
    ("DACL", "dacl", {}, {"center": {"weight": 0.01}}),
    ("DACL compact", "dacl", {"compact": True}, {"center": {"weight": 0.01}}),
    ("PAL layer4, Grad*Input", "resnet18", {}, {"pal": {"weight": 1.0}}),
    (
        "PAL layer2, Grad*Input",
        "resnet18",
        {},
        {"pal": {"weight": 1.0, "layer": "trunk.layer2"}},
    ),
)


@dataclass(frozen=True, slots=True)
class StepTime:
    """Median milliseconds of a step, and how often that of cross-entropy."""

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
    """ResNet18 at 112 px. The variants take turns, so that a noisy machine is fair to all."""
    device = resolve(device_name)
    learners = [
        (name, *_prepare(network, options, terms, device))
        for name, network, options, terms in STEPS
    ]
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(batch_size, 1, SIDE, SIDE, generator=draw).to(device)
    x = x.contiguous(memory_format=memory_format(learners[0][1].model, device))
    targets = torch.eye(7)[torch.randint(7, (batch_size,), generator=draw)].to(device)
    landmarks = (torch.rand(batch_size, 68, 2, generator=draw) * SIDE).to(device)
    times: dict[str, list[float]] = {name: [] for name, *_ in learners}
    for round_ in range(rounds + 1):  # the first one chooses kernels
        for name, learner, config in learners:
            dtype = autocast_dtype(device, config.run.precision)
            began = time.perf_counter()
            outcome = learner.objective(learner.model, Batch(x, landmarks, targets), dtype)
            outcome.loss.backward()
            learner.descend(config.optim, config.optim.learning_rate)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if round_:
                times[name].append(time.perf_counter() - began)
        report(round_, rounds)
    plain = statistics.median(times["cross-entropy"])
    return [
        StepTime(name, 1000 * statistics.median(own), statistics.median(own) / plain)
        for name, own in times.items()
    ]


def _prepare(
    network: str, options: dict[str, Any], terms: dict[str, Any], device: torch.device
) -> tuple[Learner, TrainConfig]:
    config = TrainConfig.model_validate(
        {
            "data": {"crop_size": SIDE, "input_size": SIDE},
            "model": {"name": network, "options": options},
            "augment": {"mixup": 0.0},
            "objective": terms,
        }
    )
    card = ModelCard(
        name=network,
        architecture=network,
        arguments=options,
        attribution_layer="",
        preprocessing=config.data.preprocessing,
    )
    learner = new_learner(config, card, torch.eye(7), device)
    learner.model.train()
    return learner, config
