"""Figures of an evaluation: confusion, sheets of faces, attention as strips.

matplotlib draws through its objects, without pyplot, whose global state other threads share.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from trainer.data.face_data import FaceData
from trainer.evaluation.metrics import ConfusionScores, confusion_matrix, softmax
from trainer.files import write_atomic

DPI = 150
INK, FAINT, RULE = "#222222", "#6b6b6b", "#d8d8d8"
SHEET_COLUMNS = 8
STRIPS = 30  # samples of a class in the picture of strips


@dataclass(frozen=True, slots=True)
class AttentionAgreement:
    """Mean cosine similarity of mean-centred weights, over all pairs of different samples.

    `within` are pairs of one class, `between` pairs of different classes, `per_class` the pairs
    of each class that has two samples. NaN where there are no pairs.
    """

    within: float
    between: float
    per_class: dict[str, float]


def save(figure: Figure, path: Path) -> None:
    """Write a PNG, whole or not at all."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, facecolor="white")
    write_atomic(path, lambda stream: stream.write(buffer.getvalue()))


def confusion_picture(
    counts: NDArray[np.int64], classes: Sequence[str], path: Path, title: str = ""
) -> None:
    """Counts (K, K) of true (rows) and predicted classes; the colour is the share of the row."""
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
                j, i + 0.24, _percent(share), ha="center", va="center", color=ink, fontsize=7,
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
    save(figure, path)


def sample_sheet(
    images: Sequence[NDArray[np.uint8] | None] | NDArray[np.uint8],
    captions: Sequence[str],
    path: Path,
    *,
    columns: int = SHEET_COLUMNS,
    rows: Sequence[str] = (),
    title: str = "",
) -> None:
    """A grid of grey faces (N, h, w), each with its caption; None leaves a cell empty.

    `rows` names the rows at their left.
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
    save(figure, path)


def write_evaluation_figures(
    out: Path,
    data: FaceData,
    labels: NDArray[np.int64],
    logits: NDArray[np.float32],
    classes: tuple[str, ...],
    temperature: float = 1.0,
) -> list[Path]:
    """Write confusion.png, right.png and wrong.png, whose samples are in the order of `logits`."""
    predicted = logits.argmax(axis=1)
    sure = softmax(logits, temperature).max(axis=1)
    scores = ConfusionScores(confusion_matrix(labels, predicted, len(classes)))
    files = [out / name for name in ("confusion.png", "right.png", "wrong.png")]
    title = f"{data.name}: {100 * scores.accuracy:.2f} % of {scores.n:,} right"
    confusion_picture(scores.confusion, classes, files[0], title)

    order = np.argsort(-sure, kind="stable")
    chosen: list[int | None] = []
    for label in range(len(classes)):
        hits = [int(i) for i in order if labels[i] == label == predicted[i]][:SHEET_COLUMNS]
        chosen += [*hits, *[None] * (SHEET_COLUMNS - len(hits))]
    sample_sheet(
        [None if i is None else np.asarray(data.images[i]) for i in chosen],
        ["" if i is None else _percent(sure[i]) for i in chosen],
        files[1],
        rows=classes,
        title="Right, the most confident of each class",
    )

    missed = [int(i) for i in order if labels[i] != predicted[i]][: SHEET_COLUMNS * 7]
    sample_sheet(
        [np.asarray(data.images[i]) for i in missed],
        [f"{classes[labels[i]]} → {classes[predicted[i]]} {_percent(sure[i])}" for i in missed],
        files[2],
        title="Wrong, the most confident first: true → predicted",
    )
    return files


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def attention_strips(
    attention: NDArray[np.float32],
    labels: NDArray[np.int64],
    classes: Sequence[str],
    path: Path,
) -> AttentionAgreement:
    """Weights (N, d) as strips, a block a class; columns are features, in the network's order.

    The colour is the weight less its mean over all samples, so that what all share is white.
    """
    centred = attention.astype(np.float64) - attention.mean(axis=0, dtype=np.float64)
    agreement = attention_agreement(attention, labels, classes)
    present = [k for k in range(len(classes)) if (labels == k).any()]
    blocks = [centred[labels == k][:STRIPS] for k in present]
    limit = float(np.quantile(np.abs(centred), 0.98)) or 1.0
    figure = Figure(
        figsize=(8.2, 1.4 + 0.028 * sum(map(len, blocks)) + 0.12 * len(blocks)),
        layout="constrained",
    )
    figure.get_layout_engine().set(hspace=0.02, h_pad=0.03)  # type: ignore[union-attr,call-arg]
    grid = figure.subplots(
        len(blocks), 1, squeeze=False, height_ratios=[max(4, len(b)) for b in blocks]
    )
    for axes, block, label in zip(grid[:, 0], blocks, present, strict=True):
        picture = axes.imshow(
            block, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest"
        )
        axes.set_yticks([])
        axes.set_xticks([])
        axes.spines[:].set_color(RULE)
        axes.set_ylabel(
            classes[label], rotation=0, ha="right", va="center", fontsize=9, color=INK, labelpad=6
        )
        own = agreement.per_class.get(classes[label])
        if own is not None:
            axes.text(
                1.01, 0.5, f"cos {own:+.2f}", transform=axes.transAxes, fontsize=8, color=FAINT,
                va="center",
            )  # fmt: skip
    grid[-1, 0].set_xlabel(f"{attention.shape[1]} features", fontsize=9, color=FAINT)
    figure.suptitle(
        "Attention weights less their mean\n"
        f"mean cosine similarity within classes {agreement.within:+.3f}, "
        f"between classes {agreement.between:+.3f}",
        fontsize=10,
        color=INK,
    )
    bar = figure.colorbar(
        picture, ax=grid[:, 0].tolist(), location="bottom", shrink=0.4, aspect=40, pad=0.03
    )
    bar.ax.tick_params(labelsize=7, length=2)
    bar.outline.set_visible(False)
    save(figure, path)
    return agreement


def attention_agreement(
    attention: NDArray[np.float32], labels: NDArray[np.int64], classes: Sequence[str]
) -> AttentionAgreement:
    """How alike weights (N, d) are within and between classes."""
    centred = attention.astype(np.float64) - attention.mean(axis=0, dtype=np.float64)
    units = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    # Σ of all pairs' cosines is |Σ units|², so that no N × N matrix is needed
    alike, pairs, per_class = 0.0, 0, {}
    for label, name in enumerate(classes):
        own = units[labels == label]
        total, number = float(_pair_sum(own)), len(own) * (len(own) - 1)
        if number:
            per_class[name] = total / number
        alike, pairs = alike + total, pairs + number
    others = len(units) * (len(units) - 1) - pairs
    different = float(_pair_sum(units)) - alike
    return AttentionAgreement(
        within=alike / pairs if pairs else float("nan"),
        between=different / others if others else float("nan"),
        per_class=per_class,
    )


def _pair_sum(units: NDArray[np.float64]) -> float:
    """Σ over ordered pairs of different rows of their scalar product."""
    return float((units.sum(axis=0) ** 2).sum() - (units**2).sum())
