"""Blocks of HTML that several reports have."""

import math
from collections.abc import Sequence
from html import escape

from ferapp.studies.report.conditions import ConditionMeans
from ferapp.studies.report.report_svg import interval_bar


def legend(classes: Sequence[str]) -> str:
    names = "".join(f'<span class="c{n}">{escape(name)}</span>' for n, name in enumerate(classes))
    return f'<div class="legend">{names}<span class="hatched">in doubt</span></div>'


def means_table(
    name: str,
    column: str,
    groups: Sequence[ConditionMeans],
    classes: Sequence[str],
    lowest: float = 0.0,
) -> str:
    """A row for each class and group, drawn on a line from `lowest` to 1."""
    head = ["expression", column, "n", "mean", "low", "high"]
    rows = []
    for number, label in enumerate(classes):
        for group in groups:
            means = group.means
            values = tuple(float(v[number]) for v in (means.mean, means.low, means.high))
            cells = [label, group.value, f"{means.n[number]:.0f}", *map(_decimal, values)]
            text = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            bar = interval_bar(number, values, lowest)
            rows.append(f'<tr>{text}<td class="drawn">{bar}</td></tr>')
    titles = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    return (
        f'<button class="copy" data-table="{name}">Copy table</button>'
        f'<div class="wide"><table class="means" id="{name}"><thead><tr>{titles}'
        f'<th class="drawn">{lowest:g} to 1</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _decimal(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else ""
