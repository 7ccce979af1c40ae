"""The report of a comparison: one list of parts, written as Markdown and as one HTML file."""

import base64
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from trainer.files import write_text
from trainer.reports.comparison import (
    Comparison,
    Row,
    differences_table,
    evaluations_table,
    results_table,
)
from trainer.reports.curves import accuracy_complexity_picture, curves_picture
from trainer.reports.figures import confusion_picture

NOTES = (
    "Metrics are those of the best epoch on val. Finished runs that differ in the seed only share "
    "a row: mean ± sample standard deviation. FLOPs are of one picture, a multiplication and an "
    "addition counted as two; img/s and ms a step are medians of the run's own steps."
)
STYLE = """
:root { color-scheme: light dark; --ink: #1d1d1f; --faint: #66666b; --rule: #dcdce0;
  --page: #ffffff; --head: #f5f5f7; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececf0; --faint: #a0a0a8; --rule: #3a3a40; --page: #17171a; --head: #222226; } }
body { margin: 0 auto; max-width: 76rem; padding: 2.5rem 1.5rem 4rem; color: var(--ink);
  background: var(--page); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .4rem; } h2 { font-size: 1.15rem; margin: 2.4rem 0 .7rem; }
p { color: var(--faint); max-width: 48rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .4rem .8rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--rule); }
th { font-weight: 600; background: var(--head); }
th:first-child, td:first-child { text-align: left; }
figure { margin: 0 0 1.5rem; } figcaption { color: var(--faint); font-size: .85rem; }
img { max-width: 100%; background: #ffffff; border-radius: 8px; }
.pictures { display: grid; gap: 1.5rem;
  grid-template-columns: repeat(auto-fill, minmax(24rem, 1fr)); }
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A section: a table, or pictures with their captions."""

    title: str
    columns: tuple[str, ...] = ()
    cells: tuple[tuple[str, ...], ...] = ()
    pictures: tuple[tuple[Path, str], ...] = ()


def write_report(comparison: Comparison, out: Path) -> Path:
    """Write report.md, report.html and their pictures into `out`; returns the HTML's path."""
    parts = [_table("Results", *results_table(comparison))]
    differences, evaluations = differences_table(comparison), evaluations_table(comparison)
    if differences[1]:
        parts.append(_table("Settings that differ", *differences))
    if evaluations[1]:
        parts.append(_table("Evaluations", *evaluations))
    parts += _pictures(comparison.rows, out)
    write_text(out / "report.md", _markdown(parts))
    write_text(out / "report.html", _html(parts))
    return out / "report.html"


def markdown_table(columns: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; `|` within a cell is escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines
    )


def _table(title: str, columns: list[str], rows: list[list[str]]) -> Part:
    return Part(title, tuple(columns), tuple(tuple(row) for row in rows))


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


def _markdown(parts: list[Part]) -> str:
    blocks = ["# Comparison of runs", NOTES]
    for part in parts:
        blocks.append(f"## {part.title}")
        if part.columns:
            blocks.append(markdown_table(list(part.columns), [list(row) for row in part.cells]))
        blocks += [f"![{caption}]({file.name})" for file, caption in part.pictures]
    return "\n\n".join(blocks) + "\n"


def _html(parts: list[Part]) -> str:
    body = ["<h1>Comparison of runs</h1>", f"<p>{escape(NOTES)}</p>"]
    for part in parts:
        body.append(f"<h2>{escape(part.title)}</h2>")
        if part.columns:
            head = "".join(f"<th>{escape(cell)}</th>" for cell in part.columns)
            lines = "".join(
                "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n"
                for row in part.cells
            )
            body.append(
                f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n'
                f"<tbody>\n{lines}</tbody></table></div>"
            )
        figures = "\n".join(_figure(file, caption) for file, caption in part.pictures)
        if len(part.pictures) > 1:
            figures = f'<div class="pictures">\n{figures}\n</div>'
        body.append(figures)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Comparison of runs</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _figure(file: Path, caption: str) -> str:
    data = base64.b64encode(file.read_bytes()).decode()
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
