"""A run's directory belongs to one training at a time."""

from pathlib import Path

import pytest

from trainer.cli.commands import resume
from trainer.config.train_config import TrainConfig
from trainer.errors import DataError, UsageError
from trainer.training.run_dir import create_run, only_training


def test_a_run_is_not_resumed_while_it_is_trained(tmp_path: Path) -> None:
    run = create_run(tmp_path, "mine", TrainConfig(), tmp_path / "gone.csv")
    files = sorted(run.path.rglob("*"))
    with (
        only_training(run),
        pytest.raises(UsageError, match="another process is training this run"),
    ):
        resume(run.path)
    with pytest.raises(DataError):  # no lock any more: it goes on to the data, which are gone
        resume(run.path)
    assert sorted(run.path.rglob("*")) == files


def test_one_of_several_processes_locks_for_all(tmp_path: Path) -> None:
    run = create_run(tmp_path, "mine", TrainConfig(), tmp_path / "gone.csv")
    with only_training(run, is_main=True), only_training(run, is_main=False):
        pass
