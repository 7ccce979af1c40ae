"""The rows of the table of runs, as `fertrain runs` prints them and the window shows them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from trainer.config.train_config import TrainConfig
from trainer.errors import DataError
from trainer.evaluation.intervals import Interval, wilson
from trainer.reports.best_predictions import val_count
from trainer.reports.run_list.run_names import run_start, run_title, unique_names
from trainer.reports.run_list.run_status import RunStatus, status_text
from trainer.reports.run_records import find_runs, read_run_record
from trainer.training.run_about import RunAbout, read_about
from trainer.training.run_dir import RunDir

ROWS_NOTE = (
    "Figures are those of the best epoch on val, the accuracy with its 95 % interval (Wilson). The "
    "ECE is calibrated, which only a finished run has."
)
FIGURES = ("accuracy", "mean_class_accuracy", "macro_f1", "ece")


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run. `figures` are those of the best model on `n` samples of val, by name of FIGURES.

    The ece is calibrated, which only a finished run has. `epoch` counts the validated epochs of
    `epochs`. `start_accuracy` is that of the weights that training started from. Unknown figures
    are NaN. `reason` says why a run failed or is damaged.
    """

    path: Path
    status: RunStatus
    about: RunAbout
    reason: str = ""
    data: str = ""
    network: str = ""
    seed: int | None = None
    epoch: int = 0
    epochs: int = 0
    best_epoch: int | None = None
    n: int = 0
    figures: dict[str, float] = field(default_factory=dict)
    start_accuracy: float = math.nan
    missed_start: bool = False

    @property
    def title(self) -> str:
        """What its user calls it, or the name that it was started with."""
        return self.about.title or run_title(self.path.name)

    @property
    def started(self) -> datetime | None:
        return run_start(self.path.name)

    @property
    def status_text(self) -> str:
        return status_text(self.status, self.missed_start)

    def figure(self, name: str) -> float:
        return self.figures.get(name, math.nan)

    @property
    def accuracy_interval(self) -> Interval | None:
        """95 %, 0–1, by Wilson; None where accuracy or n are not known."""
        accuracy = self.figure("accuracy")
        if math.isnan(accuracy) or not self.n:
            return None
        return wilson(round(accuracy * self.n), self.n)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: figures that are not known are null."""
        interval, started = self.accuracy_interval, self.started
        return {
            "run": str(self.path),
            "title": self.title,
            "status": self.status,
            "reason": self.reason,
            "started": None if started is None else started.isoformat(),
            "data": self.data,
            "network": self.network,
            "seed": self.seed,
            "epoch": self.epoch,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "split": "val",
            "n": self.n or None,
            **{name: _or_none(self.figure(name)) for name in FIGURES},
            "intervals": {} if interval is None else {"accuracy": list(interval)},
            "start_accuracy": _or_none(self.start_accuracy),
            "missed_start": self.missed_start,
            "tags": list(self.about.tags),
            "notes": self.about.notes,
            "archived": self.about.archived,
        }


def run_row(
    path: Path,
    status: RunStatus,
    about: RunAbout,
    config: TrainConfig,
    data: str,
    validations: Sequence[tuple[int, float]],
    best: Mapping[str, Any],
    n: int,
    *,
    reason: str = "",
) -> RunRow:
    """`validations` are (epoch, accuracy) in order; `best` is as `run_records.best_validation`."""
    start = next((accuracy for epoch, accuracy in validations if epoch == 0), math.nan)
    values = {name: float(best[name]) for name in FIGURES if _is_number(best.get(name))}
    epoch = best.get("epoch")
    trained = [a for each, a in validations if each > 0 and not math.isnan(a)]
    if epoch and "accuracy" in values:
        trained.append(values["accuracy"])
    is_active = status in ("starting", "running")
    return RunRow(
        path=path,
        status=status,
        about=about,
        reason=reason,
        data=data,
        network=config.model.name,
        seed=config.run.seed,
        epoch=max((each for each, _ in validations), default=0),
        epochs=config.optim.epochs,
        best_epoch=None if epoch is None else int(epoch),
        n=n,
        figures=values,
        start_accuracy=start,
        missed_start=bool(trained) and not is_active and max(trained) <= start,
    )


def read_rows(paths: list[Path], *, archived: bool = False) -> list[RunRow]:
    """The runs in these folders, newest first; those that are archived on request.

    Raises UsageError where there is no run. A run that cannot be read is damaged.
    """
    runs = sorted(find_runs(paths), key=lambda run: run.path.name, reverse=True)
    rows = [_read_row(run) for run in runs]
    return [row for row in rows if archived or not row.about.archived]


def _read_row(run: RunDir) -> RunRow:
    about = read_about(run)
    try:
        record = read_run_record(run)
        accuracies = [(event["epoch"], event.get("val_accuracy")) for event in record.validations]
        return run_row(
            run.path,
            record.status,
            about,
            record.config,
            record.data,
            [(epoch, math.nan if value is None else value) for epoch, value in accuracies],
            record.best,
            val_count(record) or 0,
            reason=record.reason,
        )
    except (DataError, LookupError, TypeError, ValueError) as error:
        return RunRow(run.path, "damaged", about, str(error))


def row_names(rows: Sequence[RunRow]) -> dict[str, str]:
    """A name for each run that tells it from the others, by its folder's name."""
    titles = {row.path.name: row.about.title for row in rows if row.about.title}
    return unique_names([row.path.name for row in rows], titles)


def rows_table(rows: Sequence[RunRow]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows to print or to copy."""
    names = row_names(rows)
    columns = ["run", "status", "epochs", "best epoch", "val n", "val accuracy %", "95 % interval"]
    columns += ["mean class %", "macro F1", "ECE, calibrated", "start %", "data", "network"]
    columns += ["seed", "started", "tags", "notes"]
    return columns, [[names[row.path.name], *_cells(row)] for row in rows]


def _cells(row: RunRow) -> list[str]:
    interval, started = row.accuracy_interval, row.started
    return [
        row.status_text,
        f"{row.epoch} of {row.epochs}" if row.epochs else "–",
        "–" if row.best_epoch is None else str(row.best_epoch),
        f"{row.n:,}" if row.n else "–",
        _number(100 * row.figure("accuracy"), 1),
        "–" if interval is None else " to ".join(f"{100 * limit:.1f}" for limit in interval),
        _number(100 * row.figure("mean_class_accuracy"), 1),
        _number(row.figure("macro_f1"), 3),
        _number(row.figure("ece"), 3),
        _number(100 * row.start_accuracy, 1),
        Path(row.data).name or "–",
        row.network or "–",
        "–" if row.seed is None else str(row.seed),
        "–" if started is None else f"{started:%Y-%m-%d %H:%M}",
        ", ".join(row.about.tags),
        " ".join(row.about.notes.split()),
    ]


def _number(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)
