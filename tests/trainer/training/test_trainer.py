"""Training learns, stops and resumes; distributed, killed and accumulated runs end with the same
weights as a plain run.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.support import ROOT
from tests.support.trainer.drawn import drawn_data
from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.data import face_data
from trainer.data.face_data import FaceData
from trainer.errors import FerError, RunStopped, UsageError
from trainer.model_index import find_model, read_card
from trainer.models import create
from trainer.models.model_file import load_model
from trainer.recipes import recipe
from trainer.reports.data_as_trained import aligned_as_trained
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir, create_run
from trainer.training.state import TrainState
from trainer.training.trainer import Trainer

SCRIPT = ROOT / "tests/support/trainer/plain_net.py"


NO_AUGMENTATION = (
    "flip",
    "rotation",
    "scale",
    "stretch",
    "shift",
    "gamma",
    "blur",
    "noise",
    "erase",
    "brightness",
    "contrast",
    "mixup",
)


SETS = (
    "model.name=plain",
    *(f"augment.{name}=0" for name in NO_AUGMENTATION),
    "objective.center.weight=0.05",
    "optim.epochs=2",
    "optim.batch_size=14",
    "run.precision=fp32",
)


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
    return run, Trainer(run, "test", config, data).fit()


def test_it_overfits_a_hundred_pictures(tmp_path: Path) -> None:
    """Trained on 100 pictures of noise it classifies them all, and so does its model file."""
    draw = np.random.default_rng(0)
    data = drawn_data(15)
    noise = draw.integers(0, 256, (100, 48, 48), np.uint8)
    training = face_data.replace(  # type: ignore[attr-defined]
        data.select(np.arange(100)),
        images=noise,
        split=np.array(["train"] * 100),
        label=draw.integers(0, 7, 100),
        landmarks=np.full((100, 68, 2), np.nan, np.float32),
    )
    both = face_data.replace(  # type: ignore[attr-defined]
        training,
        **{
            name: np.concatenate([getattr(training, name)] * 2)
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
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == list(range(9))
    assert events[0]["event"] == "run_started"
    assert events[-1]["event"] == "run_ended"
    assert events[-1]["reason"] == "done"
    epochs = [event for event in events if event["event"] == "epoch" and event["epoch"]]
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
        Trainer(stopped, "test", config, data, stop_in_the_second_epoch).fit()
    assert read_events(stopped.events)[-1]["reason"] == "stopped"
    assert load_model(stopped.best)  # a stop keeps a usable model
    Trainer(stopped, "test", config, data).fit()
    expected, resumed = (load_model(run.last)[0].state_dict() for run in (whole, stopped))
    assert all(torch.equal(resumed[name], expected[name]) for name in expected)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("step", [1, 2, 6])
def test_a_stop_in_any_step_loses_no_validation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """With two steps per epoch; a stop in the very last step comes too late."""
    config, data = quick_config("optim.epochs=3"), drawn_data(8)
    optimizer_step = TrainState.optimizer_step

    def stopping(state: TrainState, *arguments: Any) -> None:
        optimizer_step(state, *arguments)
        if state.step == step:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(TrainState, "optimizer_step", stopping)
    run = create_run(tmp_path, "test", config, tmp_path)
    if step < 6:
        with pytest.raises(RunStopped, match="stopped in epoch 1"):
            Trainer(run, "test", config, data).fit()
        monkeypatch.undo()
    Trainer(run, "test", config, data).fit()
    events = read_events(run.events)
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == [0, 1, 2, 3]
    assert read_events(run.events)[-1]["reason"] == "done"


def test_the_stop_file_stops_the_run_and_is_removed(tmp_path: Path) -> None:
    config, data = quick_config("optim.epochs=3"), drawn_data(10)
    run = create_run(tmp_path, "test", config, tmp_path)
    run.stop.touch()  # before the first step: a new run can be stopped, too
    with pytest.raises(RunStopped, match=r"stopped in epoch 1; .* can be resumed"):
        Trainer(run, "test", config, data).fit()
    assert read_events(run.events)[-1]["reason"] == "stopped"
    assert not run.stop.exists()
    run.stop.touch()
    os.utime(run.stop, (0, 0))  # a request to an earlier process, which was killed before it saw it
    Trainer(run, "test", config, data).fit()
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


def test_values_read_one_step_later_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a GPU the values of a step are read after the next step has been launched."""
    monkeypatch.setattr("trainer.training.step_log.EVENT_SECONDS", 0.0)  # an event for each step
    config, data = quick_config("optim.epochs=2"), drawn_data(20)
    logs: list[list[dict[str, Any]]] = []
    for unread in (0, 1):
        run = create_run(tmp_path / str(unread), "test", config, tmp_path)
        trainer = Trainer(run, "test", config, data)
        trainer._steps_unread = unread
        trainer.fit()
        logs.append(read_events(run.events))
    at_once, later = ([event for event in events if event["event"] == "step"] for events in logs)
    losses = {event["step"]: event["loss"] for event in at_once}
    assert len(losses) == len(at_once) >= 10
    assert [event["loss"] for event in later] == [losses[event["step"]] for event in later]
    per_epoch = len(at_once) // 2
    replaced = {per_epoch - 1, 2 * per_epoch - 1}  # read together with the epoch's last step
    assert {event["step"] for event in later} == set(losses) - replaced
    at_once, later = ([event for event in events if event["event"] == "epoch"] for events in logs)
    assert [event["loss"] for event in later[1:]] == [event["loss"] for event in at_once[1:]]


