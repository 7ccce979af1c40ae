"""Memory and disks that do not suffice while a run trains: words, nothing lost, and on it goes."""

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

from ferapp.runs import run_reader
from ferapp.runs.run_reader import Watched
from tests.support import ROOT
from tests.support.trainer import plain_net
from tests.support.trainer.drawn import drawn_data
from tests.support.trainer.plain_runs import STEPS, begin, config, go, validations, weights
from trainer.cli.printing import run_app
from trainer.data import face_data
from trainer.errors import FerError, UsageError
from trainer.model_index import read_card
from trainer.models.model_file import load_model
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir, create_run
from trainer.training.state import load_checkpoint

FULL = "CUDA out of memory. Tried to allocate 2.00 GiB"


def told(run: RunDir) -> list[int]:
    return [event["epoch"] for event in validations(run)]


def is_whole_after(run: RunDir, epochs: int) -> None:
    """What the run saved is of its epoch number `epochs`, and nothing half-written is beside it."""
    assert told(run) == list(range(1, epochs + 1))
    assert load_checkpoint(run.state).step == STEPS * epochs
    assert load_checkpoint(run.state).newest["epoch"] == epochs
    assert read_card(run.last).metrics["epoch"] == epochs
    assert load_model(run.best)
    assert not list(run.path.rglob("*.tmp"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tensor]:
    run = begin(tmp_path_factory.mktemp("undisturbed"))
    go(run)
    return weights(run)


def goes_on(run: RunDir, undisturbed: dict[str, Tensor]) -> None:
    """Resumed, it ends with the weights of a run that nothing happened to."""
    go(run)
    is_whole_after(run, 3)
    assert Watched(run.path).read().state == "done"
    assert all(torch.equal(value, undisturbed[name]) for name, value in weights(run).items())


class TestMemory:
    def test_a_model_that_runs_out_of_it_ends_the_run_in_words(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: dict[str, Tensor]
    ) -> None:
        run, real = begin(tmp_path), plain_net.Plain.embed

        def full(model: plain_net.Plain, x: Tensor) -> Tensor:
            if model.training and run.state.exists():
                raise torch.OutOfMemoryError(f"{FULL}\nGPU 0 has a total capacity of …")
            return real(model, x)

        monkeypatch.setattr(plain_net.Plain, "embed", full)
        with pytest.raises(FerError) as told:
            go(run)
        words = f"{FULL}\nTry half of optim.batch_size and twice optim.accumulate"
        assert str(told.value).startswith(words)
        shown = Watched(run.path).read()
        assert (shown.state, shown.can_resume) == ("failed", True)
        assert shown.reason == str(told.value)  # the Train page offers half the batch for it
        is_whole_after(run, 1)
        monkeypatch.undo()
        goes_on(run, undisturbed)

    @pytest.mark.parametrize(
        ("error", "words"),
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
    def test_every_command_tells_it_in_words(
        self,
        error: Exception,
        words: str,
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
        assert words in shown
        assert len(shown.strip().splitlines()) == 2  # a hint below
        assert "Traceback" not in shown


def test_an_error_that_nobody_foresaw_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

    @app.command()
    def fails() -> None:
        raise OSError(errno.ECHILD, "No child processes")

    monkeypatch.setattr("sys.argv", ["fails"])
    with pytest.raises(OSError, match="No child"):
        run_app(app)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB, for those who may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(words, capture_output=True, check=False).returncode == 0
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


def ever_better() -> Callable[..., dict[str, Any]]:
    """Metrics that rise from one validation to the next, so that each writes a new best."""
    counted = itertools.count(1)
    names = ("accuracy", "mean_class_accuracy", "macro_f1")
    return lambda *_: dict.fromkeys(names, next(counted) / 100)


class TestDisk:
    @pytest.mark.parametrize("left", [0, 8192], ids=["nothing fits", "a line still fits"])
    def test_a_disk_that_fills_between_two_checkpoints(
        self, disk: Path, left: int, undisturbed: dict[str, Tensor]
    ) -> None:
        run = begin(disk)

        def fills(event: dict[str, Any]) -> None:
            if event["event"] == "epoch" and event["epoch"] == 1:
                fill(disk, left)

        with pytest.raises(FerError) as told:
            go(run, fills)
        assert "No space left on device\nFree space on this disk." in str(told.value)
        assert str(told.value).endswith(
            f"Nothing saved is lost; go on by: fertrain resume {run.path}"
        )
        assert str(told.value).startswith(f"{run.path}/")
        shown = Watched(run.path).read()
        assert shown.can_resume
        assert shown.confusions.keys() == {1}
        if left:  # where a line fits, the journal tells why
            assert (shown.state, shown.reason) == ("failed", str(told.value))
        is_whole_after(run, 1)
        (disk / "filler").unlink()
        goes_on(run, undisturbed)

    @pytest.mark.parametrize(
        ("file", "code"),
        [
            ("best.safetensors", errno.ENOSPC),
            ("last.safetensors", errno.EROFS),
            ("state.pt", errno.ENOSPC),
            ("state.pt", errno.EIO),
        ],
    )
    def test_any_file_of_the_second_checkpoint(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        undisturbed: dict[str, Tensor],
        file: str,
        code: int,
    ) -> None:
        real, run = os.replace, begin(tmp_path)

        def fails(temporary: str, path: Path) -> None:
            if Path(path).name == file and run.state.exists():
                raise OSError(code, os.strerror(code), temporary, None, path)
            real(temporary, path)

        monkeypatch.setattr(os, "replace", fails)
        monkeypatch.setattr("trainer.training.validator.metrics", ever_better())
        kind = OSError if code == errno.EIO else FerError
        with pytest.raises(kind, match=rf"{file}.*{os.strerror(code)}|{os.strerror(code)}.*{file}"):
            go(run)
        assert load_checkpoint(run.state).step == 2
        assert load_model(run.best)
        assert load_model(run.last)
        assert told(run) == [1]
        assert not list(run.path.rglob("*.tmp"))
        monkeypatch.undo()
        goes_on(run, undisturbed)

    def test_a_place_that_is_read_only(self, disk: Path, tmp_path: Path) -> None:
        face_data.save(drawn_data(4), tmp_path / "ready")
        run = create_run(disk, "test", config(), tmp_path / "ready")
        go(run)
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
        is_whole_after(run, 3)

    def test_a_run_that_cannot_be_made_leaves_nothing_that_looks_like_one(self, disk: Path) -> None:
        fill(disk)
        with pytest.raises(UsageError, match=r"cannot be created .No space left.*\n.*free space"):
            begin(disk)
        assert not list(disk.glob("*/config.json"))


class TestJournal:
    def test_a_half_written_line_is_no_event_and_the_next_one_is(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: dict[str, Tensor]
    ) -> None:
        """As a kill leaves it: cut within the line of the second epoch, at every place."""
        monkeypatch.setattr(run_reader, "is_alive", lambda *_: False)
        run = begin(tmp_path)
        go(run)
        lines = run.events.read_bytes().splitlines(keepends=True)
        (second,) = [k for k, line in enumerate(lines) if b'"epoch": 2, "epochs"' in line]
        state, line = run.state.read_bytes(), lines[second]
        assert len(line) > 300
        for cut in range(0, len(line), 37):
            run.events.write_bytes(b"".join(lines[:second]) + line[:cut])
            run.state.write_bytes(state)
            assert told(run) == [1]
            shown = Watched(run.path).read()
            assert (shown.state, shown.confusions.keys()) == ("interrupted", {1})
        go(run)
        assert told(run)[:1] == [1]
        assert read_events(run.events)[-1]["reason"] == "done"

    def test_a_validation_that_was_saved_but_not_told_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: dict[str, Tensor]
    ) -> None:
        """Killed between the state of the second epoch and its event."""
        run = begin(tmp_path)
        real = os.replace

        def last_act(temporary: str, path: Path) -> None:
            real(temporary, path)
            if Path(path) == run.state and load_checkpoint(run.state).step == 4:
                raise KeyboardInterrupt

        monkeypatch.setattr(os, "replace", last_act)
        with pytest.raises(KeyboardInterrupt):
            go(run)
        monkeypatch.undo()
        assert told(run) == [1]
        goes_on(run, undisturbed)
