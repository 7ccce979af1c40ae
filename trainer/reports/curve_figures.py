"""Figures of several runs: learning curves, and accuracy against cost."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, ScalarFormatter

from trainer.reports.comparison import ComparisonRow
from trainer.reports.figures import COLOURS, FAINT, INK, save_figure, style_axes
from trainer.reports.run_records import DONE, RunRecord

LineStyle = Literal["-", "--", ":", "-."]
LINE_STYLES: tuple[LineStyle, ...] = ("-", "--", ":", "-.")  # once the colours are used up
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
TRAIN_LOSS = "loss_cross_entropy"  # `loss` adds further terms, which differ from run to run


def learning_curves_figure(rows: Sequence[ComparisonRow], path: Path) -> None:
    """Draw loss and accuracy on train and val by epoch: the mean of the seeds, and their range."""
    figure = Figure(figsize=(10, 6.6), layout="constrained")
    grid = figure.subplots(2, 2, sharex=True)
    panels = (  # each with its own scale: only training pictures are augmented
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
            colour, line_style = _row_style(index)
            x = [epoch for epoch, _ in points]
            values = [np.array(by_seed) * scale for _, by_seed in points]
            axes.plot(
                x, [by_seed.mean() for by_seed in values], line_style, color=colour, linewidth=1.8,
                marker="o" if len(x) == 1 else None, markersize=5,
            )  # fmt: skip
            low = [by_seed.min() for by_seed in values]
            high = [by_seed.max() for by_seed in values]
            if low != high:
                axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        style_axes(axes, title)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in grid[1]:
        axes.set_xlabel("epoch", color=FAINT)
    _add_legend(figure, rows, markers=False)
    save_figure(figure, path)


def accuracy_complexity_figure(rows: Sequence[ComparisonRow], path: Path) -> None:
    """Draw val accuracy against parameters, operations and time, with the spread over seeds."""
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    costs: tuple[tuple[str, Callable[[ComparisonRow], float | None], float], ...] = (
        ("parameters, millions", lambda row: row.complexity.parameters, 1e-6),
        ("GFLOP per picture", lambda row: row.complexity.flops, 1e-9),
        ("ms per training step", lambda row: row.complexity.ms_per_step, 1.0),
    )
    for axes, (title, cost_of, scale) in zip(panels, costs, strict=True):
        points = [
            (index, row, amount * scale)
            for index, row in enumerate(rows)
            if (amount := cost_of(row)) and "accuracy" in row.metrics
        ]
        for index, row, x in points:
            accuracy = row.metrics["accuracy"]
            axes.errorbar(
                x, 100 * accuracy.mean, yerr=100 * accuracy.std if accuracy.std else None,
                fmt=_marker(index), color=_row_style(index)[0], markersize=8, capsize=3,
                markeredgecolor="white", elinewidth=1.3, alpha=0.85,
            )  # fmt: skip
        style_axes(axes, "")
        axes.set_xlabel(title, color=INK)
        _scale_cost_axis(axes, [x for _, _, x in points])
    panels[0].set_ylabel("val accuracy %", color=INK)
    _add_legend(figure, rows, markers=True)
    save_figure(figure, path)


def _series(record: RunRecord, key: str) -> dict[float, float]:
    """Epoch → value; a validation within an epoch has a fractional epoch."""
    series = {}
    for event in record.validations:
        value = event.get(key, event.get("loss") if key == TRAIN_LOSS else None)
        if value is not None:
            series[_epoch(record, event)] = float(value)
    return series


def _epoch(record: RunRecord, event: dict[str, Any]) -> float:
    if "step" in event and record.steps_per_epoch:
        return round(float(event["step"] / record.steps_per_epoch), 4)
    return float(event["epoch"])


def _points(series: Sequence[dict[float, float]]) -> list[tuple[float, list[float]]]:
    """The epochs that all seeds have reached, with the value of each seed."""
    shared = set.intersection(*(set(values) for values in series))
    return [(epoch, [values[epoch] for values in series]) for epoch in sorted(shared)]


def _row_style(index: int) -> tuple[str, LineStyle]:
    return COLOURS[index % len(COLOURS)], LINE_STYLES[index // len(COLOURS) % len(LINE_STYLES)]


def _marker(index: int) -> str:
    return MARKERS[(index + index // len(COLOURS)) % len(MARKERS)]


def _scale_cost_axis(axes: Axes, values: Sequence[float]) -> None:
    """From zero where the values are close together, logarithmic where they span decades."""
    if not values:
        axes.text(0.5, 0.5, "unknown", transform=axes.transAxes, ha="center", color=FAINT)
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


def _add_legend(figure: Figure, rows: Sequence[ComparisonRow], *, markers: bool) -> None:
    handles = []
    for index, row in enumerate(rows):
        colour, line_style = _row_style(index)
        count = len(row.records)
        note = (
            f" ({count} seeds)" if count > 1 else "" if row.status == DONE else f" ({row.status})"
        )
        handles.append(
            Line2D(
                [],
                [],
                color=colour,
                linestyle="none" if markers else line_style,
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
