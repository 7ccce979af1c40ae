"""Runs that diverge stop with the rate to try; honest ones that look like it go on."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from ferapp.runs.run_reader import RunReader
from tests.support.trainer import plain_net
from tests.support.trainer.drawn import drawn_data
from tests.support.trainer.plain_runs import SETS, new_run, train_run, validations
from trainer.config.loading import load_config
from trainer.config.sections import OptimConfig
from trainer.errors import Diverged
from trainer.model_index import read_card
from trainer.recipes import RECIPES
from trainer.reports.run_records import read_run_record
from trainer.training.divergence import DivergenceWatch
from trainer.training.event_log import read_events
from trainer.training.run_dir import create_run
from trainer.training.trainer import Trainer

CLASSES = tuple("abcdefg")
SUPPORT = np.array([10, 10, 10, 25, 15, 15, 15])


def watch(majority: float = 0.25, **optim: object) -> DivergenceWatch:
    return DivergenceWatch(OptimConfig.model_validate(optim), CLASSES, majority)


def one_class(label: int = 3) -> np.ndarray:
    counts = np.zeros((7, 7), np.int64)
    counts[:, label] = SUPPORT
    return counts


def mostly_right() -> np.ndarray:
    return np.diag(SUPPORT - 2) + 2 * np.eye(7, k=1, dtype=np.int64)


def test_a_loss_that_explodes_stops_but_a_peak_does_not() -> None:
    found = watch(learning_rate=0.5)
    for step in range(200):
        found.add_loss(step, 900.0 if step == 100 else 1.9)
    for step in range(200, 224):
        found.add_loss(step, 40.0)
    with pytest.raises(Diverged, match=r"loss exploded: .* in step 225, guessing has 1\.95") as e:
        found.add_loss(224, 40.0)
    assert "optim.learning_rate=0.05, a tenth" in e.value.hint


def test_the_first_steps_may_be_wild() -> None:
    found = watch()
    for step in range(200):
        found.add_loss(step, 60.0 * math.exp(-step / 8) + 2)


def test_a_run_that_forgets_all_but_one_class_stops_after_three_epochs() -> None:
    found = watch(epochs=40, learning_rate=0.1)
    found.remember(mostly_right())  # the start
    found.add_epoch(1, 10, one_class(), 0.2)
    found.add_epoch(2, 20, one_class(), 0.2)
    with pytest.raises(Diverged, match="predicts d for every validation picture, for 3 epochs"):
        found.add_epoch(3, 30, one_class(), 0.2)


def test_an_epoch_of_several_classes_counts_anew() -> None:
    found = watch(epochs=40)
    found.remember(mostly_right())
    for epoch in range(1, 20):
        counts = mostly_right() if epoch % 3 == 0 else one_class()
        found.add_epoch(epoch, 10 * epoch, counts, 0.2)


@pytest.mark.parametrize(("epochs", "stops"), [(6, 5), (30, 15), (200, 20)])
def test_a_random_start_has_half_of_its_epochs(epochs: int, stops: int) -> None:
    """Published runs begin with one class, some for many epochs."""
    found = watch(epochs=epochs)
    found.remember(one_class(0))
    for epoch in range(1, stops):
        found.add_epoch(epoch, 400 * epoch, one_class(), 0.25)
    with pytest.raises(Diverged):
        found.add_epoch(stops, 400 * stops, one_class(), 0.25)


@pytest.mark.parametrize(
    ("majority", "steps_per_epoch", "train_accuracy"),
    [
        (0.25, 2, 0.2),  # tiny data: 60 steps are too few to judge
        (0.9, 400, 0.9),  # nearly all are of one class, a fair answer
        (0.25, 400, 0.4),  # it learns, and its average follows
    ],
)
def test_honest_runs_go_on(majority: float, steps_per_epoch: int, train_accuracy: float) -> None:
    found = watch(majority, epochs=30)
    for epoch in range(1, 31):
        found.add_epoch(epoch, steps_per_epoch * epoch, one_class(), train_accuracy)


def test_rows_that_were_published_with_one_class_can_be_reproduced() -> None:
    for name, recipe in RECIPES.items():
        if name.startswith("report-003/") and recipe.published[:1].isdigit():
            stops = load_config(None, (), **recipe.values).run.stop_diverged
            assert stops == (float(recipe.published) > 26), name


def test_a_run_that_diverges_ends_so_in_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At this rate all ReLUs die in the first epoch."""
    monkeypatch.setattr("trainer.training.divergence.UNLEARNED_STEPS", 10)
    sets = (*SETS, "optim.learning_rate=10", "optim.clip=0", "optim.epochs=12", "optim.ema=0")
    config = load_config(None, [*sets, "optim.schedule='constant'"])
    run = create_run(tmp_path, "test", config, tmp_path)
    with pytest.raises(Diverged, match=r"for every validation picture, for 6 epochs .epoch 6"):
        Trainer(run, "test", config, drawn_data(4)).fit()
    ended = read_events(run.events)[-1]
    assert (ended["event"], ended["reason"]) == ("run_ended", "diverged")
    assert ended["error"].endswith("\nTry optim.learning_rate=1, a tenth.")
    shown = RunReader(run.path).read()
    assert (shown.state, shown.reason) == ("failed", ended["error"])
    assert read_run_record(run).status == "failed"


def test_predictions_that_are_not_finite_are_never_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed = plain_net.Plain.embed

    def overflows(model: plain_net.Plain, x: torch.Tensor) -> torch.Tensor:
        return embed(model, x) * (1 if model.training or not run.state.exists() else torch.inf)

    run = new_run(tmp_path)
    monkeypatch.setattr(plain_net.Plain, "embed", overflows)
    with pytest.raises(Diverged, match="predicts on val is no longer finite"):
        train_run(run)
    assert read_card(run.last).metrics["epoch"] == 1
    assert [event["epoch"] for event in validations(run)] == [0, 1]
