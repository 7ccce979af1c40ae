"""Short runs of the plain network on drawn faces: three epochs of two steps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor

from tests.support.trainer import plain_net  # noqa: F401  registers "plain"
from tests.support.trainer.drawn import drawn_data
from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.models.model_file import load_model
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir, create_run
from trainer.training.trainer import Trainer

SETS = (
    "model.name=plain",
    "optim.batch_size=14",
    "optim.epochs=3",
    "run.device='cpu'",
    "run.threads=1",  # sums in one order: the same weights in every process
)
STEPS = 2  # per epoch


def config() -> TrainConfig:
    return load_config(None, SETS)


def new_run(folder: Path) -> RunDir:
    return create_run(folder, "test", config(), folder)


def train_run(
    run: RunDir, report: Callable[[dict[str, Any]], None] = lambda _: None
) -> dict[str, Any]:
    """Train the run, or resume it."""
    return Trainer(run, "test", config(), drawn_data(4), report).fit()


def weights(run: RunDir) -> dict[str, Tensor]:
    return dict(load_model(run.last)[0].state_dict())


def validations(run: RunDir) -> list[dict[str, Any]]:
    """The newest event of each epoch, the start (0) included: a killed run repeats some."""
    events = [event for event in read_events(run.events) if event["event"] == "epoch"]
    return list({event["epoch"]: event for event in events}.values())
