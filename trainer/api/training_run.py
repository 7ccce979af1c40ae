"""`trainer.train`: a data set in, a run with its best model out."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.config.loading import load_config
from trainer.data.landmark_detection import Progress
from trainer.files import file_stem
from trainer.recipes import recipe_values
from trainer.training.run_dir import RunDir
from trainer.training.run_training import train_new_run
from trainer.training.text_log import end_lines, epoch_line
from trainer.training.trainer import Report


@dataclass(frozen=True, slots=True)
class Run:
    """A training that is done.

    `path` is its directory, `best` the model file of the best validation, whose `metrics` these
    are: epoch, n, accuracy, mean_class_accuracy, macro_f1, ece and others, as shares; the ece is
    calibrated with the model's temperature.
    """

    path: Path
    metrics: dict[str, Any]
    best: Path

    def __repr__(self) -> str:
        measured = self.metrics
        return (
            f"<Run {self.path}: best epoch {measured['epoch']}, val accuracy "
            f"{measured['accuracy']:.2%}, mean class {measured['mean_class_accuracy']:.2%}, "
            f"n {measured['n']}>"
        )


def train(
    data: str | os.PathLike[str],
    recipe: str = "default",
    *,
    set: Mapping[str, Any] | None = None,
    name: str = "",
    runs: str | os.PathLike[str] = "runs",
) -> Run:
    """Train a model as `fertrain train` does, and print a line for each epoch.

    `data` is a data set: class folders such as faces/train/happy/1.jpg, FER2013's CSV, RAF-DB,
    AffectNet, a list, or a prepared folder; it needs the splits train and val, or gives a tenth of
    its training pictures for val. `recipe` is a named configuration, `set` its settings to change,
    by section.field: {"optim.epochs": 3, "data.landmarks": False}; `fertrain recipes` lists the
    recipes, `fertrain recipes default` the settings. The run's directory is runs/<time>-<name>.
    An interrupt raises RunStopped with a checkpoint saved, and `fertrain resume` goes on. Raises
    UsageError for wrong settings, DataError for data that cannot be used, and FerError where disk
    or memory are full or the loss is not finite.
    """
    config = load_config(None, set or {}, **recipe_values(recipe))
    run, best = train_new_run(
        Path(data).expanduser(),
        config,
        name or file_stem(recipe),
        Path(runs).expanduser(),
        watch=_printed_epochs,
        reading=_printed_stages,
    )
    return Run(run.path, best, run.best)


@contextmanager
def _printed_epochs(run: RunDir) -> Iterator[Report]:
    print(f"Run {run.path}")

    def report(event: dict[str, Any]) -> None:
        if event["event"] in ("epoch", "validation"):
            print(epoch_line(event), flush=True)
        elif event["event"] == "run_ended":
            for line in end_lines(event):
                print(line, flush=True)

    yield report


@contextmanager
def _printed_stages() -> Iterator[Progress]:
    """A line where a stage of reading begins, for that may take minutes."""
    begun: list[str] = []

    def report(stage: str, done: int, total: int) -> None:
        if stage not in begun:
            begun.append(stage)
            print(f"{stage[:1].upper()}{stage[1:]}: {total:,} pictures", flush=True)

    yield report
