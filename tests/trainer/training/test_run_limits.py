"""A run ends in order by its time budget or by early stopping, with its best model and a reason."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.trainer.drawn import drawn_data
from tests.support.trainer.plain_runs import SETS, STEPS
from trainer.config.loading import load_config
from trainer.model_index import read_card
from trainer.training import run_limits
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir, create_run
from trainer.training.run_limits import RunLimits, trained_seconds
from trainer.training.state import StepPlan
from trainer.training.text_log import text_log
from trainer.training.trainer import Trainer


class Clock:
    """Stands still until a run validates epoch `epoch`, which takes `seconds`."""

    def __init__(self, epoch: int, seconds: float) -> None:
        self.now, self._epoch, self._seconds = 0.0, epoch, seconds

    def __call__(self) -> float:
        return self.now

    def report(self, event: dict[str, Any]) -> None:
        if event["event"] == "epoch" and event["epoch"] == self._epoch:
            self.now += self._seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(epoch=2, seconds=301.0)
    monkeypatch.setattr(run_limits, "time", SimpleNamespace(monotonic=made))
    return made


def start(folder: Path, *sets: str, report: Any = lambda _: None) -> RunDir:
    config = load_config(None, (*SETS, *sets))
    run = create_run(folder, "test", config, folder)
    with text_log(run.log) as write_log:

        def both(event: dict[str, Any]) -> None:
            report(event)
            write_log(event)

        Trainer(run, "test", config, drawn_data(4), both).fit()
    return run


def test_a_run_ends_by_its_budget_with_its_best_model(tmp_path: Path, clock: Clock) -> None:
    run = start(tmp_path, "optim.epochs=9", "run.budget_minutes=5", report=clock.report)
    *_, last = read_events(run.events)
    assert last["reason"] == "done"
    assert last["ended_early"] == "ended by its budget of 5 minutes after epoch 2"
    epochs = [e["epoch"] for e in read_events(run.events) if e["event"] == "epoch"]
    assert epochs == [0, 1, 2]
    assert read_card(run.best).metrics["epoch"] == last["best"]["epoch"]
    assert "temperature" in last["best"]  # the model is finished, as at the end of all epochs
    assert "done: ended by its budget of 5 minutes after epoch 2" in run.log.read_text()


def test_a_budget_ends_within_an_epoch_and_validates_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0])  # at its start; a minute later the first step is done
    monkeypatch.setattr(run_limits, "time", SimpleNamespace(monotonic=lambda: next(times, 61.0)))
    run = start(tmp_path, "optim.epochs=9", "run.budget_minutes=1")
    events = read_events(run.events)
    assert events[-1]["ended_early"] == "ended by its budget of 1 minute in epoch 1"
    (validation,) = [event for event in events if event["event"] == "validation"]
    assert 0 < validation["step"] < STEPS
    assert read_card(run.best).metrics["step"] == validation["step"]


def test_the_time_before_a_resume_counts(tmp_path: Path) -> None:
    events = [
        {"event": "run_started", "time": 100.0},
        {"event": "step", "time": 130.0},  # killed here
        {"event": "run_started", "time": 1000.0},
        {"event": "epoch", "time": 1020.0},
        {"event": "run_ended", "time": 1025.0},
        {"event": "run_ended", "time": 9000.0},  # a resume that could not begin
        {"event": "run_started", "time": 9500.0},
    ]
    assert trained_seconds(events) == 55
    plan = StepPlan(14, STEPS, 3 * STEPS, 1)
    config = load_config(None, ("run.budget_minutes=0.5",))
    best = {"epoch": 1, "accuracy": 0.5}
    assert RunLimits(config, plan, events).reason_to_end(STEPS, best)
    assert not RunLimits(config, plan, events[:1]).reason_to_end(STEPS, best)
    none_yet = {"epoch": -1, "accuracy": -1.0}
    assert not RunLimits(config, plan, events).reason_to_end(STEPS, none_yet)


def test_early_stopping_counts_epochs_after_the_best() -> None:
    plan = StepPlan(14, STEPS, 99 * STEPS, STEPS)
    limits = RunLimits(load_config(None, ("optim.patience=3",)), plan, [])
    best = {"epoch": 4, "accuracy": 0.5}
    assert limits.reason_to_end(6 * STEPS, best) == ""
    assert limits.reason_to_end(7 * STEPS - 1, best) == ""  # not within an epoch
    assert limits.reason_to_end(7 * STEPS, best) == (
        "ended by early stopping after epoch 7: 3 epochs without a better validation accuracy "
        "than epoch 4"
    )
    unlimited = RunLimits(load_config(None, ()), plan, [])
    assert unlimited.reason_to_end(90 * STEPS, best) == ""


def test_a_run_that_learns_nothing_stops_early(tmp_path: Path) -> None:
    sets = ("optim.epochs=9", "optim.patience=2", "optim.learning_rate=1e-9", "optim.ema=0")
    run = start(tmp_path, *sets)
    events = read_events(run.events)
    assert [e["epoch"] for e in events if e["event"] == "epoch"] == [0, 1, 2, 3]
    assert events[-1]["reason"] == "done"
    assert events[-1]["best"]["epoch"] == 1
    assert events[-1]["ended_early"].startswith("ended by early stopping after epoch 3")
