"""Short runs of the plain network on drawn faces: three epochs of two steps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import plain_net  # noqa: F401  registers "plain"
from drawn import drawn_data
from torch import Tensor

from trainer.config import TrainConfig, load_config
from trainer.events import read_events
from trainer.loop import train
from trainer.models.model_file import load_model
from trainer.run import RunDir, create_run

SETS = (
    "model.name=plain",
    "optim.batch_size=14",
    "optim.epochs=3",
    "run.device='cpu'",
    "run.threads=1",  # sums in one order: the same weights in every process
)
STEPS = 2  # of an epoch


def config() -> TrainConfig:
    return load_config(None, SETS)


def begin(folder: Path) -> RunDir:
    return create_run(folder, "test", config(), folder)


def go(run: RunDir, report: Callable[[dict[str, Any]], None] = lambda _: None) -> dict[str, Any]:
    """Begin, or go on with what there is."""
    return train(run, "test", config(), drawn_data(4), report)


def weights(run: RunDir) -> dict[str, Tensor]:
    return dict(load_model(run.last)[0].state_dict())


def validations(run: RunDir) -> list[dict[str, Any]]:
    return [event for event in read_events(run.events) if event["event"] == "epoch"]
