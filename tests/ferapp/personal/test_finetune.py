"""Fine-tuning on the user's own examples: before and after by class, and killing trainings."""

import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from ferapp.personal import finetune
from ferapp.personal.finetune import (
    ClassResult,
    finetune_arguments,
    finetune_result,
    kill_trainings,
    newest_run,
)
from tests.support.runs.run_files import epoch, make_run, running_training, started, step
from trainer.labels import EXPRESSIONS
from trainer.training.run_dir import RunDir

HAPPY, SAD = EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")


def validation(number: int, happy: int, sad: int) -> dict[str, object]:
    """An epoch in which so many of seven held-out pictures each were recognised."""
    counts = np.zeros((7, 7), int)
    counts[HAPPY, [HAPPY, SAD]] = happy, 7 - happy
    counts[SAD, [SAD, HAPPY]] = sad, 7 - sad
    return {**epoch(number, (happy + sad) / 14), "val_confusion": counts.tolist()}


def personal_run(folder: Path, *validations: dict[str, object], reason: str = "done") -> RunDir:
    ended = {"event": "run_ended", "time": 400.0, "reason": reason, "error": "", "best": {}}
    events = [started(), validations[0], step(1), *validations[1:], ended]
    keeps = ("model.init=default", "model.keep_init=true")  # as the recipe
    run = make_run(folder, events, "20261126-1-personal", sets=keeps)
    run.best.parent.mkdir(parents=True)
    run.best.touch()
    return run


def test_after_is_that_of_the_best_epoch(tmp_path: Path) -> None:
    folder = personal_run(tmp_path, validation(0, 3, 2), validation(1, 6, 4), validation(2, 5, 4))
    run = newest_run(tmp_path)
    assert run is not None
    result = finetune_result(run)
    assert result is not None
    assert result.classes == (ClassResult("happy", 7, 3, 6), ClassResult("sad", 7, 2, 4))
    assert (result.epoch, result.before, result.after, result.count) == (1, 5, 10, 14)
    assert result.model == folder.best


def test_without_improvement_the_best_epoch_is_the_start(tmp_path: Path) -> None:
    personal_run(tmp_path, validation(0, 6, 2), validation(1, 4, 4))
    run = newest_run(tmp_path)
    assert run is not None
    result = finetune_result(run)
    assert result is not None
    assert (result.epoch, result.before, result.after) == (0, 8, 8)


def test_a_stopped_run_has_no_result(tmp_path: Path) -> None:
    personal_run(tmp_path, validation(0, 6, 2), validation(1, 7, 7), reason="stopped")
    run = newest_run(tmp_path)
    assert run is not None
    assert finetune_result(run) is None
    assert newest_run(tmp_path / "none") is None


def test_the_command_names_recipe_data_and_layers() -> None:
    words = finetune_arguments(Path("/d/prepared"), Path("/d/runs"), "all", ("optim.epochs=2",))
    assert words[:5] == ["train", "--recipe", "personal", "--data", str(Path("/d/prepared"))]
    assert 'optim.layers="all"' in words
    assert "optim.epochs=2" in words


def test_a_training_of_an_earlier_session_is_killed(tmp_path: Path) -> None:
    with running_training() as process:
        make_run(tmp_path, [started(pid=process.pid, time=time.time())])
        run = newest_run(tmp_path)
        assert run is not None
        assert run.state == "running"
        kill_trainings(tmp_path)
        assert not psutil.pid_exists(process.pid)


def test_a_training_that_has_not_made_its_run_is_killed(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    with (
        running_training("trainer", "--runs", str(runs)) as process,
        running_training("trainer", "--runs", str(tmp_path / "others")) as other,
    ):
        kill_trainings(runs)
        assert not psutil.pid_exists(process.pid)
        assert other.poll() is None


def test_killing_trainings_leaves_other_processes_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of another machine, later ones with the same id, and those that this user may not kill."""
    with running_training() as process:
        make_run(tmp_path, [started(pid=process.pid, time=time.time(), host="elsewhere")])
        later = started(pid=process.pid, time=time.time() - 3600)
        make_run(tmp_path, [later], "20261124-101501-x")
        kill_trainings(tmp_path)
        assert process.poll() is None

        def denied(process: psutil.Process) -> None:
            raise psutil.AccessDenied(process.pid)

        monkeypatch.setattr(psutil.Process, "kill", denied)
        monkeypatch.setattr(finetune, "KILL_TIMEOUT_S", 0.0)
        make_run(tmp_path, [started(pid=process.pid, time=time.time())], "20261124-101502-x")
        kill_trainings(tmp_path)
        assert process.poll() is None
