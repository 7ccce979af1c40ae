"""The training child: what it printed, how it is stopped, and what remains of it."""

from pathlib import Path

import psutil

from ferapp.runs.run_reader import Runs
from ferapp.runs.training_process import TrainingChild
from trainer.files import asset

WAIT_S = 90.0


def test_each_training_has_its_own_words_and_leaves_no_file(tmp_path: Path) -> None:
    children = {word: TrainingChild([f"--no-{word}"], tmp_path) for word in ("one", "two")}
    for child in children.values():
        child.wait(WAIT_S)
    for word, child in children.items():
        assert child.poll() == 2  # wrong usage
        assert f"No such option: --no-{word}" in child.words()
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_is_left_keeps_no_file(tmp_path: Path) -> None:
    child = TrainingChild(["--no-such-option"], tmp_path)
    (output,) = tmp_path.iterdir()
    child.leave()
    assert not output.exists()
    psutil.Process(child.pid).wait(WAIT_S)


def test_before_it_made_its_run_a_stop_ends_it(tmp_path: Path) -> None:
    child = TrainingChild(["train", "--data", str(tmp_path)], tmp_path / "runs")
    child.stop()
    assert child.stopped
    assert child.poll() is not None
    assert list((tmp_path / "runs").iterdir()) == []


def test_what_fails_before_it_begins_says_why_in_its_run(tmp_path: Path) -> None:
    """Also to an app that was not there."""
    child = TrainingChild(
        ["train", "--data", str(asset("example")), "--runs", str(tmp_path)], tmp_path
    )
    child.wait(WAIT_S)
    (run,) = Runs(tmp_path).list()
    assert run.state == "failed"
    assert "no split 'train'" in run.reason
    assert run.reason in child.words()
    assert "no split 'train'" in Runs(tmp_path).read(run.path).log
    assert not run.can_resume  # nothing was begun
