"""The report of a comparison of runs."""

import re
from pathlib import Path

import numpy as np

from trainer.reports.comparison import (
    Comparison,
    Row,
    differences_table,
    evaluations_table,
    results_table,
)
from trainer.reports.curve_figures import accuracy_complexity_picture, curves_picture
from trainer.reports.document import Part, table, write_document
from trainer.reports.figures import confusion_picture

NOTES = (
    "Metrics are those of the best epoch on val. Finished runs that differ in the seed only share "
    "a row: mean ± sample standard deviation. FLOPs are of one picture, a multiplication and an "
    "addition counted as two; img/s and ms a step are medians of the run's own steps."
)


def write_report(comparison: Comparison, out: Path) -> Path:
    """Write report.md, report.html and their pictures into `out`; returns the HTML's path."""
    parts = [table("Results", *results_table(comparison))]
    differences, evaluations = differences_table(comparison), evaluations_table(comparison)
    if differences[1]:
        parts.append(table("Settings that differ", *differences))
    if evaluations[1]:
        parts.append(table("Evaluations", *evaluations))
    parts += _pictures(comparison.rows, out)
    return write_document("Comparison of runs", NOTES, parts, out)


def _pictures(rows: tuple[Row, ...], out: Path) -> list[Part]:
    trained = [row for row in rows if any(record.validations for record in row.records)]
    parts = []
    if trained:
        curves, complexity = out / "curves.png", out / "accuracy-complexity.png"
        curves_picture(trained, curves)
        accuracy_complexity_picture(trained, complexity)
        parts.append(Part("Curves", pictures=((curves, "Loss and accuracy by epoch"),)))
        parts.append(
            Part("Accuracy and complexity", pictures=((complexity, "val accuracy and its cost"),))
        )
    confusions = []
    for row in rows:
        counts = [
            record.best["confusion"] for record in row.records if record.best.get("confusion")
        ]
        if counts:
            file = out / f"confusion-{re.sub(r'[^A-Za-z0-9_.-]', '-', row.name)}.png"
            seeds = f", sum of {len(counts)} seeds" if len(counts) > 1 else ""
            confusion_picture(
                np.sum(counts, axis=0), row.records[0].classes, file, f"{row.name}, val{seeds}"
            )
            confusions.append((file, f"Confusion of {row.name}: rows are true classes"))
    if confusions:
        parts.append(Part("Confusion", pictures=tuple(confusions)))
    return parts
