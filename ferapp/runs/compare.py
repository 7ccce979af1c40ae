"""Several runs compared, as `fertrain compare` does: tables and validation curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ferapp.runs.run_reader import RunReader, Series
from ferapp.sources.heavy_imports import load_torch
from trainer.reports.run_records import read_run_record
from trainer.training.run_dir import RunDir

Table = tuple[list[str], list[list[str]]]  # column titles, rows
NamedCurve = tuple[str, *Series]  # a run's name, epochs, values


@dataclass(frozen=True, slots=True)
class RunComparison:
    """`results` with their spread over seeds, `differences` of the settings, and curves.

    Accuracies are in percent.
    """

    results: Table
    differences: Table
    val_accuracies: tuple[NamedCurve, ...]
    val_losses: tuple[NamedCurve, ...]


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
    runs = [RunReader(path).read() for path in paths]

    def curves(metric: str, scale: float) -> tuple[NamedCurve, ...]:
        return tuple(
            (names[run.name], epochs, scale * values)
            for run in runs
            if metric in run.epoch_curves
            for epochs, values in [run.epoch_curves[metric]]
        )

    return RunComparison(
        results=results_table(comparison),
        differences=differences_table(comparison),
        val_accuracies=curves("val_accuracy", 100),
        val_losses=curves("val_loss", 1),
    )
