"""Training processes: their output, how they are stopped, and the files they leave."""

import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from ferapp.runs.run_reader import RunFolder
from ferapp.runs.training_process import RateSearch, TrainingProcess
from tests.support.runs.run_files import make_run, started, step
from tests.support.ui.train_bench import SETS, save_cartoons
from trainer.files import asset

WAIT_S = 90.0


def test_each_training_has_its_own_output_and_leaves_no_file(tmp_path: Path) -> None:
    trainings = {name: TrainingProcess([f"--no-{name}"], tmp_path) for name in ("one", "two")}
    for training in trainings.values():
        training.wait(WAIT_S)
    for name, training in trainings.items():
        assert training.poll() == 2  # wrong usage
        assert f"No such option: --no-{name}" in training.last_output()
    assert list(tmp_path.iterdir()) == []


def test_a_detached_training_leaves_no_file(tmp_path: Path) -> None:
    training = TrainingProcess(["--no-such-option"], tmp_path)
    (output,) = tmp_path.iterdir()
    training.detach()
    assert not output.exists()
    psutil.Process(training.pid).wait(WAIT_S)


def test_stopping_kills_a_training_that_has_not_made_its_run(tmp_path: Path) -> None:
    training = TrainingProcess(["train", "--data", str(tmp_path)], tmp_path / "runs")
    training.stop()
    assert training.was_killed_early
    assert training.poll() is not None
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_training_that_cannot_begin_says_why_in_its_run(tmp_path: Path) -> None:
    """So an app that was not open then knows it too."""
    training = TrainingProcess(
        ["train", "--data", str(asset("example")), "--runs", str(tmp_path)], tmp_path
    )
    training.wait(WAIT_S)
    (run,) = RunFolder(tmp_path).list()
    assert run.state == "failed"
    assert "no split 'train'" in run.reason
    assert run.reason in training.last_output()
    assert "no split 'train'" in RunFolder(tmp_path).read(run.path).log
    assert not run.can_resume  # nothing has begun


def test_a_process_whose_run_has_ended_trains_no_more(tmp_path: Path) -> None:
    """It takes a moment to end, in which nobody need be asked whether to keep it."""
    run = make_run(tmp_path / "runs", [started(), step(5)])
    training = TrainingProcess(["--help"], tmp_path, run.path)
    training._process.poll = lambda: None  # type: ignore[method-assign]  # it takes its time
    try:
        assert training.is_training
        with run.events.open("a") as stream:
            stream.write('{"event": "run_ended", "reason": "done", "time": 100.0}\n')
        assert training.is_training  # that was an earlier end, before it was resumed
        with run.events.open("a") as stream:
            stream.write(f'{{"event": "run_ended", "reason": "done", "time": {time.time()}}}\n')
        assert not training.is_training
    finally:
        del training._process.poll
        training.kill()


def test_a_search_for_a_rate_tells_its_steps_and_leaves_nothing(tmp_path: Path) -> None:
    save_cartoons(tmp_path / "data")
    settings = [f"{key}={value}" for key, value in SETS.items()]
    search = RateSearch("default", tmp_path / "data", settings)
    assert search.steps() == ([], [])
    search.wait(WAIT_S)
    assert search.poll() == 0, search.last_output()
    rates, losses = search.steps()
    assert rates[0] == pytest.approx(1e-5)
    assert len(rates) == len(losses) > 50
    assert np.all(np.diff(rates) > 0)
    search.close()
    assert not search._folder.exists()
