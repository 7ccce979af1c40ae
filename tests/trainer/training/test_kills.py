"""A trainer that is killed at any moment loses no epoch that it told of, and goes on."""

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

from ferapp.runs.run_reader import Runs, Watched
from tests.support import ROOT
from tests.support.trainer.plain_runs import STEPS, go, validations, weights
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
    """Trains in a folder up to a call; -9 once it is killed there, else the number of calls."""
    paths = os.pathsep.join((str(SCRIPT.parent), str(SCRIPT.parents[2])))
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def ask(folder: Path, moment: int) -> int:
        folder.mkdir()
        stdin.write(f"{folder} {moment}\n")
        stdin.flush()
        return int(stdout.readline())

    yield ask
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
    told_of: Counter[int] = Counter()
    for number in range(KILLS):
        folder = tmp_path / f"killed {number}"
        moment = draw.randrange(1, total + 1)
        answer = killed(folder, moment)  # the count differs by some: the last call may not come
        assert answer == -signal.SIGKILL or 0 < answer < moment, f"at call {moment}"
        for run in Runs(folder).list():
            assert run.state == ("done" if told_its_end(RunDir(run.path)) else "interrupted")
            told_of[told_before(RunDir(run.path), accuracies)] += 1
            go(RunDir(run.path))
            is_complete(RunDir(run.path), expected, accuracies)
    # kills before, between and after the epochs; one as the directory was made is no run
    assert sum(told_of.values()) >= KILLS - 2
    assert set(told_of) == {0, 1, 2, 3}


def told_its_end(run: RunDir) -> bool:
    """Whether the kill came behind its last line: then nothing was interrupted."""
    return run.events.exists() and any(
        event["event"] == "run_ended" for event in read_events(run.events)
    )


def told_before(run: RunDir, accuracies: list[float]) -> int:
    """The number of epochs that a killed run told of; all of it can be read."""
    Watched(run.path).read()
    told = len(validations(run)) if run.events.exists() else 0
    if told:
        assert [event["val_accuracy"] for event in validations(run)] == accuracies[:told]
        state = load_checkpoint(run.state)
        assert state.step >= STEPS * told
        assert state.newest["epoch"] >= told
        for model in (run.best, run.last):
            load_model(model)
        assert read_card(run.last).metrics["epoch"] >= told
    return told


def is_complete(run: RunDir, expected: dict[str, Tensor], accuracies: list[float]) -> None:
    """It ended as the run that nothing happened to, each epoch told once."""
    shown = Watched(run.path).read()
    assert (shown.state, shown.share) == ("done", 1.0)
    assert [event["val_accuracy"] for event in validations(run)] == accuracies
    assert all(torch.equal(value, expected[name]) for name, value in weights(run).items())
    assert not list(run.path.rglob("*.tmp"))
