"""Trainings on one's own examples: before and after by class, and the end of those that run."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from ferapp.personal import finetune
from ferapp.personal.finetune import Score, arguments, end_trainings, newest, outcome
from ferapp.runs.run_processes import end
from tests.support.runs.run_files import a_process_that_trains, epoch, make_run, started, step
from trainer.labels import EXPRESSIONS
from trainer.training.run_dir import RunDir

HAPPY, SAD = EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")


def validation(number: int, happy: int, sad: int) -> dict[str, object]:
    """Of seven held-out pictures each, so many were recognised."""
    counts = np.zeros((7, 7), int)
    counts[HAPPY, [HAPPY, SAD]] = happy, 7 - happy
    counts[SAD, [SAD, HAPPY]] = sad, 7 - sad
    return {**epoch(number, (happy + sad) / 14), "val_confusion": counts.tolist()}


def personal_run(folder: Path, *validations: dict[str, object], reason: str = "done") -> RunDir:
    ended = {"event": "run_ended", "time": 400.0, "reason": reason, "error": "", "best": {}}
    run = make_run(
        folder, [started(), validations[0], step(1), *validations[1:], ended], "20261126-1-personal"
    )
    run.best.parent.mkdir(parents=True)
    run.best.touch()
    return run


def test_before_and_after_are_those_of_the_epoch_that_is_kept(tmp_path: Path) -> None:
    run = personal_run(tmp_path, validation(0, 3, 2), validation(1, 6, 4), validation(2, 5, 4))
    seen = newest(tmp_path)
    assert seen is not None
    found = outcome(seen)
    assert found is not None
    assert found.scores == (Score("happy", 7, 3, 6), Score("sad", 7, 2, 4))
    assert (found.epoch, found.before, found.after, found.count) == (1, 5, 10, 14)
    assert found.model == run.best


def test_where_nothing_helped_it_is_the_start_that_is_kept(tmp_path: Path) -> None:
    personal_run(tmp_path, validation(0, 6, 2), validation(1, 4, 4))
    seen = newest(tmp_path)
    assert seen is not None
    found = outcome(seen)
    assert found is not None
    assert (found.epoch, found.before, found.after) == (0, 8, 8)


def test_a_run_that_was_stopped_has_no_outcome(tmp_path: Path) -> None:
    personal_run(tmp_path, validation(0, 6, 2), validation(1, 7, 7), reason="stopped")
    seen = newest(tmp_path)
    assert seen is not None
    assert outcome(seen) is None
    assert newest(tmp_path / "none") is None


def test_the_command_names_recipe_data_and_layers() -> None:
    words = arguments(Path("/d/prepared"), Path("/d/runs"), "all", ("optim.epochs=2",))
    assert words[:5] == ["train", "--recipe", "personal", "--data", str(Path("/d/prepared"))]
    assert 'optim.layers="all"' in words
    assert "optim.epochs=2" in words


def test_a_training_of_an_earlier_day_is_ended(tmp_path: Path) -> None:
    with a_process_that_trains() as process:
        make_run(tmp_path, [started(pid=process.pid, time=time.time())])
        seen = newest(tmp_path)
        assert seen is not None
        assert seen.state == "running"
        end_trainings(tmp_path)
        assert not psutil.pid_exists(process.pid)


def test_a_training_that_has_not_made_its_run_is_ended(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    with (
        a_process_that_trains("trainer", "--runs", str(runs)) as process,
        a_process_that_trains("trainer", "--runs", str(tmp_path / "others")) as other,
    ):
        end_trainings(runs)
        assert not psutil.pid_exists(process.pid)
        assert other.poll() is None


def test_ending_trainings_leaves_processes_of_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of another machine, begun later under the same number, or of a user that forbids it."""
    with a_process_that_trains() as process:
        make_run(tmp_path, [started(pid=process.pid, time=time.time(), host="elsewhere")])
        later = started(pid=process.pid, time=time.time() - 3600)
        make_run(tmp_path, [later], "20261124-101501-x")
        end_trainings(tmp_path)
        assert process.poll() is None

        def denied(process: psutil.Process) -> None:
            raise psutil.AccessDenied(process.pid)

        monkeypatch.setattr(psutil.Process, "kill", denied)
        monkeypatch.setattr(finetune, "ENDS_S", 0.0)
        make_run(tmp_path, [started(pid=process.pid, time=time.time())], "20261124-101502-x")
        end_trainings(tmp_path)
        assert process.poll() is None


def test_those_that_a_training_started_end_with_it() -> None:
    starts = (
        "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', "
        "'import sys; sys.stdin.read()'], stdin=subprocess.PIPE); "
        "print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starts], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        end(psutil.Process(process.pid))
        assert process.stdout.read() == b""  # the end, once both are gone
