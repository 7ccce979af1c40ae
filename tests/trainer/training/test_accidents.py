"""Full memory and disks during training: a clear message, nothing lost, and the run resumes."""

import errno
import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
from torch import Tensor

from ferapp.runs.run_reader import RunReader
from tests.support import ROOT
from tests.support.trainer import plain_net
from tests.support.trainer.drawn import drawn_data
from tests.support.trainer.plain_runs import STEPS, config, new_run, train_run, validations, weights
from trainer.cli.printing import run_app
from trainer.data import face_data
from trainer.errors import FerError, UsageError
from trainer.model_index import read_card
from trainer.models.model_file import load_model
from trainer.reports.run_list import run_status
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir, create_run
from trainer.training.state import load_checkpoint

FULL = "CUDA out of memory. Tried to allocate 2.00 GiB"


def reported_epochs(run: RunDir) -> list[int]:
    return [event["epoch"] for event in validations(run)]


def check_saved_epoch(run: RunDir, epochs: int) -> None:
    """All that the run saved is of epoch number `epochs`, without partial files."""
    assert reported_epochs(run) == list(range(epochs + 1))
    assert load_checkpoint(run.state).step == STEPS * epochs
    assert read_card(run.last).metrics["epoch"] == epochs
    assert load_model(run.best)
    assert not list(run.path.rglob("*.tmp"))


@pytest.fixture(scope="module")
def expected_weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tensor]:
    run = new_run(tmp_path_factory.mktemp("uninterrupted"))
    train_run(run)
    return weights(run)


def check_resume(run: RunDir, expected_weights: dict[str, Tensor]) -> None:
    """Resumed, the run ends with the weights of an uninterrupted one."""
    train_run(run)
    check_saved_epoch(run, 3)
    assert RunReader(run.path).read().state == "done"
    assert all(torch.equal(value, expected_weights[name]) for name, value in weights(run).items())


