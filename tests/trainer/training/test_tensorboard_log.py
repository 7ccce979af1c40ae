"""Event files for TensorBoard: the numbers of the run's events over steps, if it is installed."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.trainer.plain_runs import SETS
from trainer.config.loading import load_config
from trainer.errors import UsageError
from trainer.training.run_dir import RunDir
from trainer.training.tensorboard_log import check_tensorboard, tensorboard_log

WANTED = load_config(None, (*SETS, "run.tensorboard=true"))
EVENTS: tuple[dict[str, Any], ...] = (
    {"event": "run_started", "step": 40, "parameters": 7},
    {"event": "step", "step": 42, "steps": 90, "epoch": 3, "loss": 1.5, "learning_rate": 0.1},
    {"event": "epoch", "step": 45, "epoch": 3, "loss": 1.25, "val_accuracy": 0.5, "val_n": 28,
     "val_confusion": [[1, 2], [3, 4]]},
    {"event": "run_ended", "reason": "done"},
)  # fmt: skip
EXPECTED = {
    ("step/loss", 42, 1.5),
    ("step/learning_rate", 42, 0.1),
    ("step/epoch", 42, 3.0),
    ("epoch/loss", 45, 1.25),
    ("epoch/epoch", 45, 3.0),
    ("val/accuracy", 45, 0.5),
}


class Writer:
    """Takes what TensorBoard's writer takes."""

    made: list["Writer"]

    def __init__(self, folder: str, purge_step: int) -> None:
        self.folder, self.purge_step, self.is_open = folder, purge_step, True
        self.values: set[tuple[str, int, float]] = set()
        Writer.made.append(self)

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.values.add((name, step, value))

    def flush(self) -> None: ...

    def close(self) -> None:
        self.is_open = False


@pytest.fixture
def writers(monkeypatch: pytest.MonkeyPatch) -> list[Writer]:
    module: Any = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    Writer.made = []
    return Writer.made


def test_the_numbers_of_the_events_are_written(tmp_path: Path, writers: list[Writer]) -> None:
    with tensorboard_log(RunDir(tmp_path), WANTED) as report:
        for event in EVENTS:
            report(event)
    (writer,) = writers
    assert writer.values == EXPECTED
    assert writer.purge_step == 41  # the steps after the checkpoint are done again
    assert Path(writer.folder) == tmp_path / "tensorboard"
    assert not writer.is_open


def test_nothing_is_written_unless_it_is_set(tmp_path: Path, writers: list[Writer]) -> None:
    with tensorboard_log(RunDir(tmp_path), load_config(None, SETS)) as report:
        for event in EVENTS:
            report(event)
    assert not writers


def test_without_tensorboard_a_run_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="TensorBoard is not installed") as caught:
        check_tensorboard(WANTED)
    assert "pip install tensorboard" in caught.value.hint
    check_tensorboard(load_config(None, SETS))  # where it is not wanted nothing is missing


def test_tensorboard_reads_the_files(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with tensorboard_log(RunDir(tmp_path), WANTED) as report:
        for event in EVENTS:
            report(event)
    read = EventAccumulator(str(RunDir(tmp_path).tensorboard)).Reload()
    tags = read.Tags()["scalars"]
    found = {(tag, s.step, round(s.value, 6)) for tag in tags for s in read.Scalars(tag)}
    assert found == EXPECTED
