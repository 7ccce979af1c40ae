"""A run's events as files for TensorBoard, written by TensorBoard's own writer."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trainer.config.train_config import TrainConfig
from trainer.errors import UsageError
from trainer.training.run_dir import RunDir

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

_UNPLOTTED = ("event", "time", "step", "steps", "epochs", "best_epoch", "eta_s", "val_n")


def check_tensorboard(config: TrainConfig) -> None:
    """Raise UsageError if `config` wants these files and TensorBoard is not installed."""
    if config.run.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise UsageError(
            "run.tensorboard: TensorBoard is not installed",
            "Install it with `pip install tensorboard`, or set run.tensorboard=false.",
        )


@contextmanager
def tensorboard_log(run: RunDir, config: TrainConfig) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Write every number of the run's events over steps into `<run>/tensorboard`.

    Writes nothing without `run.tensorboard`. A resumed run replaces the curves after the step from
    which it continues.
    """
    writer: SummaryWriter | None = None

    def report(event: dict[str, Any]) -> None:
        nonlocal writer
        if not config.run.tensorboard:
            return
        if writer is None:
            from torch.utils.tensorboard import SummaryWriter

            # after this step a killed run repeats what it wrote
            writer = SummaryWriter(str(run.tensorboard), purge_step=event.get("step", 0) + 1)
        if event["event"] in ("step", "epoch", "validation"):
            for name, value in scalars(event).items():
                writer.add_scalar(name, value, event["step"])
            writer.flush()

    try:
        yield report
    finally:
        if writer is not None:
            writer.close()


def scalars(event: dict[str, Any]) -> dict[str, float]:
    """The curves' values in an event: `step/loss`, of whole epochs `epoch/loss`, `val/accuracy`."""
    group = "step" if event["event"] == "step" else "epoch"
    values = {}
    for name, value in event.items():
        if name in _UNPLOTTED or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        is_val = name.startswith("val_")
        values[f"val/{name.removeprefix('val_')}" if is_val else f"{group}/{name}"] = float(value)
    return values
