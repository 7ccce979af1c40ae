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

from trainer.config import TrainConfig
from trainer.errors import UsageError
from trainer.files import write_json

BEGAN = time.time()  # this process, nearly: a command imports this before it opens its data
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

    The run can be resumed from anywhere: its paths are absolute, and it keeps the review as it is.
    """
    if not re.fullmatch(r"[\w.-]+", name):
        raise UsageError(f"--name {name!r}: use letters, digits, '.', '_' and '-'")
    stamp = time.strftime("%Y%m%d-%H%M%S")
    run = RunDir(parent / f"{stamp}-{name}")
    settings = config.model_dump()
    for section, field in (("data", "also"), ("data", "review"), ("model", "init")):
        value = settings[section][field]
        settings[section][field] = (
            [*map(_absolute, value)] if isinstance(value, list) else _absolute(value)
        )
    head = {"name": name, "data": str(data.resolve()), "config": settings}
    try:
        run.best.parent.mkdir(parents=True)
        review = Path(settings["data"]["review"])
        if review.is_file():
            settings["data"]["review"] = str(
                shutil.copy(review, run.path.resolve() / "learned_review.jsonl")
            )
        write_json(run.config, head)
        write_json(run.env, environment())
    except OSError as error:
        raise UsageError(
            f"{run.path}: the run cannot be made ({error.strerror})",
            "Choose another folder by --runs, or make room there.",
        ) from error
    return run


def _absolute(path: str) -> str:
    """Of a file or folder; what is none, as the name of a bundled model, stays."""
    place = Path(path).expanduser()
    return str(place.resolve()) if path and place.exists() else path


def forget_old_stop(run: RunDir) -> None:
    """A stop that was asked of an earlier process, which was killed before it came to it."""
    with suppress(FileNotFoundError):
        if run.stop.stat().st_mtime < BEGAN:
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
        "host": platform.node(),
        "time": round(time.time(), 3),
        "versions": versions(),
    }
