"""A kill between any two writes of a run: what is shown agrees, and the resumed run is whole."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ferapp.runs.run_reader import RunReader
from tests.support.trainer.plain_runs import new_run, train_run, validations, weights
from trainer.model_index import read_card
from trainer.reports.run_records import read_run_record
from trainer.training.event_log import EventLog
from trainer.training.run_dir import RunDir
from trainer.training.val_history import read_val_history


class Kill(BaseException):
    """Ends a training as a kill does: nothing is written or tidied afterwards."""


class Writes:
    """Counts the writes of a training, in order, and kills it before one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        self.kill_at = -1
        self._is_dead = False
        replace, write, unlink = os.replace, EventLog.write, Path.unlink

        def counted_replace(temporary: str, path: Path) -> None:
            self._count(Path(path).name)
            replace(temporary, path)

        def counted_write(log: EventLog, event: str, **values: Any) -> None:
            if event != "step" and not self._is_dead:
                self._count(event)
                write(log, event, **values)

        def dead_unlink(path: Path, missing_ok: bool = False) -> None:
            if not self._is_dead:
                unlink(path, missing_ok)

        monkeypatch.setattr(os, "replace", counted_replace)
        monkeypatch.setattr(EventLog, "write", counted_write)
        monkeypatch.setattr(Path, "unlink", dead_unlink)

    def _count(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) - 1 == self.kill_at:
            self._is_dead = True
            raise Kill

    def train(self, run: RunDir, kill_at: int = -1) -> None:
        self.names, self.kill_at, self._is_dead = [], kill_at, False
        train_run(run)


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> Writes:
    return Writes(monkeypatch)


def epoch_writes(epoch: int, is_best: bool) -> list[str]:
    best = ["best.safetensors"] * is_best
    return [*best, "last.safetensors", f"{epoch:04d}.npz", "epoch", "state.pt"]


def test_models_then_logits_then_event_then_checkpoint(tmp_path: Path, writes: Writes) -> None:
    run = new_run(tmp_path)
    writes.train(run)
    best = [event["best_epoch"] for event in validations(run)]
    expected = ["run_started", "samples.npz", "0000.npz", "epoch"]
    for epoch in (1, 2, 3):
        expected += epoch_writes(epoch, best[epoch] == epoch)
    assert writes.names == [*expected, "last.safetensors", "best.safetensors", "run_ended"]


def test_a_kill_between_any_two_writes(
    tmp_path: Path, writes: Writes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.reports.run_list.run_status.is_alive", lambda *_: False)
    whole = new_run(tmp_path / "whole")
    writes.train(whole)
    names, expected = list(writes.names), weights(whole)
    leftovers = 0
    for moment, name in enumerate(names):
        run = new_run(tmp_path / f"{moment} {name}")
        with pytest.raises(Kill):
            writes.train(run, kill_at=moment)
        leftovers += len(partial_files(run))
        check_that_all_agree(run)
        writes.train(run)
        check_that_all_agree(run)
        assert partial_files(run) == []
        assert validations_without_time(run) == validations_without_time(whole), name
        assert RunReader(run.path).read().state == "done"
        assert all(torch.equal(value, expected[key]) for key, value in weights(run).items()), name
        ours, theirs = read_val_history(run), read_val_history(whole)
        assert ours is not None
        assert theirs is not None
        assert (ours.logits == theirs.logits).all()
        assert read_card(run.best).metrics == read_card(whole.best).metrics
    assert leftovers >= len(names) / 2  # most of the writes go through a temporary file


def partial_files(run: RunDir) -> list[Path]:
    return list(run.path.rglob("*.tmp"))


def check_that_all_agree(run: RunDir) -> None:
    """What the run list and the reports show of the best model is what its card says."""
    shown = RunReader(run.path).read().best
    reported = read_run_record(run).best
    if not run.best.is_file():
        assert shown is None
        assert reported == {}
        return
    assert shown is not None
    card = read_card(run.best).metrics
    assert (
        (shown.epoch, shown.n) == (reported["epoch"], reported["n"]) == (card["epoch"], card["n"])
    )
    for name in ("accuracy", "mean_class_accuracy", "macro_f1"):
        assert shown.metric(name) == reported[name] == card[name]


def validations_without_time(run: RunDir) -> list[dict[str, Any]]:
    timed = ("time", "val_seconds", "images_per_second")
    return [
        {key: value for key, value in event.items() if key not in timed}
        for event in validations(run)
    ]


def test_another_result_of_a_repeated_epoch_replaces_the_model(
    tmp_path: Path, writes: Writes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GPUs do not repeat exactly: an unreported best model gives way to the reported one."""
    run = new_run(tmp_path)
    with pytest.raises(Kill):
        writes.train(run, kill_at=names_until_event(writes, tmp_path, 2))
    monkeypatch.setattr(
        "trainer.training.validator.classification_metrics", metrics_of(lambda n: 0.9 - n / 10)
    )
    writes.train(run)
    best = validations(run)[-1]["best_epoch"]
    event = next(event for event in validations(run) if event["epoch"] == best)
    assert read_card(run.best).metrics["accuracy"] == event["val_accuracy"]
    check_that_all_agree(run)


def names_until_event(writes: Writes, folder: Path, epoch: int) -> int:
    """The place of the event of an epoch among the writes."""
    writes.train(new_run(folder / "counted"))
    places = [place for place, name in enumerate(writes.names) if name == "epoch"]
    return places[epoch]


def metrics_of(accuracy: Callable[[int], float]) -> Callable[..., dict[str, Any]]:
    """Made up metrics, with an accuracy by the number of the validation."""
    numbers = iter(range(100))

    def measure(logits: Any, labels: Any, classes: Any) -> dict[str, Any]:
        value = accuracy(next(numbers))
        shares = dict.fromkeys(("accuracy", "mean_class_accuracy", "macro_f1", "ece"), value)
        return {**shares, "n": len(labels), "confusion": [[1, 1], [1, 1]]}

    return measure
