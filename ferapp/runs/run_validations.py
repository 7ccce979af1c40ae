"""The validations of a run, and which of them its best model is of."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.errors import ModelFileError
from trainer.evaluation.intervals import (
    Interval,
    McNemar,
    confusion_intervals,
    mcnemar,
    wilson,
)
from trainer.model_index import read_card
from trainer.training.run_dir import RunDir
from trainer.training.val_history import read_val_history

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


def best_validation(
    validations: Sequence[Validation], keep_init: bool, card: dict[str, Any], samples: int
) -> Validation | None:
    """The one whose model is kept: what the `card` of that model says, else the most accurate.

    The first among equals; the start model (epoch 0) only where the run keeps it. A run that was
    killed has a model whose validation no event tells of: then the card's metrics are all.
    """
    accuracy, epoch = card.get("accuracy"), card.get("epoch")
    if isinstance(accuracy, int | float) and isinstance(epoch, int):
        for validation in validations:
            if (validation.epoch, validation.accuracy) == (epoch, accuracy):
                return validation
        return Validation(epoch, -1, float(epoch), samples, _numbers(card))
    return max(
        (v for v in validations if (v.epoch > 0 or keep_init) and not math.isnan(v.accuracy)),
        key=lambda validation: validation.accuracy,
        default=None,
    )


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

    `intervals` (95 %, 0–1) of accuracy, mean_class_accuracy and macro_f1; empty without a confusion
    matrix. `against_start` has the best model first; None where their predictions are not stored.
    """

    intervals: dict[str, Interval] = field(default_factory=dict)
    against_start: McNemar | None = None


def best_statistics(run: RunDir, best: Validation) -> BestStatistics:
    """Slow: it draws thousands of samples, and reads the stored predictions."""
    intervals = {} if best.confusion is None else confusion_intervals(best.confusion)
    return BestStatistics(intervals, _compare_with_start(run, best))


def _compare_with_start(run: RunDir, best: Validation) -> McNemar | None:
    history = read_val_history(run)
    if history is None or best.epoch == 0:
        return None
    right = history.logits.argmax(axis=2) == history.label  # (E, N)
    first, second = (right[history.epochs == epoch] for epoch in (best.epoch, 0))
    return mcnemar(first[0], second[0]) if len(first) and len(second) else None


def _numbers(values: dict[str, Any]) -> dict[str, float]:
    """The metrics among them that are numbers."""
    return {k: float(values[k]) for k in METRICS if isinstance(values.get(k), int | float)}
