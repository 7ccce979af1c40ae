"""The loop learns, stops and resumes; the evaluation's numbers are those of their formulas."""

import itertools
import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.trainer.drawn import drawn_data
from trainer.card import ModelCard
from trainer.config.train_config import OptimConfig, Section, TrainConfig, load_config
from trainer.data import face_data
from trainer.data.face_data import FaceData
from trainer.errors import FerError, RunStopped, UsageError
from trainer.evaluation.evaluate import evaluate, fit_temperature, metrics, softmax, votes_accuracy
from trainer.losses import soft_cross_entropy
from trainer.model_index import read_card
from trainer.models import create
from trainer.models.model_file import load_model
from trainer.training.event_log import EventLog, read_events
from trainer.training.run_dir import RunDir, create_run
from trainer.training.state import Learner, learning_rate
from trainer.training.train_step import Steps
from trainer.training.trainer import train

QUICK = (
    "model.options={widths=[8,16,32],blocks=[1,1,1],dropout=0.0}",
    "augment.mixup=0",
    "augment.erase=0",
    "objective.label_smoothing=0",
    "optim.batch_size=25",
    "optim.ema=0.9",
    "run.device='cpu'",
)


def quick_config(*sets: str) -> TrainConfig:
    return load_config(None, [*QUICK, *sets])


def start(folder: Path, config: TrainConfig, data: FaceData) -> tuple[RunDir, dict[str, Any]]:
    run = create_run(folder, "test", config, folder)
    return run, train(run, "test", config, data)


def test_it_overfits_a_hundred_pictures(tmp_path: Path) -> None:
    """Trained on 100 pictures of noise it knows each of them, and its file knows them too."""
    draw = np.random.default_rng(0)
    data = drawn_data(15)
    noise = draw.integers(0, 256, (100, 48, 48), np.uint8)
    half = face_data.replace(  # type: ignore[attr-defined]
        data.select(np.arange(100)),
        images=noise,
        split=np.array(["train"] * 100),
        label=draw.integers(0, 7, 100),
        landmarks=np.full((100, 68, 2), np.nan, np.float32),
    )
    both = face_data.replace(  # type: ignore[attr-defined]
        half,
        **{
            name: np.concatenate([getattr(half, name)] * 2)
            for name in ("images", "sample_id", "source_index", "label", "landmarks", "votes")
        },
        split=np.repeat(["train", "val"], 100),
    )
    config = quick_config(
        "optim.epochs=40",
        "augment.flip=0",
        "augment.rotation=0",
        "augment.scale=0",
        "augment.stretch=0",
        "augment.shift=0",
        "augment.blur=0",
        "augment.noise=0",
        "augment.gamma=0",
        "data.drop_leaked=false",
    )
    run, best = start(tmp_path, config, both)
    assert best["accuracy"] == 1.0
    card = read_card(run.best)
    assert card.metrics["accuracy"] == 1.0
    assert card.temperature != 1.0  # calibrated on val


def test_it_learns_drawn_faces_with_augmentation(tmp_path: Path) -> None:
    run, best = start(tmp_path, quick_config("optim.epochs=8"), drawn_data(30))
    assert best["accuracy"] > 0.6  # chance is 0.14
    events = read_events(run.events)
    assert [event["event"] for event in events].count("epoch") == 8
    assert events[0]["event"] == "run_started"
    assert events[-1]["event"] == "run_ended"
    assert events[-1]["reason"] == "done"
    epochs = [event for event in events if event["event"] == "epoch"]
    assert epochs[-1]["loss"] < epochs[0]["loss"]
    config = json.loads(run.config.read_text())["config"]
    assert config["optim"]["epochs"] == 8
    assert json.loads(run.env.read_text())["versions"]["torch"]


