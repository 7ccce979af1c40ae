"""Measures how fast the training loop runs beside a plain one, and what its steps cost."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.config.train_config import TrainConfig
from trainer.data.face_data import FaceData
from trainer.device import autocast_dtype, resolve_device
from trainer.labels import EXPRESSIONS
from trainer.training.batches import TrainingBatches
from trainer.training.plain_loop import WORKERS, PlainLoop
from trainer.training.run_dir import RunDir
from trainer.training.trainer import Trainer

STEPS = 6  # per epoch and round
COSTS = 10


@dataclass(frozen=True, slots=True)
class LoopSpeed:
    """Median pictures per second of a loop, and their ratio to those of the plain loop."""

    name: str
    precision: str
    loading: str
    images_per_second: float
    ratio: float


@dataclass(frozen=True, slots=True)
class StepCost:
    """An operation's share of the time of our steps."""

    operation: str
    share: float


@dataclass(frozen=True, slots=True)
class LoopBench:
    """`loader` are the pictures per second that loading and augmentation alone bring."""

    network: str
    input_size: int  # px
    batch_size: int
    device: str
    threads: int  # of torch, on the CPU
    loader: float
    loops: list[LoopSpeed]
    costs: list[StepCost]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def bench_loop(
    device_name: str = "auto",
    rounds: int = 5,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> LoopBench:
    """The default configuration, which trains the compact network, on noise.

    Ours runs in the precision that it chooses, and in float32 where that is another one;
    `PlainLoop` in float32. They alternate, so that load on the machine affects all of them alike,
    and none loads ahead while another one runs. Both go without `keep_freed_memory`, since it
    would speed up the plain loop of the same process, too.
    """
    device = resolve_device(device_name)
    config = _config(device, "auto", rounds)
    count = STEPS * config.optim.batch_size
    pictures = np.random.default_rng(0).integers(
        0, 256, (count + 1, config.data.crop_size, config.data.crop_size), np.uint8
    )
    data = noise_data(pictures)
    chosen = "bf16" if autocast_dtype(device, "auto") else "fp32"
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        trainers: dict[str, Trainer] = {}
        for precision in dict.fromkeys([chosen, "fp32"]):
            run = RunDir(Path(folder) / precision)
            run.path.mkdir()
            trainer = Trainer(run, "bench", _config(device, precision, rounds), data)
            trainers[precision] = stack.enter_context(closing(trainer))
        plain = PlainLoop(pictures[:count], data.label[:count], config, device)
        turns: dict[str, Callable[[], object]] = {
            "loader": lambda: _load_epoch(trainers[chosen].batches),
            "plain": plain.train_epoch,
            **{name: lambda each=each: _train_epoch(each) for name, each in trainers.items()},  # type: ignore[misc]
        }
        speeds = _alternate(turns, count, device, rounds, report)
        costs = _step_costs(trainers[chosen], device)
    loading = f"{config.run.loaders} threads"
    loops = [
        *(("fertrain train", name, loading, speeds[name]) for name in trainers),
        ("plain PyTorch loop", "fp32", f"{WORKERS} processes", speeds["plain"]),
    ]
    return LoopBench(
        network=config.model.name,
        input_size=config.data.input_size,
        batch_size=config.optim.batch_size,
        device=str(device),
        threads=torch.get_num_threads(),
        loader=speeds["loader"],
        loops=[LoopSpeed(*loop, loop[-1] / speeds["plain"]) for loop in loops],
        costs=costs,
    )


def _config(device: torch.device, precision: str, rounds: int) -> TrainConfig:
    return TrainConfig.model_validate(
        {
            "optim": {"epochs": rounds + 2},  # one to choose kernels, one to see the costs
            "run": {"device": str(device), "precision": precision},
        }
    )


def noise_data(pictures: NDArray[np.uint8]) -> FaceData:
    """Samples for training, and one for validation, which `Trainer` needs."""
    count = len(pictures)
    return FaceData(
        name="noise",
        classes=EXPRESSIONS,
        images=pictures,
        sample_id=np.arange(count).astype(np.str_),
        source_index=np.arange(count),
        split=np.array(["train"] * (count - 1) + ["val"]),
        label=np.arange(count) % len(EXPRESSIONS),
        landmarks=np.full((count, 68, 2), np.nan, np.float32),
        votes=np.full((count, len(EXPRESSIONS)), np.nan, np.float32),
    )


def _alternate(
    turns: dict[str, Callable[[], object]],
    count: int,
    device: torch.device,
    rounds: int,
    report: Callable[[int, int], None],
) -> dict[str, float]:
    """Median pictures per second of turns, each of which takes `count` pictures."""
    speeds: dict[str, list[float]] = {name: [] for name in turns}
    for round_number in range(rounds + 1):  # in round 0 kernels are chosen
        for name, turn in turns.items():
            began = time.perf_counter()
            turn()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if round_number:
                speeds[name].append(count / (time.perf_counter() - began))
        report(round_number, rounds)
    return {name: statistics.median(values) for name, values in speeds.items()}


def _load_epoch(batches: TrainingBatches) -> None:
    """All that comes before the network in the steps of an epoch."""
    generator = batches.generator(0)
    for sample in batches.load(batches.rows_of_steps(0, STEPS)):
        batches.prepare(0, sample, generator)


def _train_epoch(trainer: Trainer) -> None:
    trainer.train_until(trainer.state.step + STEPS)


def _step_costs(trainer: Trainer, device: torch.device) -> list[StepCost]:
    """The operations that take most of an epoch's time, most first."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # no lines about GPUs that are not there
    from torch.profiler import profile

    with profile() as profiler:
        _train_epoch(trainer)
    kind = "device" if device.type == "cuda" else "cpu"
    times = {
        event.key.removeprefix("aten::"): getattr(event, f"self_{kind}_time_total")
        for event in profiler.key_averages()
    }
    most = sorted(times, key=lambda name: times[name], reverse=True)[:COSTS]
    return [StepCost(name, times[name] / sum(times.values())) for name in most]
