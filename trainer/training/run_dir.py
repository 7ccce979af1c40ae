"""A run's directory: `runs/<time>-<name>/`, whose files are the truth of the run."""

import os
import platform
import re
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from trainer.config.train_config import TrainConfig
from trainer.errors import ModelFileError, UsageError
from trainer.files import write_json
from trainer.model_index import find_model, model_spec

BEGAN = time.time()  # this process, but for IMPORTS_S: a command imports this early
IMPORTS_S = 20.0
CHILD = "FERAPP_CHILD"  # by this variable the app knows the run of a process that it started
PACKAGES = ("torch", "torchvision", "numpy", "opencv-python", "mediapipe", "safetensors")


@dataclass(frozen=True, slots=True)
class RunDir:
    """Names of the files of one run."""

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
    def best(self) -> Path:
        return self.path / "checkpoints" / "best.safetensors"

    @property
    def last(self) -> Path:
        return self.path / "checkpoints" / "last.safetensors"

    @property
    def review(self) -> Path:
        """What `data.review` held when the run was made: it may grow meanwhile."""
        return self.path / "learned_review.jsonl"

    @property
    def state(self) -> Path:
        return self.path / "state.pt"

    @property
    def stop(self) -> Path:
        """Whoever makes this file asks the training to stop after its step."""
        return self.path / "stop"

    def eval(self, split: str) -> Path:
        return self.path / "eval" / split


def create_run(parent: Path, name: str, config: TrainConfig, data: Path) -> RunDir:
    """Make the directory with its `config.json` and `env.json`.

    The run can be resumed from anywhere: its paths are absolute, and it keeps a copy of the review
    as it is now.
    """
    if not re.fullmatch(r"[\w.-]+", name):
        raise UsageError(f"--name {name!r}: use letters, digits, '.', '_' and '-'")
    stamp = time.strftime("%Y%m%d-%H%M%S")
    run = RunDir(parent / f"{stamp}-{name}")
    config = placed(config)
    head = {"name": name, "data": str(data.resolve()), "config": config.model_dump()}
    try:
        run.best.parent.mkdir(parents=True)
        if Path(config.data.review).is_file():
            shutil.copy(config.data.review, run.review)
        write_json(run.config, head)
        write_json(run.env, environment())
    except OSError as error:
        raise UsageError(
            f"{run.path}: the run cannot be made ({error.strerror})",
            "Choose another folder by --runs, or make room there.",
        ) from error
    return run


def placed(config: TrainConfig) -> TrainConfig:
    """The same with absolute paths: a run may go on in another folder than it began in."""
    data, model = config.data, config.model
    data = data.model_copy(
        update={"also": [*map(_absolute, data.also)], "review": _absolute(data.review)}
    )
    model = model.model_copy(update={"init": _placed_model(model.init)})
    objective = config.objective.with_located_models(_placed_model)
    return config.model_copy(update={"data": data, "model": model, "objective": objective})


def _absolute(path: str) -> str:
    """Of a file or folder; what is none, as the name of a bundled model, stays."""
    place = Path(path).expanduser()
    return str(place.resolve()) if path and place.exists() else path


def _placed_model(name: str) -> str:
    """Of a model, or a file of weights; the name of a bundled model stays, as a folder's may be."""
    try:
        return model_spec(find_model(name))
    except ModelFileError:
        return _absolute(name) if Path(name).expanduser().is_file() else name


def forget_old_stop(run: RunDir) -> None:
    """A stop that was asked of an earlier process, which was killed before it came to it."""
    with suppress(FileNotFoundError):
        if run.stop.stat().st_mtime < BEGAN - IMPORTS_S:
            run.stop.unlink()


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a result depends on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def environment() -> dict[str, object]:
    return {
        "platform": platform.platform(),
        "processor": platform.machine(),
        "cpus": os.cpu_count(),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "pid": os.getpid(),
        "child": os.environ.get(CHILD, ""),
        "host": platform.node(),
        "time": round(time.time(), 3),
        "versions": versions(),
    }
