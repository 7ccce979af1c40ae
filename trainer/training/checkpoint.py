"""The state of a run between two steps: enough to go on to the same weights."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from trainer.errors import DataError
from trainer.files import write_atomic


@dataclass(slots=True)
class TrainState:
    """Where training stands. `step` counts all optimiser steps done; the rest are state dicts.

    There is no state of random generators: each step's draws depend on seed and step alone.
    """

    step: int
    model: dict[str, Any]
    average: dict[str, Any]
    objective: dict[str, Any]
    optimizer: dict[str, Any]
    best: dict[str, Any]  # {"epoch": …, "accuracy": …}
    newest: dict[str, Any] = field(default_factory=dict)  # the last validation, as its event


def save_state(path: Path, state: TrainState) -> None:
    write_atomic(path, lambda stream: torch.save(asdict(state), stream))


def load_state(path: Path) -> TrainState:
    """Read a state without executing anything in it. Raises DataError when it is damaged."""
    try:
        return TrainState(**torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # whatever torch's unpickler makes of a damaged file
        raise DataError(f"{path}: the run's state cannot be read ({error})") from error
