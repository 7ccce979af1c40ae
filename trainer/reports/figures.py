"""What the figures share, the confusion matrix, and sheets of faces.

matplotlib is used through its objects, without pyplot, whose global state other threads share.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from trainer.files import write_atomic

DPI = 150
INK, FAINT, RULE = "#222222", "#6b6b6b", "#d8d8d8"
# Okabe and Ito's palette, which colour-blind people can tell apart, without its yellow
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SHEET_COLUMNS = 8


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG, or what the file's name ends with, whole or not at all."""
    buffer = io.BytesIO()
    kind = path.suffix.lower().removeprefix(".") or "png"
    figure.savefig(buffer, format=kind, dpi=DPI, facecolor="white")
    write_atomic(path, lambda stream: stream.write(buffer.getvalue()))


def style_axes(axes: Axes, title: str) -> None:
    """The style of all plots: little ink besides the data."""
    axes.set_title(title, fontsize=10, color=INK, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(RULE)
    axes.tick_params(colors=FAINT, labelsize=8, length=3)
    axes.grid(color=RULE, linewidth=0.5, alpha=0.7)
    axes.set_axisbelow(True)


def percent_text(share: float) -> str:
    return f"{100 * share:.0f} %"


def confusion_figure(
    counts: NDArray[np.int64], classes: Sequence[str], path: Path, title: str = ""
) -> None:
    """Draw counts (K, K) of true (rows) and predicted classes; the colour is the row's share."""
    total = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(total, 1)
    size = 1.9 + 0.72 * len(classes)
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(shares):
        for j, share in enumerate(row):
            ink = "white" if share > 0.55 else INK
            axes.text(
                j, i - 0.12, f"{counts[i, j]:,}", ha="center", va="center", color=ink, fontsize=10
            )
            axes.text(
                j, i + 0.24, percent_text(share), ha="center", va="center", color=ink, fontsize=7,
                alpha=0.75,
            )  # fmt: skip
    axes.set_xticks(range(len(classes)), classes, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("predicted", color=FAINT)
    axes.set_ylabel("true", color=FAINT)
    axes.tick_params(length=0, colors=INK)
    axes.spines[:].set_visible(False)
    for edge in np.arange(len(classes) - 1) + 0.5:
        axes.axhline(edge, color="white", linewidth=1.5)
        axes.axvline(edge, color="white", linewidth=1.5)
    if title:
        axes.set_title(title, fontsize=11, color=INK, loc="left", pad=10)
    save_figure(figure, path)


def sample_sheet(
    images: Sequence[NDArray[np.uint8] | None] | NDArray[np.uint8],
    captions: Sequence[str],
    path: Path,
    *,
    columns: int = SHEET_COLUMNS,
    rows: Sequence[str] = (),
    title: str = "",
) -> None:
    """Draw a grid of grey faces (N, h, w), each with its caption; None leaves a cell empty.

    `rows` are the row names, on the left.
    """
    count = max(1, -(-len(captions) // columns))
    left, cell, head = (0.9 if rows else 0.15), 1.3, (0.45 if title else 0.1)
    width, height = left + columns * cell + 0.1, head + count * (cell + 0.22) + 0.1
    figure = Figure(figsize=(width, height))
    if title:
        figure.text(0.15 / width, 1 - 0.24 / height, title, fontsize=11, color=INK, va="center")
    for index, (image, caption) in enumerate(zip(images, captions, strict=True)):
        row, column = divmod(index, columns)
        bottom = height - head - (row + 1) * (cell + 0.22) + 0.22
        if rows and column == 0:
            middle = (bottom + (cell - 0.08) / 2) / height
            figure.text(
                (left - 0.12) / width, middle, rows[row], ha="right", va="center", fontsize=9,
                color=INK,
            )  # fmt: skip
        if image is None:
            if rows and column == 0:
                figure.text(left / width, middle, "none", va="center", fontsize=9, color=FAINT)
            continue
        axes = figure.add_axes(
            (
                (left + column * cell) / width,
                bottom / height,
                (cell - 0.08) / width,
                (cell - 0.08) / height,
            )
        )
        axes.imshow(image, cmap="gray", vmin=0, vmax=255)
        axes.set_axis_off()
        axes.text(
            0.5, -0.035, caption, ha="center", va="top", fontsize=6.5, color=INK,
            transform=axes.transAxes,
        )  # fmt: skip
    save_figure(figure, path)
