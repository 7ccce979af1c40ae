"""The validations of a run, and which of them its best model is of."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.errors import DataError, ModelFileError
from trainer.evaluation.intervals import Interval, wilson
from trainer.model_index import read_card
from trainer.reports.best_predictions import best_intervals
from trainer.reports.run_records import read_run_record
from trainer.training.run_dir import RunDir
from trainer.training.start_comparison import StartComparison, compare_with_start

METRICS = ("accuracy", "mean_class_accuracy", "macro_f1", "ece", "loss")
UNKNOWN: Interval = (math.nan, math.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Validation:
    """One validation on `n` samples of the split `val`, with the network's own (raw) logits.

    `at` is its step in epochs. `metrics` are the known ones of METRICS; `confusion` (K, K) is None
    for a model whose event was never written.
    """

    epoch: int
    step: int
    at: float
    n: int
    metrics: dict[str, float] = field(default_factory=dict)
    confusion: NDArray[np.int64] | None = None

    def metric(self, name: str) -> float:
        """0–1; NaN where it is not known."""
        return self.metrics.get(name, math.nan)

    @property
    def accuracy(self) -> float:
        return self.metric("accuracy")

    @property
    def accuracy_interval(self) -> Interval:
        """95 %, 0–1; NaN where accuracy or n are not known."""
        if math.isnan(self.accuracy) or not self.n:
            return UNKNOWN
        return wilson(round(self.accuracy * self.n), self.n)


def validation_of(event: dict[str, Any], per_epoch: float, samples: int) -> Validation:
    """The validation that an event tells of; `samples` is n where the event does not say."""
    counts = event.get("val_confusion")
    confusion = np.array(counts, np.int64) if counts else None
    counted = samples if confusion is None else int(confusion.sum())
    return Validation(
        epoch=int(event["epoch"]),
        step=int(event["step"]),
        at=float(event["step"]) / per_epoch,
        n=int(event.get("val_n") or counted),
        metrics=_numbers({name: event.get(f"val_{name}") for name in METRICS}),
        confusion=confusion,
    )


def find_best(
    validations: Sequence[Validation], metrics: Mapping[str, Any], samples: int
) -> Validation | None:
    """The validation of the best model; `metrics` are as `run_records.best_validation` has them.

    A killed run may have a model whose event was not written: then these metrics are all there is.
    """
    if metrics.get("epoch") is None:
        return None
    epoch, step = int(metrics["epoch"]), metrics.get("step")
    numbers = _numbers(metrics)
    for each in validations:
        if each.epoch == epoch and each.accuracy == numbers.get("accuracy"):
            return each
    n, at = int(metrics.get("n") or samples), float(epoch)
    return Validation(epoch, -1 if step is None else int(step), at, n, numbers)


class BestCard:
    """The metrics in the card of a run's best model, read again only when the file is another."""

    def __init__(self, run: RunDir) -> None:
        self._path = run.best
        self._version: tuple[int, int] = (-1, -1)
        self._metrics: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        """Empty where there is no model."""
        try:
            status = self._path.stat()
        except OSError:
            return {}
        version = (status.st_mtime_ns, status.st_size)
        if version != self._version:
            try:
                self._metrics = dict(read_card(self._path).metrics)
            except ModelFileError:
                self._metrics = {}
            self._version = version
        return self._metrics


@dataclass(frozen=True, slots=True)
class BestStatistics:
    """How sure the figures of the best model are.

    `intervals` (95 %, 0–1) of accuracy, mean_class_accuracy, macro_f1 and the calibrated ece, as
    far as they are known. `against_start` is None where the predictions of both are not stored.
    """

    intervals: dict[str, Interval] = field(default_factory=dict)
    against_start: StartComparison | None = None


def best_statistics(run: RunDir, best: dict[str, Any]) -> BestStatistics:
    """Of the model with these metrics. Slow: it draws thousands of samples."""
    try:
        intervals = best_intervals(read_run_record(run))
        against_start = compare_with_start(run, best) if best else None
    except DataError:  # of a damaged file the run's view shows what it can
        return BestStatistics()
    return BestStatistics(intervals, against_start)


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """The metrics among them that are numbers."""
    return {k: float(values[k]) for k in METRICS if isinstance(values.get(k), int | float)}
