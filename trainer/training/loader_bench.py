"""How fast pictures come in and a whole training loop turns, beside torchvision's plain one."""

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

from trainer.card import ModelCard
from trainer.config.train_config import TrainConfig
from trainer.data.augmentation import augment
from trainer.data.crops import Crops, align_all, normalise
from trainer.data.face_data import FaceData
from trainer.data.loader import load_batches
from trainer.device import autocast_dtype, memory_format, resolve
from trainer.labels import EXPRESSIONS
from trainer.models import create
from trainer.recipes import pipelines
from trainer.training.run_dir import RunDir
from trainer.training.state import ALONE, new_learner
from trainer.training.step_bench import SIDE
from trainer.training.train_step import Plan, Steps

BATCHES = 4  # in a round


@dataclass(frozen=True, slots=True)
class LoopSpeed:
    """Median pictures a second: loader alone, whole loop, and torchvision's loop."""

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
    """ResNet18 at 112 px on noise. The loops take turns, so that a noisy machine is fair to both.

    Both do the same: flip, the same net, precision and SGD, no averaged weights, no clipping.
    torchvision's reads JPEG files by ImageFolder and a DataLoader with two workers.
    """
    device, count = resolve(device_name), BATCHES * batch_size
    config = TrainConfig.model_validate(
        {
            "model": {"name": "resnet18"},
            **pipelines.small(),
            "data": {"crop_size": SIDE, "input_size": SIDE, "normalisation": "fixed"},
            "optim": {"batch_size": batch_size, "epochs": rounds + 1, "ema": 0, "clip": 0},
        }
    )
    pictures = np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE), np.uint8)
    crops = align_all(_data(pictures), config.data.preprocessing)
    speeds: dict[str, list[float]] = {"loader": [], "loop": [], "torchvision": []}
    with tempfile.TemporaryDirectory() as folder:
        steps = _ours(config, crops, device, Path(folder))
        plain = _torchvision(pictures, Path(folder), batch_size, device)
        for round_ in range(rounds + 1):  # the first one chooses kernels
            turns: dict[str, Callable[[], object]] = {
                "loader": lambda: _load(config, crops, device),
                "loop": partial(steps.until, (round_ + 1) * BATCHES, lambda: False),
                "torchvision": lambda: list(itertools.islice(plain, BATCHES)),
            }
            for name, turn in turns.items():
                began = time.perf_counter()
                turn()
                if device.type == "cuda":
                    torch.cuda.synchronize(device)
                if round_:
                    speeds[name].append(count / (time.perf_counter() - began))
            report(round_, rounds)
    return LoopSpeed(**{name: statistics.median(values) for name, values in speeds.items()})


def _data(pictures: NDArray[np.uint8]) -> FaceData:
    count = len(pictures)
    return FaceData(
        name="noise",
        classes=EXPRESSIONS,
        images=pictures,
        sample_id=np.arange(count).astype(np.str_),
        source_index=np.arange(count),
        split=np.full(count, "train"),
        label=np.arange(count) % len(EXPRESSIONS),
        landmarks=np.full((count, 68, 2), np.nan, np.float32),
        votes=np.full((count, len(EXPRESSIONS)), np.nan, np.float32),
    )


def _ours(config: TrainConfig, crops: Crops, device: torch.device, folder: Path) -> Steps:
    name = config.model.name
    card = ModelCard(
        name=name,
        architecture=name,
        arguments={},
        attribution_layer="",
        preprocessing=config.data.preprocessing,
    )
    learner = new_learner(config, card, crops.targets, device)
    plan = Plan.of(config, len(crops), ALONE)
    return Steps(RunDir(folder), learner, crops, config, plan, ALONE, lambda *_, **__: None)


def _load(config: TrainConfig, crops: Crops, device: torch.device) -> None:
    """Everything of a training step that comes before the network."""
    rows = torch.split(torch.randperm(len(crops)), config.optim.batch_size)
    draws = torch.Generator(device if device.type == "cuda" else "cpu").manual_seed(0)
    side = config.data.input_size
    for sample in load_batches(crops, rows, config.run.loaders, device):
        pixels, landmarks, targets = (
            part.to(device, non_blocking=part.is_pinned()) for part in sample
        )
        batch = augment(
            pixels, landmarks, targets, config.augment, view=side, side=side, generator=draws
        )
        normalise(batch.x, config.data.preprocessing)


def _torchvision(
    pictures: NDArray[np.uint8], folder: Path, batch_size: int, device: torch.device
) -> Iterator[None]:
    """A batch trained at each turn, without end."""
    from torchvision import datasets, transforms  # takes seconds to import

    for index, picture in enumerate(pictures):
        place = folder / EXPRESSIONS[index % len(EXPRESSIONS)]
        place.mkdir(exist_ok=True)
        cv2.imwrite(str(place / f"{index}.jpg"), picture)
    change = transforms.Compose(
        [transforms.Grayscale(), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
    )
    loader = torch.utils.data.DataLoader(
        datasets.ImageFolder(str(folder), change),
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
