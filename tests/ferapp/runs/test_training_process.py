"""Training processes: their output, how they are stopped, and the files they leave."""

from pathlib import Path

import psutil

from ferapp.runs.run_reader import RunFolder
from ferapp.runs.training_process import TrainingProcess
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
