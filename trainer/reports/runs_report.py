"""The report of a comparison of runs."""

import re
from pathlib import Path

import numpy as np

from trainer.reports.comparison import (
    Comparison,
    ComparisonRow,
    differences_table,
    evaluations_table,
    results_table,
)
from trainer.reports.curve_figures import accuracy_complexity_figure, learning_curves_figure
from trainer.reports.document import ReportSection, table_section, write_document
from trainer.reports.figures import confusion_figure

NOTES = (
    "Metrics are those of the best epoch on val. Finished runs that differ only in the seed share "
    "a row: mean ± sample standard deviation. FLOPs are per picture, with a multiplication and an "
    "addition counted as two; img/s and ms per step are medians over the run's own steps."
)


def write_comparison_report(comparison: Comparison, out: Path) -> Path:
    """Write report.md, report.html and their figures into `out`; returns the HTML's path."""
    sections = [table_section("Results", *results_table(comparison))]
    differences, evaluations = differences_table(comparison), evaluations_table(comparison)
    if differences[1]:
        sections.append(table_section("Settings that differ", *differences))
    if evaluations[1]:
        sections.append(table_section("Evaluations", *evaluations))
    sections += _figure_sections(comparison.rows, out)
    return write_document("Comparison of runs", NOTES, sections, out)


def _figure_sections(rows: tuple[ComparisonRow, ...], out: Path) -> list[ReportSection]:
    trained = [row for row in rows if any(record.validations for record in row.records)]
    sections = []
    if trained:
        curves, complexity = out / "curves.png", out / "accuracy-complexity.png"
        learning_curves_figure(trained, curves)
        accuracy_complexity_figure(trained, complexity)
        sections.append(ReportSection("Curves", figures=((curves, "Loss and accuracy by epoch"),)))
        sections.append(
            ReportSection(
                "Accuracy and complexity", figures=((complexity, "val accuracy against cost"),)
            )
        )
    confusions = []
    for row in rows:
        counts = [
            record.best["confusion"] for record in row.records if record.best.get("confusion")
        ]
        if counts:
            file = out / f"confusion-{re.sub(r'[^A-Za-z0-9_.-]', '-', row.name)}.png"
            seeds = f", sum of {len(counts)} seeds" if len(counts) > 1 else ""
            confusion_figure(
                np.sum(counts, axis=0), row.records[0].classes, file, f"{row.name}, val{seeds}"
            )
            confusions.append((file, f"Confusion of {row.name}: rows are true classes"))
    if confusions:
        sections.append(ReportSection("Confusion", figures=tuple(confusions)))
    return sections
