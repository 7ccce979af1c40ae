"""Training that starts from a model: the classifier alone, and the initial weights as epoch 0."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ferapp.runs.run_reader import RunReader
from tests.support.trainer.drawn import drawn_data
from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.data.face_data import FaceData
from trainer.errors import RunStopped, UsageError
from trainer.models.model_file import load_model
from trainer.recipes import recipe
from trainer.reports.run_records import read_run_record
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir, create_run
from trainer.training.start_comparison import compare_with_start
from trainer.training.text_log import text_log
from trainer.training.trainer import Trainer

SMALL = (
    "model.options={widths=[8,16,32],blocks=[1,1,1],dropout=0.0,symmetric=false}",
    "optim.batch_size=25",
    "optim.ema=0.9",
    "run.device='cpu'",
)
SHORT = ("optim.epochs=2", "optim.learning_rate=0.1")


def mislabelled() -> FaceData:
    """Training pictures with the label of the next class: learning them makes a model worse."""
    data = drawn_data(10, seed=1)
    label = np.where(data.split == "train", (data.label + 1) % 7, data.label)
    return replace(data, label=label)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has learned drawn faces for a while."""
    folder = tmp_path_factory.mktemp("start")
    config = load_config(None, [*SMALL, "optim.epochs=10", "augment.mixup=0"])
    run = create_run(folder, "start", config, folder)
    Trainer(run, "start", config, drawn_data(30)).fit()
    return run.best


def tuning(start: Path, *sets: str) -> TrainConfig:
    own = [f"model.init='{start}'", "optim.epochs=3", *SMALL, *sets]
    return load_config(None, own, **recipe("personal").values)


def tuned(folder: Path, config: TrainConfig, data: FaceData) -> tuple[RunDir, dict[str, Any]]:
    run = create_run(folder, "tuned", config, folder)
    return run, Trainer(run, "tuned", config, data).fit()


def weights(model: Path) -> dict[str, torch.Tensor]:
    return load_model(model)[0].state_dict()


def epochs(run: RunDir) -> list[dict[str, Any]]:
    return [event for event in read_events(run.events) if event["event"] == "epoch"]


def test_the_head_alone_is_trained(start: Path, tmp_path: Path) -> None:
    run, _ = tuned(tmp_path, tuning(start, "optim.learning_rate=0.1"), drawn_data(10, seed=1))
    before, after = weights(start), weights(run.last)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"classifier.weight", "classifier.bias"}
    assert any("running_mean" in name for name in before)  # statistics do not change either


def test_all_layers_are_trained_on_request(start: Path, tmp_path: Path) -> None:
    config = tuning(start, "optim.layers='all'")
    run, _ = tuned(tmp_path, config, drawn_data(10, seed=1))
    before, after = weights(start), weights(run.last)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert {"stem.1.weight", "stem.2.running_mean", "classifier.weight"} <= moved


def test_training_that_makes_it_worse_keeps_the_initial_weights(
    start: Path, tmp_path: Path
) -> None:
    wrong = mislabelled()
    wrong = wrong.select(np.flatnonzero((wrong.label != 3) | (wrong.split == "val")))
    run, best = tuned(tmp_path, tuning(start, "optim.epochs=6", "optim.learning_rate=0.3"), wrong)
    assert best["epoch"] == 0
    assert best["accuracy"] > epochs(run)[-1]["val_accuracy"]
    before, best_weights = weights(start), weights(run.best)
    assert all(torch.equal(before[name], best_weights[name]) for name in before)
    card = load_model(run.best)[1]
    assert card.metrics["epoch"] == 0
    assert (
        card.temperature == load_model(start)[1].temperature
    )  # 70 pictures are too few to calibrate
    assert card.prior == load_model(start)[1].prior != {}
    assert load_model(run.last)[1].prior != card.prior


def test_training_that_makes_it_better_replaces_them(start: Path, tmp_path: Path) -> None:
    worse, _ = tuned(tmp_path / "worse", tuning(start, *SHORT), mislabelled())
    config = tuning(worse.last, "optim.layers='all'", "optim.epochs=12", "optim.learning_rate=0.05")
    run, best = tuned(tmp_path, config, drawn_data(20, seed=0))
    first = epochs(run)[0]
    assert (first["epoch"], first["step"]) == (0, 0)
    assert best["epoch"] > 0
    assert best["accuracy"] > first["val_accuracy"]


