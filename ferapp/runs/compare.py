"""Several runs compared, as `fertrain compare` does: tables, validation curves, and a test."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ferapp.runs.data_check import DataChoice
from ferapp.runs.run_reader import RunReader, RunSnapshot, Series
from ferapp.runs.run_validations import Validation
from ferapp.sources.heavy_imports import load_torch
from trainer.evaluation.intervals import mcnemar
from trainer.reports.run_records import read_run_record
from trainer.training.run_dir import RunDir
from trainer.training.val_history import ValHistory, read_val_history

Table = tuple[list[str], list[list[str]]]  # column titles, rows
NOT_STORED = (
    "These runs have no record of each picture's prediction: whether they differ cannot be tested "
    "here. Open one in Inspect and compare it with the other."
)


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A run's curves of the split `val`, empty before the first validation.

    Accuracies are in percent, `best_at` is in epochs; NaN before the first.
    """

    name: str
    accuracies: Series
    losses: Series
    best_at: float


@dataclass(frozen=True, slots=True)
class ValGroup:
    """Runs that were validated on the same `n` pictures of `data`."""

    data: str
    n: int
    runs: tuple[ComparedRun, ...]


@dataclass(frozen=True, slots=True)
class RunComparison:
    """`results` with their spread over seeds, `differences` of the settings, and curves.

    Curves of one group may be compared, those of different `groups` may not. `verdict` says of two
    runs whether their best models differ, or why that is not known; "" for more runs.
    """

    results: Table
    differences: Table
    groups: tuple[ValGroup, ...]
    verdict: str


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """A run with what it has stored of its validations, `history`, which older runs have not."""

    snapshot: RunSnapshot
    history: ValHistory | None

    @property
    def best(self) -> Validation | None:
        return self.snapshot.best

    def right(self) -> dict[str, bool]:
        """Which samples the best model predicts correctly, by id; empty where nothing is stored."""
        history, best = self.history, self.best
        if history is None or best is None or best.epoch not in history.epochs:
            return {}
        logits = history.logits[int(np.flatnonzero(history.epochs == best.epoch)[0])]
        right = logits.argmax(axis=1) == history.label
        return dict(zip(history.sample_id.tolist(), right.tolist(), strict=True))

    def has_val_data_of(self, other: "_Run") -> bool:
        """Whether both were validated on the same pictures with the same labels.

        Where they are not stored, the settings that choose them and the class counts decide.
        """
        if self.history is not None and other.history is not None:
            return _labels(self.history) == _labels(other.history)
        counts, others = self._class_counts(), other._class_counts()
        is_counted = counts is None or others is None or counts == others
        return self._described() == other._described() and is_counted

    def _described(self) -> DataChoice:
        config = self.snapshot.config
        assert config is not None  # a damaged run cannot be compared
        return DataChoice.of(self.snapshot.data, config.data)

    def _class_counts(self) -> list[int] | None:
        confusions = (each.confusion for each in self.snapshot.validations)
        first = next((each for each in confusions if each is not None), None)
        return None if first is None else first.sum(axis=1).tolist()

    def compared(self, name: str) -> ComparedRun:
        curves, none = self.snapshot.epoch_curves, (np.zeros(0), np.zeros(0))
        epochs, accuracies = curves.get("val_accuracy", none)
        losses = curves.get("val_loss", none)
        best_at = math.nan if self.best is None else self.best.at
        return ComparedRun(name, (epochs, 100 * accuracies), losses, best_at)


def compare_runs(paths: Sequence[Path], names: Mapping[str, str]) -> RunComparison:
    """Compare the runs in these folders; `names` maps a folder's name to a short one.

    Slow: run it in a task queue. Raises DataError when a run cannot be read.
    """
    load_torch()  # the networks are built to count parameters and operations
    from trainer.reports.comparison import compare_records, differences_table, results_table

    comparison = compare_records([read_run_record(RunDir(path)) for path in paths])
    rows = tuple(
        replace(row, name=", ".join(names[record.run.path.name] for record in row.records))
        for row in comparison.rows
    )
    comparison = replace(comparison, rows=rows)
    runs = [_Run(RunReader(path).read(), read_val_history(RunDir(path))) for path in paths]
    return RunComparison(
        results=results_table(comparison),
        differences=differences_table(comparison),
        groups=_group(runs, names),
        verdict=_verdict(runs[0], runs[1], names) if len(runs) == 2 else "",
    )


def _group(runs: Sequence[_Run], names: Mapping[str, str]) -> tuple[ValGroup, ...]:
    """Runs by their validation data, in the order of their first run."""
    groups: list[list[_Run]] = []
    for run in runs:
        fitting = next((group for group in groups if run.has_val_data_of(group[0])), None)
        if fitting is None:
            groups.append([run])
        else:
            fitting.append(run)
    return tuple(
        ValGroup(
            Path(group[0].snapshot.data).name,
            next((run.best.n for run in group if run.best is not None), 0),
            tuple(run.compared(names[run.snapshot.name]) for run in group),
        )
        for group in groups
    )


def _verdict(first: _Run, second: _Run, names: Mapping[str, str]) -> str:
    if not first.has_val_data_of(second):
        return ""
    rights, others = first.right(), second.right()
    if not rights or not others:
        return NOT_STORED
    samples = sorted(rights)
    test = mcnemar(*(np.array([each[s] for s in samples]) for each in (rights, others)))
    return test.verdict(names[first.snapshot.name], names[second.snapshot.name])


def _labels(history: ValHistory) -> dict[str, int]:
    return dict(zip(history.sample_id.tolist(), history.label.tolist(), strict=True))
