"""Compares runs, as `fertrain compare` does. Called in the desk's thread."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ferapp.runs.run_reader import Watched
from ferapp.runs.side_by_side import SideBySide
from ferapp.sources.heavy_imports import load_torch
from trainer.reports.run_records import read_run_record
from trainer.training.run_dir import RunDir


def compare_runs(paths: Sequence[Path], names: Mapping[str, str]) -> SideBySide:
    """`names` by folder say what each is called. Raises DataError when one cannot be read."""
    load_torch()  # parameters and operations are counted on the networks
    from trainer.reports.comparison import compare_records, differences_table, results_table

    found = compare_records([read_run_record(RunDir(path)) for path in paths])
    rows = tuple(
        replace(row, name=", ".join(names[record.run.path.name] for record in row.records))
        for row in found.rows
    )
    found = replace(found, rows=rows)
    runs = [Watched(path).read() for path in paths]

    def curves(name: str, scale: float) -> tuple:  # type: ignore[type-arg]
        return tuple(
            (names[run.name], x, scale * y)
            for run in runs
            for x, y in [run.epochs.get(name, (None, None))]
            if x is not None and y is not None
        )

    return SideBySide(
        results=results_table(found),
        differences=differences_table(found),
        curves=curves("val_accuracy", 100),
        losses=curves("val_loss", 1),
    )