def run_of(folder: Path) -> RunDir:
    (path,) = (folder / "runs").iterdir()
    return RunDir(path)


def set_options(*sets: str) -> list[str]:
    return [argument for text in (*SETS, *sets) for argument in ("--set", text)]


def command(folder: Path, *sets: str, processes: int = 1) -> list[str]:
    launcher = [sys.executable]
    if processes > 1:
        launcher += ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    return [*launcher, str(SCRIPT), "train", "--data", str(folder / "ready"), *set_options(*sets)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def losses(run: RunDir) -> list[float]:
    events = read_events(run.events)
    return [event["loss"] for event in events if event["event"] == "epoch" and event["epoch"]]


@pytest.mark.slow
def test_two_processes_train_like_one(tmp_path: Path) -> None:
    """The same loss, centers and weights, on a network without BatchNorm."""
    for folder, count, size in ((tmp_path / "one", 1, 14), (tmp_path / "two", 2, 7)):
        face_data.save(drawn_data(10), folder / "ready")
        done = subprocess.run(
            command(folder, f"optim.batch_size={size}", processes=count),
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
    one, two = run_of(tmp_path / "one"), run_of(tmp_path / "two")
    started = read_events(two.events)[0]
    assert (started["processes"], started["steps"]) == (2, 10)
    assert losses(two) == pytest.approx(losses(one), rel=1e-5)
    first, second = (torch.load(run.state, weights_only=True) for run in (one, two))
    for part in ("model", "average", "objective"):
        for name, expected in first[part].items():
            torch.testing.assert_close(second[part][name], expected, rtol=1e-4, atol=1e-5)
    assert first["objective"]["center.centers"].abs().sum() > 0


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As many as the child processes have: the order of sums changes the weights."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_a_killed_run_resumes_to_the_same_weights(tmp_path: Path) -> None:
    face_data.save(drawn_data(10), tmp_path / "ready")
    small = ("model.name=compact", "model.options={widths=[16,32],blocks=[1,1]}", "optim.epochs=3")
    config = load_config(None, [*SETS, *small], **recipe("default").values)
    whole = create_run(tmp_path / "whole", "test", config, tmp_path / "ready")
    data = face_data.load(tmp_path / "ready")
    Trainer(whole, "test", config, data).fit()

    killed = subprocess.Popen(
        command(tmp_path, *small),
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
    )
    assert killed.stderr is not None
    for line in killed.stderr:
        if line.startswith(b"epoch   1"):
            killed.send_signal(signal.SIGKILL)
    killed.stderr.close()
    assert killed.wait() == -signal.SIGKILL
    run = run_of(tmp_path)
    Trainer(run, "test", config, data).fit()
    assert read_events(run.events)[-1]["reason"] == "done"
    expected, resumed = (load_model(r.last)[0].state_dict() for r in (whole, run))
    assert all(torch.equal(resumed[name], value) for name, value in expected.items())


def small_config(*sets: str) -> TrainConfig:
    return load_config(
        None, [*SETS, "model.name=compact", "model.options={widths=[16],blocks=[1]}", *sets]
    )


def trained(folder: Path, config: TrainConfig) -> tuple[RunDir, list[dict[str, Any]]]:
    run = create_run(folder, "test", config, folder)
    Trainer(run, "test", config, drawn_data(10)).fit()
    return run, read_events(run.events)


def test_accumulated_passes_make_one_step(tmp_path: Path) -> None:
    """Gradients and updates of the centers add up, on a network without BatchNorm."""
    from tests.support.trainer import plain_net  # noqa: F401  registers "plain"

    whole, _ = trained(tmp_path / "a", load_config(None, SETS))
    parts, events = trained(
        tmp_path / "b", load_config(None, [*SETS, "optim.batch_size=7", "optim.accumulate=2"])
    )
    assert events[0]["steps"] == 10
    first, second = (torch.load(run.state, weights_only=True) for run in (whole, parts))
    for part in ("model", "objective"):
        for name, expected in first[part].items():
            torch.testing.assert_close(second[part][name], expected, rtol=1e-4, atol=1e-5)


def test_several_validations_in_an_epoch(tmp_path: Path) -> None:
    _, events = trained(tmp_path, small_config("run.validations=2"))
    validations = [
        (event["event"], event["step"])
        for event in events
        if event["event"] in ("epoch", "validation")
    ]
    within = [("validation", 3), ("epoch", 5), ("validation", 8), ("epoch", 10)]
    assert validations == [("epoch", 0), *within]


def test_adam_is_used(tmp_path: Path) -> None:
    """Adam's first step moves each weight by about the learning rate, whatever its gradient."""
    config = small_config(
        "optim.optimizer=adam",
        "optim.schedule=constant",
        "optim.learning_rate=0.001",
        "optim.weight_decay=0",
        "optim.clip=0",
        "optim.epochs=1",
        "optim.batch_size=70",
        "optim.ema=0",
    )
    torch.manual_seed(config.run.seed)
    start = create("compact", **config.model.options).state_dict()
    run, _ = trained(tmp_path, config)
    after = torch.load(run.state, weights_only=True)["model"]["classifier.weight"]
    step = (after - start["classifier.weight"]).abs()
    assert float(step.median()) == pytest.approx(0.001, rel=0.01)


def test_losses_that_need_landmarks_say_so(tmp_path: Path) -> None:
    config = small_config("objective.center.weight=0", "objective.pal.weight=1")
    run = create_run(tmp_path, "test", config, tmp_path)
    with pytest.raises(UsageError, match=r"objective.pal needs landmarks, .* of drawn has any"):
        Trainer(run, "test", config, drawn_data(3).without_landmarks()).fit()


def test_a_run_directory_names_its_best_model(tmp_path: Path) -> None:
    run, _ = trained(tmp_path, small_config("optim.epochs=1"))
    assert find_model(str(run.path)) == run.best


@pytest.mark.parametrize(
    ("sets", "aligned"),
    [
        ((), True),
        (("data.landmarks=false",), False),
        # trained on aligned crops: other pictures have to be aligned
        (("data.landmarks=false", "model.init=default"), True),
    ],
)
def test_a_model_is_evaluated_on_pictures_aligned_as_in_training(
    tmp_path: Path, sets: tuple[str, ...], aligned: bool
) -> None:
    run = create_run(tmp_path, "test", small_config(*sets), tmp_path)
    assert aligned_as_trained(run.best, drawn_data(1)).has_landmarks.all() == aligned
