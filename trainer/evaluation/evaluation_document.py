"""An evaluation in words: its figures on a line, and its report as Markdown and HTML."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainer.document import Figures, ReportSection, table_section, write_document
from trainer.evaluation.intervals import score_text, share_text
from trainer.prior import prior_text


def write_evaluation_report(out: Path, figures: Figures = ()) -> Path:
    """Write report.md and report.html from the metrics.json in `out`; returns the HTML's path.

    `figures` are files beside it, with their captions.
    """
    result = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    how = f"{condition_text(result)}, views: {result['tta']}, prior: {prior_text(result['prior'])}"
    notes = f"{how[:1].upper()}{how[1:]}. In brackets: 95 % intervals, over the drawing of samples."
    sections = [_class_section(result), _confusion_section(result)]
    if figures:
        sections.append(ReportSection("Figures", figures=tuple(figures)))
    return write_document(f"{result['model']} on {result['data']}", notes, sections, out)


def _class_section(result: dict[str, Any]) -> ReportSection:
    rows = [
        [
            name,
            str(row["n"]),
            share_text(row["accuracy"], row["interval"]),
            f"{100 * row['precision']:.1f} %",
            f"{row['f1']:.3f}",
        ]
        for name, row in result["per_class"].items()
    ]
    sentences = [f"Of the model: {figures_text(result).replace('   ', ', ')}."]
    if affect := result.get("valence_arousal"):
        sentences.append(valence_arousal_line(affect))
    return table_section("Results", ["class", "n", "accuracy", "precision", "F1"], rows, sentences)


def _confusion_section(result: dict[str, Any]) -> ReportSection:
    classes = list(result["per_class"])
    counts: Sequence[Sequence[int]] = result["confusion"]
    rows = [[name, *map(str, row)] for name, row in zip(classes, counts, strict=True)]
    return table_section(
        "Confusion matrix",
        ["true ↓ predicted →", *classes],
        rows,
        ["Rows: true class; columns: predicted class."],
    )


def condition_text(result: dict[str, Any]) -> str:
    """What figures are of: split, epoch, number of samples, raw or calibrated."""
    epoch = "" if result["epoch"] is None else f"epoch {result['epoch']}, "
    temperature = result["temperature"]
    ece = "raw" if temperature == 1 else f"calibrated with temperature {temperature:.3g}"
    return f"{result['split']}, {epoch}n {result['n']:,}, ECE {ece}"


def figures_text(result: dict[str, Any]) -> str:
    """Accuracy, mean class accuracy, macro F1 and ECE with their intervals."""
    intervals = result["intervals"]
    shares = [
        f"{title} {share_text(result[name], intervals[name])}"
        for name, title in (("accuracy", "accuracy"), ("mean_class_accuracy", "mean class"))
    ]
    scores = [
        f"{title} {score_text(result[name], intervals[name])}"
        for name, title in (("macro_f1", "macro F1"), ("ece", "ECE"))
    ]
    return "   ".join([*shares, *scores])


def valence_arousal_line(measured: dict[str, float | int]) -> str:
    """CCC and RMSE as one line for a person."""
    values = [
        f"{name} CCC {measured[f'{name}_ccc']:.3f}, RMSE {measured[f'{name}_rmse']:.3f}"
        for name in ("valence", "arousal")
        if f"{name}_ccc" in measured
    ]
    text = "; ".join(values)
    return f"{text[:1].upper()}{text[1:]} ({measured['n']} samples)."