def test_a_stopped_run_resumes_to_the_same_weights(tmp_path: Path) -> None:
    config, data = quick_config("optim.epochs=3"), drawn_data(10)
    before = signal.getsignal(signal.SIGINT)
    whole, _ = start(tmp_path / "whole", config, data)

    stopped = create_run(tmp_path / "stopped", "test", config, tmp_path)

    def stop_in_the_second_epoch(event: dict[str, Any]) -> None:
        if event["event"] == "epoch" and event["epoch"] == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(RunStopped, match="can be resumed"):
        train(stopped, "test", config, data, stop_in_the_second_epoch)
    assert read_events(stopped.events)[-1]["reason"] == "stopped"
    assert load_model(stopped.best)  # a stop keeps a usable model
    train(stopped, "test", config, data)
    expected, found = (load_model(run.last)[0].state_dict() for run in (whole, stopped))
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("step", [1, 2, 6])
def test_a_stop_in_any_step_loses_no_validation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Of two steps an epoch; that in the last step of all comes too late."""
    config, data = quick_config("optim.epochs=3"), drawn_data(8)
    descend = Learner.descend

    def stopping(learner: Learner, *arguments: Any) -> None:
        descend(learner, *arguments)
        if learner.step == step:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Learner, "descend", stopping)
    run = create_run(tmp_path, "test", config, tmp_path)
    if step < 6:
        with pytest.raises(RunStopped, match="stopped in epoch 1"):
            train(run, "test", config, data)
        monkeypatch.undo()
    train(run, "test", config, data)
    told = [event["epoch"] for event in read_events(run.events) if event["event"] == "epoch"]
    assert told == [1, 2, 3]
    assert read_events(run.events)[-1]["reason"] == "done"


def test_the_file_stop_asks_for_a_stop_and_goes_with_it(tmp_path: Path) -> None:
    config, data = quick_config("optim.epochs=3"), drawn_data(10)
    run = create_run(tmp_path, "test", config, tmp_path)
    run.stop.touch()  # before the first step; a run that has just been made can be stopped, too
    with pytest.raises(RunStopped, match=r"stopped in epoch 1; .* can be resumed"):
        train(run, "test", config, data)
    assert read_events(run.events)[-1]["reason"] == "stopped"
    assert not run.stop.exists()
    run.stop.touch()
    os.utime(run.stop, (0, 0))  # as of a process that was killed before it came to it
    train(run, "test", config, data)
    assert read_events(run.events)[-1]["reason"] == "done"
    assert not run.stop.exists()


def test_a_loss_that_is_not_finite_stops_with_a_reason(tmp_path: Path) -> None:
    data = drawn_data(5)
    votes = data.votes.copy()
    votes[:] = np.inf
    broken = face_data.replace(data, votes=votes)  # type: ignore[attr-defined]
    with pytest.raises(FerError, match="loss is no longer finite in step 1"):
        start(tmp_path, quick_config("data.votes_share=0.5"), broken)
    with np.load(next(tmp_path.glob("*/bad_batch.npz"))) as batch:
        assert batch["inputs"].shape == (25, 1, 44, 44)
        assert not np.isfinite(batch["targets"]).any()


def test_numbers_that_are_asked_for_a_step_later_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, which has the next step's work before it is asked."""
    monkeypatch.setattr("trainer.training.train_step.EVENT_SECONDS", 0.0)  # each step is told of
    config, data = quick_config("optim.epochs=2"), drawn_data(20)
    begin = Steps.__init__

    def late(self: Steps, *arguments: Any) -> None:
        begin(self, *arguments)
        self._behind = 1

    told: list[list[dict[str, Any]]] = []
    for name in ("now", "late"):
        run = create_run(tmp_path / name, name, config, tmp_path)
        train(run, name, config, data)
        told.append(read_events(run.events))
        monkeypatch.setattr(Steps, "__init__", late)
    now, then = ([each for each in events if each["event"] == "step"] for events in told)
    losses = {each["step"]: each["loss"] for each in now}
    assert len(losses) == len(now) >= 10
    assert [each["loss"] for each in then] == [losses[each["step"]] for each in then]
    epoch = len(now) // 2
    untold = {epoch - 1, 2 * epoch - 1}  # they come together with the epoch's last
    assert {each["step"] for each in then} == set(losses) - untold
    now, then = ([each for each in events if each["event"] == "epoch"] for events in told)
    assert [each["loss"] for each in then] == [each["loss"] for each in now]


def test_cross_entropy_against_its_formula() -> None:
    logits = torch.randn(5, 7, dtype=torch.float64)
    targets = torch.softmax(torch.randn(5, 7, dtype=torch.float64), 1)
    smoothed = 0.9 * targets + 0.1 / 7
    expected = -(smoothed * torch.log_softmax(logits, 1)).sum(1).mean()
    assert float(soft_cross_entropy(logits, targets, 0.1)) == pytest.approx(float(expected), 1e-5)


def test_one_cycle_starts_low_peaks_once_and_ends_near_zero() -> None:
    settings = OptimConfig(learning_rate=0.5, warmup=0.2)
    rates = [learning_rate(step, 100, 10, settings) for step in range(100)]
    assert rates[0] == pytest.approx(0.5 / 25)
    assert max(rates) == rates[20] == pytest.approx(0.5)
    assert rates[-1] < 0.005
    assert all(a < b for a, b in itertools.pairwise(rates[:21]))
    assert all(a > b for a, b in itertools.pairwise(rates[20:]))


