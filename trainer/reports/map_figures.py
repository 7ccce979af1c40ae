"""Figures of attributions: maps over faces, faithfulness curves, and the randomisation check."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from trainer.reports.figures import FAINT, INK, RULE, save_figure

Image = NDArray[np.float32]
CELL, GAP, LINE = 1.35, 0.08, 0.24  # inches
KIND_COLOURS = {"model": "#b2182b", "random": "#8c8c8c", "edges": "#4393c3", "mean_au": "#e08214"}
KIND_NAMES = {
    "model": "the model",
    "random": "random map",
    "edges": "Sobel edges",
    "mean_au": "mean AU map",
}


def map_sheet(
    cells: Sequence[tuple[Image | None, Image | None]],
    captions: Sequence[str],
    path: Path,
    *,
    columns: Sequence[str],
    rows: Sequence[str] = (),
    title: str = "",
) -> None:
    """Draw a grid of grey pictures (h, w), 0 to 255, with signed maps over them, row by row.

    A cell is a picture and its map; either may be None. Red is evidence for the class, blue
    against it; each map has its own scale.
    """
    count = -(-len(cells) // len(columns))
    left, head = (1.1 if rows else 0.15), (0.42 if title else 0.1) + 0.26
    width = left + len(columns) * (CELL + GAP) + 0.1
    height = head + count * (CELL + LINE) + 0.1
    figure = Figure(figsize=(width, height))
    if title:
        figure.text(0.15 / width, 1 - 0.22 / height, title, fontsize=11, color=INK, va="center")
    for column, name in enumerate(columns):
        middle = (left + column * (CELL + GAP) + CELL / 2) / width
        figure.text(middle, 1 - (head - 0.12) / height, name, ha="center", fontsize=8, color=FAINT)
    for index, ((picture, map_), caption) in enumerate(zip(cells, captions, strict=True)):
        row, column = divmod(index, len(columns))
        bottom = (height - head - (row + 1) * (CELL + LINE) + LINE) / height
        if rows and column == 0:
            figure.text(
                (left - 0.12) / width, bottom + CELL / height / 2, rows[row], ha="right",
                va="center", fontsize=9, color=INK,
            )  # fmt: skip
        if picture is None:
            continue
        x = (left + column * (CELL + GAP)) / width
        axes = figure.add_axes((x, bottom, CELL / width, CELL / height))
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
        if map_ is not None:
            peak = float(np.abs(map_).max()) or 1.0
            strength = np.clip(np.abs(map_) / peak, 0, 1)
            axes.imshow(map_, cmap="RdBu_r", vmin=-peak, vmax=peak, alpha=0.75 * strength**0.7)
        axes.set_axis_off()
        axes.text(
            0.5, -0.03, caption, ha="center", va="top", fontsize=6.5, color=INK,
            transform=axes.transAxes,
        )  # fmt: skip
    save_figure(figure, path)


def faithfulness_figure(
    curves: Mapping[str, Mapping[str, Sequence[float]]],
    areas: Mapping[str, Mapping[str, Mapping[str, float]]],
    path: Path,
) -> None:
    """Draw deletion and insertion curves of each kind of map, with the area under each."""
    figure = Figure(figsize=(9.2, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, measure, title in (
        (left, "deletion", "Deletion: the highest pixels are removed"),
        (right, "insertion", "Insertion: they are restored to a blurred picture"),
    ):
        for kind, of_kind in curves.items():
            values = of_kind[measure]
            axes.plot(
                np.linspace(0, 100, len(values)), np.asarray(values) * 100,
                color=KIND_COLOURS[kind],
                linewidth=2 if kind == "model" else 1.2,
                label=f"{KIND_NAMES[kind]} {areas[kind][measure]['mean']:.3f}",
            )  # fmt: skip
        axes.set_title(title, fontsize=10, color=INK, loc="left")
        axes.set_xlabel("pixels, %", fontsize=9, color=FAINT)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        axes.grid(color=RULE, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8, colors=INK)
        axes.legend(frameon=False, fontsize=8, title="area", title_fontsize=8)
    left.set_ylabel("probability of the predicted class, %", fontsize=9, color=FAINT)
    save_figure(figure, path)


def sanity_figure(randomised: Sequence[Mapping[str, float | str]], path: Path) -> None:
    """Draw Spearman's r with the trained network's maps as more and more layers are random."""
    figure = Figure(figsize=(9.2, 2.9), layout="constrained")
    axes = figure.add_subplot()
    steps = range(len(randomised))
    axes.plot(
        steps, [step["spearman"] for step in randomised], color=KIND_COLOURS["model"], marker="o"
    )
    axes.axhline(0.3, color=FAINT, linewidth=0.8, linestyle="--")
    axes.axhline(0, color=RULE, linewidth=0.8)
    names = [str(step["layer"]) for step in randomised]
    axes.set_xticks(steps, names, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_ylim(-1, 1)
    axes.set_ylabel("Spearman r", fontsize=9, color=FAINT)
    axes.set_title(
        "Maps after randomising the layers up to this one", fontsize=10, color=INK, loc="left"
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8, colors=INK)
    save_figure(figure, path)
