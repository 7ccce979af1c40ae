"""A run's directory: `runs/<time>-<name>/`, whose files are the truth of the run."""

import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from trainer.config.train_config import TrainConfig
from trainer.errors import ModelFileError, UsageError
from trainer.file_lock import only_writer
from trainer.files import write_json
from trainer.model_index import find_model, model_reference
from trainer.stop_signals import signals_go_to

IMPORT_TIME = time.time()
STARTUP_SECONDS = 20.0  # at most, from the start of a command to its import of this module
CHILD_VARIABLE = "FERAPP_CHILD"  # its value tells the app which run its child process created
PACKAGES = ("torch", "torchvision", "numpy", "opencv-python", "mediapipe", "safetensors")


@dataclass(frozen=True, slots=True)
class RunDir:
    """The paths of a run's files."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "config.json"

    @property
    def env(self) -> Path:
        return self.path / "env.json"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def log(self) -> Path:
        return self.path / "train.log"

    @property
    def tensorboard(self) -> Path:
        """Event files for TensorBoard, with `run.tensorboard`."""
        return self.path / "tensorboard"

    @property
    def best(self) -> Path:
        return self.path / "checkpoints" / "best.safetensors"

    @property
    def last(self) -> Path:
        return self.path / "checkpoints" / "last.safetensors"

    @property
    def about(self) -> Path:
        """Title, tags and notes that a person gave it, see `run_about`."""
        return self.path / "about.json"

    @property
    def epochs(self) -> Path:
        """What the run predicted after each epoch, see `val_history`."""
        return self.path / "epochs"

    def epoch_model(self, epoch: int) -> Path:
        """The model after an epoch, with `run.keep_epochs`."""
        return self.best.parent / f"epoch-{epoch:04d}.safetensors"

    @property
    def review(self) -> Path:
        """Copy of `data.review` from when the run was created; the original may grow since."""
        return self.path / "learned_review.jsonl"

    @property
    def state(self) -> Path:
        return self.path / "state.pt"

    @property
    def stop(self) -> Path:
        """Creating this file requests a stop after the current step."""
        return self.path / "stop"

    def eval(self, split: str) -> Path:
        return self.path / "eval" / split


def check_run_name(name: str) -> None:
    """Raise UsageError for a name that cannot be part of a folder's."""
    if not re.fullmatch(r"[\w.-]+", name):
        raise UsageError(f"--name {name!r}: use letters, digits, '.', '_' and '-'")


def create_run(parent: Path, name: str, config: TrainConfig, data: Path) -> RunDir:
    """Create `<parent>/<time>-<name>` with its `config.json` and `env.json`.

    The run can be resumed from any folder: its paths are absolute, and it has its own copy of the
    review. Raises UsageError for an unusable name, or when nothing can be written there.
    """
    check_run_name(name)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    run = RunDir(parent / f"{stamp}-{name}")
    config = with_absolute_paths(config)
    head = {"name": name, "data": str(data.resolve()), "config": config.model_dump()}
    try:
        run.best.parent.mkdir(parents=True)
        if Path(config.data.review).is_file():
            shutil.copy(config.data.review, run.review)
        write_json(run.config, head)
        write_json(run.env, _environment())
    except OSError as error:
        raise UsageError(
            f"{run.path}: the run cannot be created ({error.strerror})",
            "Choose another folder with --runs, or free space there.",
        ) from error
    return run


def with_absolute_paths(config: TrainConfig) -> TrainConfig:
    """`config` with absolute paths: a run may be resumed from another working directory."""
    data, model = config.data, config.model
    data = data.model_copy(
        update={"also": [*map(_absolute, data.also)], "review": _absolute(data.review)}
    )
    model = model.model_copy(update={"init": _absolute_model(model.init)})
    objective = config.objective.with_located_models(_absolute_model)
    return config.model_copy(update={"data": data, "model": model, "objective": objective})


def _absolute(path: str) -> str:
    """An existing file or folder as an absolute path; anything else unchanged."""
    expanded = Path(path).expanduser()
    return str(expanded.resolve()) if path and expanded.exists() else path


def _absolute_model(name: str) -> str:
    """A model or weights file as an absolute path; a bundled model's name is unchanged, even if a
    folder has the same name.
    """
    try:
        return model_reference(find_model(name))
    except ModelFileError:
        return _absolute(name) if Path(name).expanduser().is_file() else name


def remove_stale_stop_file(run: RunDir) -> None:
    """Remove a stop request to an earlier process, which was killed before it saw the request."""
    with suppress(FileNotFoundError):
        if run.stop.stat().st_mtime < IMPORT_TIME - STARTUP_SECONDS:
            run.stop.unlink()


@contextmanager
def stop_requests(run: RunDir) -> Iterator[Callable[[], bool]]:
    """Yields whether a stop was requested, by a signal or the run's file `stop`.

    The file works on every system, and for processes of another machine or user. At the end the
    signal handlers are restored and the file is removed.
    """
    received: list[int] = []
    try:
        with signals_go_to(received.append):
            yield lambda: bool(received) or os.path.exists(run.stop)
    finally:
        with suppress(OSError):
            run.stop.unlink()


@contextmanager
def only_training(run: RunDir, is_main: bool = True) -> Iterator[None]:
    """Meanwhile no other training may use `run`, a lock that the main of several processes holds.

    Raises UsageError while one does; a killed one does not.
    """
    if not is_main:
        yield
        return
    refusal = UsageError(
        f"{run.path}: another process is training this run",
        "Wait for its end, or stop it before you resume.",
    )
    with only_writer(run.path / "training", refusal):
        yield


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that a result depends on."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _environment() -> dict[str, object]:
    return {
        "platform": platform.platform(),
        "processor": platform.machine(),
        "cpus": os.cpu_count(),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "pid": os.getpid(),
        "child": os.environ.get(CHILD_VARIABLE, ""),
        "host": platform.node(),
        "time": round(time.time(), 3),
        "versions": package_versions(),
    }