def test_the_start_is_measured_and_is_the_best_only_on_request(start: Path, tmp_path: Path) -> None:
    config = tuning(start, "model.keep_init=false", *SHORT)
    run, best = tuned(tmp_path, config, mislabelled())
    first, *others = epochs(run)
    assert (first["epoch"], first["best_epoch"], first["val_n"]) == (0, None, 70)
    assert best["epoch"] > 0
    assert best["accuracy"] < first["val_accuracy"]
    shown = RunReader(run.path).read().best
    assert shown is not None
    assert shown.epoch == best["epoch"]
    assert read_run_record(run).best["epoch"] == best["epoch"]
    ended = read_events(run.events)[-1]
    count = "1 epoch" if best["epoch"] == 1 else f"{best['epoch']} epochs"
    assert ended["verdict"].startswith(
        f"It did not beat its start: {100 * best['accuracy']:.1f} % after {count}, "
        f"start {100 * first['val_accuracy']:.1f} %, 70 validation pictures. The trained model is "
    )
    assert [event["epoch"] for event in others] == [1, 2]


def test_a_kept_start_is_compared_with_the_best_trained_epoch(start: Path, tmp_path: Path) -> None:
    run, best = tuned(tmp_path, tuning(start, *SHORT), mislabelled())
    assert best["epoch"] == 0
    trained = max(epochs(run)[1:], key=lambda event: event["val_accuracy"])
    compared = compare_with_start(run, best)
    assert compared is not None
    assert (compared.epoch, compared.n) == (trained["epoch"], 70)
    assert compared.trained == trained["val_accuracy"]
    assert compared.start == best["accuracy"]
    difference = compared.test.only_first - compared.test.only_second
    assert difference == round(70 * (compared.trained - compared.start)) < 0
    assert read_events(run.events)[-1]["verdict"] == compared.sentence()


def test_run_readers_know_epoch_0(start: Path, tmp_path: Path) -> None:
    config, data = tuning(start, *SHORT), mislabelled()
    run = create_run(tmp_path, "tuned", config, tmp_path)
    with text_log(run.log) as report:
        Trainer(run, "tuned", config, data, report).fit()
    record, seen = read_run_record(run), RunReader(run.path).read()
    assert [event["epoch"] for event in record.validations] == [0, 1, 2]
    assert seen.best is not None
    assert record.best["epoch"] == seen.best.epoch == 0
    assert record.best["accuracy"] == seen.accuracy
    assert [each.epoch for each in seen.validations] == [0, 1, 2]
    assert seen.best.confusion is not None
    assert seen.best.confusion.sum() == seen.best.n == 70
    assert seen.epoch_curves["val_accuracy"][0].tolist() == [0, 1, 2]
    assert seen.epoch_curves["loss"][0].tolist() == [1, 2]  # nothing was trained before the first
    assert "epoch   0  initial weights  val" in run.log.read_text()


def test_a_stopped_fine_tuning_resumes_to_the_same_weights(start: Path, tmp_path: Path) -> None:
    config, data = tuning(start), drawn_data(10, seed=1)
    whole, _ = tuned(tmp_path / "whole", config, data)
    stopped = create_run(tmp_path / "stopped", "tuned", config, tmp_path)

    def stop_after_the_start(event: dict[str, Any]) -> None:
        if event["event"] == "epoch" and event["epoch"] == 0:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(RunStopped, match="can be resumed"):
        Trainer(stopped, "tuned", config, data, stop_after_the_start).fit()
    best = Trainer(stopped, "tuned", config, data).fit()
    assert [event["epoch"] for event in epochs(stopped)] == [0, 1, 2, 3]  # epoch 0 only once
    assert best["accuracy"] >= epochs(stopped)[0]["val_accuracy"]
    expected, resumed = weights(whole.last), weights(stopped.last)
    assert all(torch.equal(resumed[name], expected[name]) for name in expected)


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (("model.keep_init=true",), "keep_init needs model.init"),
        (
            ("optim.layers='head'", "objective.pal.weight=1", "augment.mixup=0"),
            r"objective\.pal\.weight = 0",
        ),
    ],
)
def test_settings_that_contradict_each_other(sets: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_config(None, sets)


def test_the_personal_recipe_validates_the_default_model_as_epoch_0() -> None:
    config = load_config(None, (), **recipe("personal").values)
    assert (config.model.init, config.model.keep_init) == ("default", True)
    assert not config.data.landmarks  # examples are aligned crops already
    assert config.optim.layers == "head"