def test_metrics_against_hand_counts() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    predicted = np.array([0, 0, 1, 1, 2, 2])
    logits = np.eye(3, dtype=np.float32)[predicted] * 5
    result = metrics(logits, labels, ("a", "b", "c"))
    assert result["confusion"] == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    assert result["accuracy"] == pytest.approx(4 / 6)
    assert result["mean_class_accuracy"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert result["per_class"]["a"]["precision"] == 1.0
    assert result["macro_f1"] == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)
    confidence = np.exp(5) / (np.exp(5) + 2)
    assert result["ece"] == pytest.approx(confidence - 4 / 6, abs=1e-6)


def test_the_fitted_temperature_undoes_overconfidence() -> None:
    draw = np.random.default_rng(0)
    logits = draw.normal(0, 2, (4000, 7)).astype(np.float32)
    labels = np.array([draw.choice(7, p=row) for row in softmax(logits)])
    assert fit_temperature(logits, labels) == pytest.approx(1, abs=0.1)
    assert fit_temperature(3 * logits, labels) == pytest.approx(3, abs=0.3)
    sharp = metrics(3 * logits, labels, tuple("abcdefg"))["ece"]
    assert metrics(3 * logits, labels, tuple("abcdefg"), temperature=3.0)["ece"] < sharp / 3


def test_majority_votes_leave_ties_out() -> None:
    votes = np.array([[0.5, 0.5, 0], [0.8, 0.1, 0.1], [0, 0.3, 0.7]], np.float32)
    logits = np.array([[1, 0, 0], [1, 0, 0], [1, 0, 0]], np.float32)
    assert votes_accuracy(logits, votes) == {"majority_accuracy": 0.5, "n": 2}
    assert votes_accuracy(logits[:1], votes[:1]) == {}


def test_what_needs_landmarks_is_left_out_where_there_are_none() -> None:
    """And no number that JSON does not know stands in its place."""
    options = {"widths": [8, 16], "blocks": [1, 1]}
    card = ModelCard(
        name="small", architecture="compact", arguments=options, attribution_layer="stages"
    )
    found = evaluate(
        create("compact", **options),
        card,
        drawn_data(2).without_landmarks(),
        torch.device("cpu"),
        explain=True,
    )
    assert not {"landmark_r", "votes"} & found.keys()
    json.dumps(found, allow_nan=False)


def test_events_survive_a_half_written_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log.write("step", loss=float("nan"), step=1)
    log.close()
    with path.open("a") as stream:
        stream.write('{"event": "st')
    assert [(event["event"], event["loss"]) for event in read_events(path)] == [("step", None)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("optim.epochs=0", "optim.epochs = 0: must be a whole number from 1 to 10000"),
        ("optim.epochs=many", "optim.epochs = 'many': must be a whole number from 1 to 10000"),
        ("optim.epoch=3", "no such field .*epochs"),
        ("optimizer.lr=3", "no such field .*optim"),
        ("data.normalisation='half'", "must be image or fixed"),
        ("epochs=3", "section.field=value"),
        ("optim.epochs", "section.field=value"),
        ("run.device=tpu", "run.device"),
    ],
)
def test_wrong_settings_name_the_field_and_what_it_allows(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        load_config(None, [text])


def test_settings_win_over_the_file_and_the_file_over_the_recipe(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[optim]\nepochs = 5\nbatch_size = 64\n")
    config = load_config(file, ["optim.epochs=7"], optim={"epochs": 3, "learning_rate": 0.3})
    assert (config.optim.epochs, config.optim.batch_size, config.optim.learning_rate) == (
        7,
        64,
        0.3,
    )


def test_another_model_leaves_the_options_of_the_recipe_behind() -> None:
    base = {"model": {"name": "compact", "options": {"widths": [8, 16]}}}
    assert load_config(None, ["model.name=resnet18"], **base).model.options == {}
    deeper = load_config(None, ["model.options.blocks=[1,1]"], **base)
    assert deeper.model.options == {"widths": [8, 16], "blocks": [1, 1]}


def test_every_field_has_a_help_text() -> None:
    sections: list[type[Section]] = [TrainConfig]
    for section in sections:
        for name, field in section.model_fields.items():
            kind = field.annotation
            if isinstance(kind, type) and issubclass(kind, Section):
                sections.append(kind)
            else:
                assert field.description, (section, name)
    assert len(sections) > 8  # also the sections within sections
