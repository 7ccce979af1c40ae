"""Several runs compared, as `fertrain compare` does: tables, validation curves, and tests."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ferapp.runs.run_reader import RunReader, Series
from ferapp.sources.heavy_imports import load_torch
from trainer.reports.comparison import (
    Comparison,
    compare_records,
    differences_table,
    results_table,
)
from trainer.reports.paired_tests import paired_tests
from trainer.reports.run_records import read_run_record
from trainer.training.run_dir import RunDir

Table = tuple[list[str], list[list[str]]]  # column titles, rows


@dataclass(frozen=True, slots=True)
class ComparedCurves:
    """A run's curves of the split `val`, empty before the first validation.

    Accuracies are in percent; `best_at` is in epochs, NaN before the first.
    """

    name: str
    accuracies: Series
    losses: Series
    best_at: float


@dataclass(frozen=True, slots=True)
class ComparedRuns:
    """Runs that were validated on the same `n` samples (0: not known) of `data`.

    `results` have their spread over seeds, `differences` are of the settings. `tests` are sentences
    on whether two of them differ by more than chance; empty where their predictions are not stored.
    """

    data: str
    n: int
    count: int  # of runs
    results: Table
    differences: Table
    tests: tuple[str, ...]
    curves: tuple[ComparedCurves, ...]


def compare_runs(paths: Sequence[Path], names: Mapping[str, str]) -> tuple[ComparedRuns, ...]:
    """Compare the runs in these folders; `names` maps a folder's name to a short one.

    Figures and curves of two results are not comparable: those runs have other validation samples.
    Slow: run it in a task queue. Raises DataError when a run cannot be read.
    """
    load_torch()  # the networks are built to count parameters and operations
    comparison = compare_records([read_run_record(RunDir(path)) for path in paths])
    rows = tuple(
        replace(row, name=", ".join(names[record.run.path.name] for record in row.records))
        for row in comparison.rows
    )
    return tuple(
        _compared(part, names) for part in replace(comparison, rows=rows).of_same_samples()
    )


def _compared(comparison: Comparison, names: Mapping[str, str]) -> ComparedRuns:
    records = [record for row in comparison.rows for record in row.records]
    return ComparedRuns(
        data=Path(records[0].data).name,
        n=comparison.rows[0].val_n or 0,
        count=len(records),
        results=results_table(comparison),
        differences=differences_table(comparison),
        tests=tuple(test.sentence() for test in paired_tests(comparison.rows)),
        curves=tuple(_curves(record.run.path, names) for record in records),
    )


def _curves(path: Path, names: Mapping[str, str]) -> ComparedCurves:
    run, none = RunReader(path).read(), (np.zeros(0), np.zeros(0))
    epochs, accuracies = run.epoch_curves.get("val_accuracy", none)
    losses = run.epoch_curves.get("val_loss", none)
    best_at = math.nan if run.best is None else run.best.at
    return ComparedCurves(names[run.name], (epochs, 100 * accuracies), losses, best_at)
