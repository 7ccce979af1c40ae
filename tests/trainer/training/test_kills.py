"""A run that is killed at any moment loses no reported epoch, and resumes."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ferapp.runs.run_reader import RunFolder, RunReader
from tests.support import ROOT
from tests.support.trainer.plain_runs import STEPS, train_run, validations, weights
from trainer.model_index import read_card
from trainer.models.model_file import load_model
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir
from trainer.training.state import load_checkpoint

SCRIPT = ROOT / "tests/support/trainer/killed_runs.py"
KILLS = 50

Killed = Callable[[Path, int], int]


@pytest.fixture
def killed() -> Iterator[Killed]:
    """Trains in a folder until its n-th call; returns -9 if killed there, else the call count."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def train(folder: Path, moment: int) -> int:
        folder.mkdir()
        stdin.write(f"{folder} {moment}\n")
        stdin.flush()
        return int(stdout.readline())

    yield train
    stdin.close()
    process.wait()
    stdout.close()


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.usefixtures("one_thread")
def test_killed_at_fifty_random_moments(tmp_path: Path, killed: Killed) -> None:
    total = killed(tmp_path / "whole", 0)
    assert total > 1000
    (whole,) = map(RunDir, (tmp_path / "whole").iterdir())
    expected, draw = weights(whole), random.Random(0)
    accuracies = [event["val_accuracy"] for event in validations(whole)]
    epochs_reported: Counter[int] = Counter()
    for number in range(KILLS):
        folder = tmp_path / f"killed {number}"
        moment = draw.randrange(1, total + 1)
        result = killed(folder, moment)  # call counts vary: there may be fewer than `moment`
        assert result == -signal.SIGKILL or 0 < result < moment, f"at call {moment}"
        for run in RunFolder(folder).list():
            assert run.state == ("done" if reported_its_end(RunDir(run.path)) else "interrupted")
            epochs_reported[check_saved_epochs(RunDir(run.path), accuracies)] += 1
            train_run(RunDir(run.path))
            check_complete(RunDir(run.path), expected, accuracies)
    # before, between and after epochs; a kill before the directory is there leaves no run, and
    # how many of the random moments are that early depends on the number of calls
    assert sum(epochs_reported.values()) >= 0.8 * KILLS
    assert set(epochs_reported) == {0, 1, 2, 3}


def reported_its_end(run: RunDir) -> bool:
    """Whether the kill came after its last event: then nothing was interrupted."""
    return run.events.exists() and any(
        event["event"] == "run_ended" for event in read_events(run.events)
    )


def check_saved_epochs(run: RunDir, accuracies: list[float]) -> int:
    """The last epoch that a killed run reported, or 0; all files of it are readable."""
    shown = RunReader(run.path).read()
    found = validations(run) if run.events.exists() else []
    reported = max((event["epoch"] for event in found), default=0)
    assert [event["val_accuracy"] for event in found] == accuracies[: len(found)]
    if reported:
        if reported > 1 or run.state.exists():
            assert load_checkpoint(run.state).step >= STEPS * (reported - 1)
        for model in (run.best, run.last):
            load_model(model)
        assert read_card(run.last).metrics["epoch"] >= reported
        assert shown.best is not None
        assert shown.best.epoch == read_card(run.best).metrics["epoch"]
    return reported


def check_complete(run: RunDir, expected: dict[str, Tensor], accuracies: list[float]) -> None:
    """It ended like the uninterrupted run, and reported each epoch once."""
    shown = RunReader(run.path).read()
    assert (shown.state, shown.progress) == ("done", 1.0)
    assert [event["val_accuracy"] for event in validations(run)] == accuracies
    assert all(torch.equal(value, expected[name]) for name, value in weights(run).items())
    assert not list(run.path.rglob("*.tmp"))
