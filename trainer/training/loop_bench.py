"""Measures how fast pictures are loaded and the training loop runs, beside torchvision's loop."""

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trainer.config.train_config import TrainConfig
from trainer.data.face_data import FaceData
from trainer.device import autocast_dtype, memory_format, resolve_device
from trainer.labels import EXPRESSIONS
from trainer.models import create
from trainer.recipes import pipelines
from trainer.training.batches import TrainingBatches
from trainer.training.run_dir import RunDir
from trainer.training.step_bench import SIDE
from trainer.training.trainer import Trainer

BATCHES_PER_ROUND = 4


@dataclass(frozen=True, slots=True)
class LoopSpeed:
    """Median pictures per second: loading alone, the training loop, and torchvision's loop."""

    loader: float
    loop: float
    torchvision: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def bench_loop(
    device_name: str = "auto",
    batch_size: int = 32,
    rounds: int = 5,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> LoopSpeed:
    """ResNet18 at 112 px on noise. The loops alternate, so that load affects all of them alike.

    Both loops do the same: flip, the same network, precision and SGD, no weight averaging, no
    clipping. torchvision's reads JPEG files with ImageFolder and a DataLoader with two workers.
    """
    device, count = resolve_device(device_name), BATCHES_PER_ROUND * batch_size
    config = TrainConfig.model_validate(
        {
            "model": {"name": "resnet18"},
            **pipelines.small(),
            "data": {"crop_size": SIDE, "input_size": SIDE, "normalisation": "fixed"},
            "optim": {"batch_size": batch_size, "epochs": rounds + 1, "ema": 0, "clip": 0},
            "run": {"device": str(device)},
        }
    )
    pictures = np.random.default_rng(0).integers(0, 256, (count + 1, SIDE, SIDE), np.uint8)
    speeds: dict[str, list[float]] = {"loader": [], "loop": [], "torchvision": []}
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(RunDir(Path(folder)), "bench", config, _data(pictures))
        plain = _torchvision_loop(pictures[:count], Path(folder), batch_size, device)
        for round_number in range(rounds + 1):  # in round 0 kernels are chosen
            turns: dict[str, Callable[[], object]] = {
                "loader": lambda: _load_epoch(trainer.batches),
                "loop": partial(trainer.train_until, (round_number + 1) * BATCHES_PER_ROUND),
                "torchvision": lambda: list(itertools.islice(plain, BATCHES_PER_ROUND)),
            }
            for name, turn in turns.items():
                began = time.perf_counter()
                turn()
                if device.type == "cuda":
                    torch.cuda.synchronize(device)
                if round_number:
                    speeds[name].append(count / (time.perf_counter() - began))
            report(round_number, rounds)
        trainer.close()
    return LoopSpeed(**{name: statistics.median(values) for name, values in speeds.items()})


def _data(pictures: NDArray[np.uint8]) -> FaceData:
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


def _load_epoch(batches: TrainingBatches) -> None:
    """All that comes before the network in the steps of an epoch."""
    generator = batches.generator(0)
    for sample in batches.load(batches.rows_of_steps(0, BATCHES_PER_ROUND)):
        batches.prepare(0, sample, generator)


def _torchvision_loop(
    pictures: NDArray[np.uint8], folder: Path, batch_size: int, device: torch.device
) -> Iterator[None]:
    """Trains on one batch per iteration, endlessly."""
    from torchvision import datasets, transforms  # takes seconds to import

    for index, picture in enumerate(pictures):
        class_folder = folder / "pictures" / EXPRESSIONS[index % len(EXPRESSIONS)]
        class_folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(class_folder / f"{index}.jpg"), picture)
    transform = transforms.Compose(
        [transforms.Grayscale(), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
    )
    loader = torch.utils.data.DataLoader(
        datasets.ImageFolder(str(folder / "pictures"), transform),
        batch_size,
        shuffle=True,
        num_workers=2,
        persistent_workers=True,
    )
    model = create("resnet18", input_size=SIDE).to(device)
    layout, dtype = memory_format(model, device), autocast_dtype(device, "auto")
    model = model.to(memory_format=layout).train()
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, nesterov=True)
    while True:
        for x, labels in loader:
            x, labels = x.to(device, memory_format=layout), labels.to(device)
            with torch.autocast(device.type, dtype, enabled=dtype is not None):
                loss = nn.functional.cross_entropy(model(x), labels)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            yield
