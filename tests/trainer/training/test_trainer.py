"""Runs that are split, killed or validated more often end where the plain run ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support import ROOT
from tests.support.trainer.drawn import drawn_data
from trainer.config.loading import load_config
from trainer.config.sections import OptimConfig
from trainer.config.train_config import TrainConfig
from trainer.data import face_data
from trainer.errors import UsageError
from trainer.model_index import find_model
from trainer.models import create
from trainer.models.model_file import load_model
from trainer.recipes import recipe
from trainer.reports.run_records import as_learned
from trainer.training.distributed import World
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir, create_run
from trainer.training.state import learning_rate
from trainer.training.train_step import Plan
from trainer.training.trainer import train

SCRIPT = ROOT / "tests/support/trainer/plain_net.py"
STILL = (
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
    *(f"augment.{name}=0" for name in STILL),
    "objective.center.weight=0.05",
    "optim.epochs=2",
    "optim.batch_size=14",
    "run.precision=fp32",
)


def run_of(folder: Path) -> RunDir:
    (path,) = (folder / "runs").iterdir()
    return RunDir(path)


def words(*sets: str) -> list[str]:
    return [word for text in (*SETS, *sets) for word in ("--set", text)]


def command(folder: Path, *sets: str, processes: int = 1) -> list[str]:
    launcher = [sys.executable]
    if processes > 1:
        launcher += ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    return [*launcher, str(SCRIPT), "train", "--data", str(folder / "ready"), *words(*sets)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SCRIPT.parents[2]), "OMP_NUM_THREADS": "1"}


def losses(run: RunDir) -> list[float]:
    return [event["loss"] for event in read_events(run.events) if event["event"] == "epoch"]


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
    """As many as the child processes have: sums in another order would end elsewhere."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_a_killed_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    face_data.save(drawn_data(10), tmp_path / "ready")
    small = ("model.name=compact", "model.options={widths=[16,32],blocks=[1,1]}", "optim.epochs=3")
    config = load_config(None, [*SETS, *small], **recipe("default").values)
    whole = create_run(tmp_path / "whole", "test", config, tmp_path / "ready")
    data = face_data.load(tmp_path / "ready")
    train(whole, "test", config, data)

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
    train(run, "test", config, data)
    assert read_events(run.events)[-1]["reason"] == "done"
    expected, found = (load_model(each.last)[0].state_dict() for each in (whole, run))
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def quick(*sets: str) -> TrainConfig:
    return load_config(
        None, [*SETS, "model.name=compact", "model.options={widths=[16],blocks=[1]}", *sets]
    )


def trained(folder: Path, config: TrainConfig) -> tuple[RunDir, list[dict[str, Any]]]:
    run = create_run(folder, "test", config, folder)
    train(run, "test", config, drawn_data(10))
    return run, read_events(run.events)


def test_two_passes_make_one_step(tmp_path: Path) -> None:
    """Gradients and pulls on the centers add up; evaluated without BatchNorm's own batches."""
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
    _, events = trained(tmp_path, quick("run.validations=2"))
    seen = [
        (event["event"], event["step"])
        for event in events
        if event["event"] in ("epoch", "validation")
    ]
    assert seen == [("validation", 3), ("epoch", 5), ("validation", 8), ("epoch", 10)]


@pytest.mark.parametrize(
    ("samples", "batch", "accumulate", "processes", "expected"),
    [(100, 10, 1, 1, 10), (100, 10, 2, 1, 5), (105, 10, 1, 2, 5), (5, 10, 1, 1, 1)],
)
def test_steps_of_an_epoch(
    samples: int, batch: int, accumulate: int, processes: int, expected: int
) -> None:
    config = quick(f"optim.batch_size={batch}", f"optim.accumulate={accumulate}")
    assert Plan.of(config, samples, World(0, processes)).per_epoch == expected


def test_the_rate_falls_by_steps_or_stays() -> None:
    falling = OptimConfig(schedule="step", step_epochs=5, step_factor=0.2, learning_rate=0.01)
    rates = [learning_rate(epoch * 10, 200, 10, falling) for epoch in range(20)]
    assert rates == pytest.approx([0.01] * 5 + [0.002] * 5 + [0.0004] * 5 + [0.00008] * 5)
    constant = OptimConfig(schedule="constant", learning_rate=0.001)
    assert {learning_rate(step, 100, 10, constant) for step in range(100)} == {0.001}


def test_adam_takes_its_own_steps(tmp_path: Path) -> None:
    """Adam's first step moves each weight by about the learning rate, whatever its gradient."""
    config = quick(
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
    moved = torch.load(run.state, weights_only=True)["model"]["classifier.weight"]
    step = (moved - start["classifier.weight"]).abs()
    assert float(step.median()) == pytest.approx(0.001, rel=0.01)


def test_terms_that_need_landmarks_say_so(tmp_path: Path) -> None:
    config = quick("objective.center.weight=0", "objective.pal.weight=1")
    run = create_run(tmp_path, "test", config, tmp_path)
    with pytest.raises(UsageError, match=r"objective.pal needs landmarks, .* of drawn has any"):
        train(run, "test", config, drawn_data(3).without_landmarks())


def test_a_run_is_a_model(tmp_path: Path) -> None:
    run, _ = trained(tmp_path, quick("optim.epochs=1"))
    assert find_model(str(run.path)) == run.best


@pytest.mark.parametrize(
    ("sets", "aligned"),
    [
        ((), True),
        (("data.landmarks=false",), False),
        # its pictures are aligned crops already: others have to be aligned
        (("data.landmarks=false", "model.init=default"), True),
    ],
)
def test_a_model_is_measured_on_pictures_as_it_learned_from(
    tmp_path: Path, sets: tuple[str, ...], aligned: bool
) -> None:
    run = create_run(tmp_path, "test", quick(*sets), tmp_path)
    assert as_learned(run.best, drawn_data(1)).has_landmarks.all() == aligned
