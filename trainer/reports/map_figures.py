"""Pictures of attributions: maps over faces, curves, and what is left without training."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from trainer.reports.figures import FAINT, INK, RULE, save

Array = NDArray[np.float32]
CELL, GAP, LINE = 1.35, 0.08, 0.24  # inches
COLOURS = {"model": "#b2182b", "random": "#8c8c8c", "edges": "#4393c3", "mean_au": "#e08214"}
NAMES = {
    "model": "the model's",
    "random": "random map",
    "edges": "Sobel edges",
    "mean_au": "mean AU map",
}


def map_sheet(
    pictures: Sequence[tuple[Array | None, Array | None]],
    captions: Sequence[str],
    path: Path,
    *,
    columns: Sequence[str],
    rows: Sequence[str] = (),
    title: str = "",
) -> None:
    """A grid of grey pictures (h, w) uint8 with signed maps over them, row by row.

    Red speaks for the class, blue against it; each map has its own scale. A cell may lack its
    map, or be empty.
    """
    count = -(-len(pictures) // len(columns))
    left, head = (1.1 if rows else 0.15), (0.42 if title else 0.1) + 0.26
    width = left + len(columns) * (CELL + GAP) + 0.1
    height = head + count * (CELL + LINE) + 0.1
    figure = Figure(figsize=(width, height))
    if title:
        figure.text(0.15 / width, 1 - 0.22 / height, title, fontsize=11, color=INK, va="center")
    for column, name in enumerate(columns):
        middle = (left + column * (CELL + GAP) + CELL / 2) / width
        figure.text(middle, 1 - (head - 0.12) / height, name, ha="center", fontsize=8, color=FAINT)
    for index, ((picture, map_), caption) in enumerate(zip(pictures, captions, strict=True)):
        row, column = divmod(index, len(columns))
        bottom = (height - head - (row + 1) * (CELL + LINE) + LINE) / height
        if rows and column == 0:
            figure.text(
                (left - 0.12) / width, bottom + CELL / height / 2, rows[row], ha="right",
                va="center", fontsize=9, color=INK,
            )  # fmt: skip
        if picture is None:
            continue
        place = (left + column * (CELL + GAP)) / width
        axes = figure.add_axes((place, bottom, CELL / width, CELL / height))
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
    save(figure, path)


def faithfulness_picture(
    curves: Mapping[str, Mapping[str, Sequence[float]]],
    areas: Mapping[str, Mapping[str, Mapping[str, float]]],
    path: Path,
) -> None:
    """Deletion and insertion curves of each kind of map, with the area under each."""
    figure = Figure(figsize=(9.2, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, measure, what in (
        (left, "deletion", "Deletion: the highest pixels vanish"),
        (right, "insertion", "Insertion: they come back to a blurred picture"),
    ):
        for kind, of_kind in curves.items():
            values = of_kind[measure]
            axes.plot(
                np.linspace(0, 100, len(values)), np.asarray(values) * 100, color=COLOURS[kind],
                linewidth=2 if kind == "model" else 1.2,
                label=f"{NAMES[kind]} {areas[kind][measure]['mean']:.3f}",
            )  # fmt: skip
        axes.set_title(what, fontsize=10, color=INK, loc="left")
        axes.set_xlabel("pixels, %", fontsize=9, color=FAINT)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        axes.grid(color=RULE, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8, colors=INK)
        axes.legend(frameon=False, fontsize=8, title="area", title_fontsize=8)
    left.set_ylabel("probability of the predicted class, %", fontsize=9, color=FAINT)
    save(figure, path)


def sanity_picture(randomised: Sequence[Mapping[str, float | str]], path: Path) -> None:
    """Spearman's r of the maps against the trained network's, the more layers are random."""
    figure = Figure(figsize=(9.2, 2.9), layout="constrained")
    axes = figure.add_subplot()
    places = range(len(randomised))
    axes.plot(places, [step["spearman"] for step in randomised], color=COLOURS["model"], marker="o")
    axes.axhline(0.3, color=FAINT, linewidth=0.8, linestyle="--")
    axes.axhline(0, color=RULE, linewidth=0.8)
    names = [str(step["layer"]) for step in randomised]
    axes.set_xticks(places, names, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_ylim(-1, 1)
    axes.set_ylabel("Spearman r", fontsize=9, color=FAINT)
    axes.set_title(
        "Maps after the layers up to here were made random", fontsize=10, color=INK, loc="left"
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8, colors=INK)
    save(figure, path)