class TestMemory:
    def test_a_model_that_runs_out_of_memory_ends_the_run_with_advice(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_weights: dict[str, Tensor]
    ) -> None:
        run, embed = new_run(tmp_path), plain_net.Plain.embed

        def full(model: plain_net.Plain, x: Tensor) -> Tensor:
            if model.training and run.state.exists():
                raise torch.OutOfMemoryError(f"{FULL}\nGPU 0 has a total capacity of …")
            return embed(model, x)

        monkeypatch.setattr(plain_net.Plain, "embed", full)
        with pytest.raises(FerError) as raised:
            train_run(run)
        message = f"{FULL}\nTry half of optim.batch_size and twice optim.accumulate"
        assert str(raised.value).startswith(message)
        shown = RunReader(run.path).read()
        assert (shown.state, shown.can_resume) == ("failed", True)
        assert shown.reason == str(raised.value)  # the Train page offers to halve the batch size
        check_saved_epoch(run, 1)
        monkeypatch.undo()
        check_resume(run, expected_weights)

    @pytest.mark.parametrize(
        ("error", "message"),
        [
            (torch.OutOfMemoryError(FULL), FULL),
            (RuntimeError("MPS backend out of memory"), "MPS backend out of memory"),
            (
                RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
                "out of memory: [enforce fail] DefaultCPUAllocator: can't allocate memory",
            ),
            (MemoryError(), "out of memory"),
            (OSError(errno.ENOSPC, "No space left on device", "a/b.csv"), "a/b.csv: No space left"),
            (OSError(errno.EROFS, "Read-only file system", "c"), "This disk is read-only"),
        ],
    )
    def test_every_command_reports_it_without_a_traceback(
        self,
        error: Exception,
        message: str,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

        @app.command()
        def fails() -> None:
            raise error

        monkeypatch.setattr("sys.argv", ["fails"])
        with pytest.raises(SystemExit) as ended:
            run_app(app)
        assert ended.value.code == 1
        shown = capsys.readouterr().err
        assert message in shown
        assert len(shown.strip().splitlines()) == 2  # a hint below
        assert "Traceback" not in shown


def test_an_unexpected_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

    @app.command()
    def fails() -> None:
        raise OSError(errno.ECHILD, "No child processes")

    monkeypatch.setattr("sys.argv", ["fails"])
    with pytest.raises(OSError, match="No child"):
        run_app(app)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB; skips where none can be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(disk: Path, left: int = 0) -> Path:
    """Write a file that leaves `left` bytes."""
    filler, free = disk / "filler", os.statvfs(disk)
    filler.write_bytes(b"x" * (free.f_bavail * free.f_frsize - left))
    return filler


def improving_metrics() -> Callable[..., dict[str, Any]]:
    """Metrics that rise with every validation, so that each writes a new best model."""
    counter = itertools.count(1)
    names = ("accuracy", "mean_class_accuracy", "macro_f1")
    confusion = [[4 * (i == j) for j in range(7)] for i in range(7)]
    return lambda *_: {**dict.fromkeys(names, next(counter) / 100), "confusion": confusion}


class TestDisk:
    @pytest.mark.parametrize("left", [0, 8192], ids=["nothing fits", "a line still fits"])
    def test_a_disk_that_fills_between_two_checkpoints(
        self, disk: Path, left: int, expected_weights: dict[str, Tensor]
    ) -> None:
        run = new_run(disk)

        def fills(event: dict[str, Any]) -> None:
            if event["event"] == "step" and event["epoch"] == 2:
                fill(disk, left)

        with pytest.raises(FerError) as raised:
            train_run(run, fills)
        assert "No space left on device\nFree space on this disk." in str(raised.value)
        assert str(raised.value).endswith(
            f"No saved progress is lost. Continue with: fertrain resume {run.path}"
        )
        assert str(raised.value).startswith(f"{run.path}/")
        shown = RunReader(run.path).read()
        assert shown.can_resume
        assert [each.epoch for each in shown.validations] == [0, 1]
        if left:  # if a line fits, the event log has the reason
            assert (shown.state, shown.reason) == ("failed", str(raised.value))
        check_saved_epoch(run, 1)
        (disk / "filler").unlink()
        check_resume(run, expected_weights)

    @pytest.mark.parametrize(
        ("file", "code"),
        [
            ("best.safetensors", errno.ENOSPC),
            ("last.safetensors", errno.EROFS),
            ("state.pt", errno.ENOSPC),
            ("state.pt", errno.EIO),
        ],
    )
    def test_a_disk_error_in_any_file_of_the_second_checkpoint(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        expected_weights: dict[str, Tensor],
        file: str,
        code: int,
    ) -> None:
        replace, run = os.replace, new_run(tmp_path)

        def fails(temporary: str, path: Path) -> None:
            if Path(path).name == file and run.state.exists():
                raise OSError(code, os.strerror(code), temporary, None, path)
            replace(temporary, path)

        monkeypatch.setattr(os, "replace", fails)
        replaced = "trainer.training.validator.classification_metrics"
        monkeypatch.setattr(replaced, improving_metrics())
        kind = OSError if code == errno.EIO else FerError
        with pytest.raises(kind, match=rf"{file}.*{os.strerror(code)}|{os.strerror(code)}.*{file}"):
            train_run(run)
        assert load_checkpoint(run.state).step == 2
        assert load_model(run.best)
        assert load_model(run.last)
        # the second epoch is reported before its checkpoint is saved
        assert reported_epochs(run) == ([0, 1, 2] if file == "state.pt" else [0, 1])
        assert not list(run.path.rglob("*.tmp"))
        monkeypatch.undo()
        check_resume(run, expected_weights)

    def test_a_read_only_disk(self, disk: Path, tmp_path: Path) -> None:
        face_data.save(drawn_data(4), tmp_path / "ready")
        run = create_run(disk, "test", config(), tmp_path / "ready")
        train_run(run)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(UsageError, match=r"the run cannot be created .Read-only"):
            create_run(disk, "another", config(), tmp_path / "ready")
        resumed = subprocess.run(
            [sys.executable, plain_net.__file__, "resume", str(run.path)],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        )
        assert resumed.returncode == 1
        assert "Read-only file system" in resumed.stderr
        assert "choose another folder, or make it writable" in resumed.stderr
        assert "Traceback" not in resumed.stderr
        check_saved_epoch(run, 3)

    def test_a_run_that_cannot_be_created_leaves_no_config_file(self, disk: Path) -> None:
        fill(disk)
        with pytest.raises(UsageError, match=r"cannot be created .No space left.*\n.*free space"):
            new_run(disk)
        assert not list(disk.glob("*/config.json"))


class TestJournal:
    def test_an_incomplete_line_is_no_event_and_does_not_damage_the_next(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected_weights: dict[str, Tensor]
    ) -> None:
        """A kill may cut the line of the second epoch at any byte."""
        monkeypatch.setattr(run_status, "is_alive", lambda *_: False)
        run = new_run(tmp_path)
        train_run(run)
        lines = run.events.read_bytes().splitlines(keepends=True)
        (second,) = [k for k, line in enumerate(lines) if b'"epoch": 2, "epochs"' in line]
        state, line = run.state.read_bytes(), lines[second]
        assert len(line) > 300
        for cut in range(0, len(line), 37):
            run.events.write_bytes(b"".join(lines[:second]) + line[:cut])
            run.state.write_bytes(state)
            assert reported_epochs(run) == [0, 1]
            shown = RunReader(run.path).read()
            assert (shown.state, len(shown.validations)) == ("interrupted", 2)
        train_run(run)
        assert reported_epochs(run)[:2] == [0, 1]
        assert read_events(run.events)[-1]["reason"] == "done"
