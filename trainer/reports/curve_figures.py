"""Figures of several runs: how they learned, and what their accuracy costs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, ScalarFormatter

from trainer.reports.comparison import Row
from trainer.reports.figures import FAINT, INK, RULE, save
from trainer.reports.run_records import DONE, RunRecord

# Okabe and Ito's palette, which colour-blind people tell apart, without its yellow
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
Line = Literal["-", "--", ":", "-."]
LINES: tuple[Line, ...] = ("-", "--", ":", "-.")  # of the rows beyond the palette
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
TRAIN_LOSS = "loss_cross_entropy"  # `loss` has further terms, which differ from run to run


def curves_picture(rows: Sequence[Row], path: Path) -> None:
    """Loss and accuracy on train and val by epoch; seeds as their mean and the band they span."""
    figure = Figure(figsize=(10, 6.6), layout="constrained")
    grid = figure.subplots(2, 2, sharex=True)
    panels = (  # with scales of their own: training pictures are augmented, val's are not
        (grid[0, 0], "train cross-entropy", TRAIN_LOSS, 1.0),
        (grid[0, 1], "val cross-entropy", "val_loss", 1.0),
        (grid[1, 0], "train accuracy %", "train_accuracy", 100.0),
        (grid[1, 1], "val accuracy %", "val_accuracy", 100.0),
    )
    for axes, title, key, scale in panels:
        for index, row in enumerate(rows):
            points = _points([_series(record, key) for record in row.records])
            if not points:
                continue
            colour, line = _style(index)
            x = [epoch for epoch, _ in points]
            values = [np.array(at) * scale for _, at in points]
            axes.plot(
                x, [at.mean() for at in values], line, color=colour, linewidth=1.8,
                marker="o" if len(x) == 1 else None, markersize=5,
            )  # fmt: skip
            low, high = [at.min() for at in values], [at.max() for at in values]
            if low != high:
                axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        plain_axes(axes, title)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in grid[1]:
        axes.set_xlabel("epoch", color=FAINT)
    _legend(figure, rows, markers=False)
    save(figure, path)


def accuracy_complexity_picture(rows: Sequence[Row], path: Path) -> None:
    """val accuracy against parameters, operations and time, with the spread over seeds."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    costs: tuple[tuple[str, Callable[[Row], float | None], float], ...] = (
        ("parameters, millions", lambda row: row.complexity.parameters, 1e-6),
        ("GFLOP a picture", lambda row: row.complexity.flops, 1e-9),
        ("ms a training step", lambda row: row.complexity.ms_per_step, 1.0),
    )
    for axes, (title, cost, scale) in zip(panels, costs, strict=True):
        known = [
            (index, row, amount * scale)
            for index, row in enumerate(rows)
            if (amount := cost(row)) and "accuracy" in row.metrics
        ]
        for index, row, x in known:
            accuracy = row.metrics["accuracy"]
            axes.errorbar(
                x, 100 * accuracy.mean, yerr=100 * accuracy.std if accuracy.std else None,
                fmt=_marker(index), color=_style(index)[0], markersize=8, capsize=3,
                markeredgecolor="white", elinewidth=1.3, alpha=0.85,
            )  # fmt: skip
        plain_axes(axes, "")
        axes.set_xlabel(title, color=INK)
        _cost_axis(axes, [x for _, _, x in known])
    panels[0].set_ylabel("val accuracy %", color=INK)
    _legend(figure, rows, markers=True)
    save(figure, path)


def _series(record: RunRecord, key: str) -> dict[float, float]:
    """Epoch → value, with validations within an epoch at their part of it."""
    found = {}
    for event in record.validations:
        value = event.get(key, event.get("loss") if key == TRAIN_LOSS else None)
        if value is not None:
            found[_epoch(record, event)] = float(value)
    return found


def _epoch(record: RunRecord, event: dict[str, Any]) -> float:
    if "step" in event and record.steps_per_epoch:
        return round(float(event["step"] / record.steps_per_epoch), 4)
    return float(event["epoch"])


def _points(series: Sequence[dict[float, float]]) -> list[tuple[float, list[float]]]:
    """Epochs that all seeds have reached, with each seed's value."""
    shared = set.intersection(*(set(each) for each in series))
    return [(epoch, [each[epoch] for each in series]) for epoch in sorted(shared)]


def _style(index: int) -> tuple[str, Line]:
    return COLOURS[index % len(COLOURS)], LINES[index // len(COLOURS) % len(LINES)]


def _marker(index: int) -> str:
    return MARKERS[(index + index // len(COLOURS)) % len(MARKERS)]


def plain_axes(axes: Axes, title: str) -> None:
    """The look of all plots: little ink beside the data."""
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(RULE)
    axes.tick_params(colors=FAINT, labelsize=8, length=3)
    axes.grid(color=RULE, linewidth=0.5, alpha=0.7)
    axes.set_axisbelow(True)


def _cost_axis(axes: Axes, values: Sequence[float]) -> None:
    """From zero where values are near each other, logarithmic where they span decades."""
    if not values:
        axes.text(0.5, 0.5, "not known", transform=axes.transAxes, ha="center", color=FAINT)
        axes.set_xticks([])
    elif max(values) > 8 * min(values):
        axes.set_xscale("log")
        axes.set_xlim(min(values) / 2, max(values) * 2)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xlim(0, max(values) * 1.15)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(ScalarFormatter(useOffset=False))


def _legend(figure: Figure, rows: Sequence[Row], *, markers: bool) -> None:
    handles = []
    for index, row in enumerate(rows):
        colour, line = _style(index)
        count = len(row.records)
        note = (
            f" ({count} seeds)" if count > 1 else "" if row.status == DONE else f" ({row.status})"
        )
        handles.append(
            Line2D(
                [],
                [],
                color=colour,
                linestyle="none" if markers else line,
                marker=_marker(index) if markers else "none",
                linewidth=1.8,
                label=row.name + note,
            )
        )
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(4, len(rows)),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
    )
