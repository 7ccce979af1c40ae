"""The figure of a network's attention weights."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from trainer.evaluation.attention_weights import attention_agreement
from trainer.reports.figures import FAINT, INK, RULE, save_figure

STRIPS = 30  # samples shown of each class


def attention_strips(
    weights: NDArray[np.float32],
    labels: NDArray[np.int64],
    classes: Sequence[str],
    path: Path,
) -> None:
    """Draw weights (N, d) as strips, a block for each class; columns are the network's features.

    The colour is the weight minus its mean over all samples: what all samples share is white.
    """
    centred = weights.astype(np.float64) - weights.mean(axis=0, dtype=np.float64)
    agreement = attention_agreement(weights, labels, classes)
    present = [k for k in range(len(classes)) if (labels == k).any()]
    blocks = [centred[labels == k][:STRIPS] for k in present]
    limit = float(np.quantile(np.abs(centred), 0.98)) or 1.0
    figure = Figure(
        figsize=(8.2, 1.4 + 0.028 * sum(map(len, blocks)) + 0.12 * len(blocks)),
        layout="constrained",
    )
    figure.get_layout_engine().set(hspace=0.02, h_pad=0.03)  # type: ignore[union-attr,call-arg]
    grid = figure.subplots(
        len(blocks), 1, squeeze=False, height_ratios=[max(4, len(block)) for block in blocks]
    )
    for axes, block, label in zip(grid[:, 0], blocks, present, strict=True):
        image = axes.imshow(
            block, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest"
        )
        axes.set_yticks([])
        axes.set_xticks([])
        axes.spines[:].set_color(RULE)
        axes.set_ylabel(
            classes[label], rotation=0, ha="right", va="center", fontsize=9, color=INK, labelpad=6
        )
        cosine = agreement.per_class.get(classes[label])
        if cosine is not None:
            axes.text(
                1.01, 0.5, f"cos {cosine:+.2f}", transform=axes.transAxes, fontsize=8, color=FAINT,
                va="center",
            )  # fmt: skip
    grid[-1, 0].set_xlabel(f"{weights.shape[1]} features", fontsize=9, color=FAINT)
    figure.suptitle(
        "Attention weights minus their mean\n"
        f"mean cosine similarity within classes {agreement.within:+.3f}, "
        f"between classes {agreement.between:+.3f}",
        fontsize=10,
        color=INK,
    )
    bar = figure.colorbar(
        image, ax=grid[:, 0].tolist(), location="bottom", shrink=0.4, aspect=40, pad=0.03
    )
    bar.ax.tick_params(labelsize=7, length=2)
    bar.outline.set_visible(False)
    save_figure(figure, path)
