"""The report of a comparison of runs."""

import re
from pathlib import Path

import numpy as np

from trainer.document import ReportSection, table_section, write_document
from trainer.reports.comparison import (
    FIGURES_NOTE,
    Comparison,
    ComparisonRow,
    differences_table,
    evaluations_table,
    results_table,
    validation_title,
)
from trainer.reports.curve_figures import accuracy_complexity_figure, learning_curves_figure
from trainer.reports.figures import confusion_figure
from trainer.reports.paired_tests import paired_tests

NOTES = (
    f"{FIGURES_NOTE} FLOPs are per picture, with a multiplication and an addition counted as two; "
    "img/s and ms per step are medians over the run's own steps."
)


def write_comparison_report(comparison: Comparison, out: Path) -> Path:
    """Write report.md, report.html and their figures into `out`; returns the HTML's path.

    Runs that were validated on other samples have tables and curves of their own.
    """
    groups = comparison.of_same_samples()
    sections = []
    for number, group in enumerate(groups, 1):
        mark = f" {number}" if len(groups) > 1 else ""
        sentences = [validation_title(number, len(groups))] if mark else []
        sentences += [test.sentence() for test in paired_tests(group.rows)]
        sections.append(table_section(f"Results{mark}", *results_table(group), sentences))
        sections += _curve_sections(group.rows, out, mark)
    differences, evaluations = differences_table(comparison), evaluations_table(comparison)
    if differences[1]:
        sections.append(table_section("Settings that differ", *differences))
    if evaluations[1]:
        sections.append(table_section("Evaluations", *evaluations))
    sections += _confusion_sections(comparison.rows, out)
    return write_document("Comparison of runs", NOTES, sections, out)


def _curve_sections(rows: tuple[ComparisonRow, ...], out: Path, mark: str) -> list[ReportSection]:
    trained = [row for row in rows if any(record.validations for record in row.records)]
    if not trained:
        return []
    suffix = mark.replace(" ", "-")
    curves, complexity = out / f"curves{suffix}.png", out / f"accuracy-complexity{suffix}.png"
    learning_curves_figure(trained, curves)
    accuracy_complexity_figure(trained, complexity)
    return [
        ReportSection(f"Curves{mark}", figures=((curves, "Loss and accuracy by epoch, raw"),)),
        ReportSection(
            f"Accuracy and complexity{mark}", figures=((complexity, "val accuracy against cost"),)
        ),
    ]


def _confusion_sections(rows: tuple[ComparisonRow, ...], out: Path) -> list[ReportSection]:
    confusions = []
    for row in rows:
        best = [record.best for record in row.records if record.best.get("confusion")]
        if best:
            counts = np.sum([each["confusion"] for each in best], axis=0)
            file = out / f"confusion-{re.sub(r'[^A-Za-z0-9_.-]', '-', row.name)}.png"
            epochs = ", ".join(str(each["epoch"]) for each in best)
            which = f"sum of {len(best)} seeds, epochs" if len(best) > 1 else "epoch"
            title = f"{row.name}, val, {which} {epochs}, n {counts.sum():,}"
            confusion_figure(counts, row.records[0].classes, file, title)
            confusions.append((file, f"Confusion of {title}: rows are true classes"))
    return [ReportSection("Confusion", figures=tuple(confusions))] if confusions else []
