"""A confusion matrix in words: for screen readers, and for tips of its cells."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ferapp.overlays import label_text
from ferapp.ui.text import wording

NO_LABEL = "no label"  # the last row, of samples without one


def confusion_summary(classes: Sequence[str], counts: NDArray[np.int64]) -> str:
    """The classes' recall, and the most frequent mistake. `counts` (K, K) or (K + 1, K)."""
    if not counts.size:
        return "No samples"
    parts = []
    for k, name in enumerate(classes):
        total = int(counts[k].sum())
        if total:
            parts.append(f"{name} {counts[k, k] / total:.0%} correct")
    mistakes = counts[: len(classes)].copy()
    np.fill_diagonal(mistakes, 0)
    if mistakes.size and mistakes.max() > 0:
        i, j = divmod(int(mistakes.argmax()), len(classes))
        parts.append(
            f"most frequent mistake: {mistakes[i, j]} {classes[i]} predicted as {classes[j]}"
        )
    return ", ".join(parts)


def cells_tip(
    cells: Sequence[tuple[int, int]],
    classes: Sequence[str],
    rows: Sequence[str],
    counts: NDArray[np.int64],
) -> str:
    """Counts and shares of a cell (row, column); for several, the total of the row or column."""
    if not cells:
        return ""
    row, column = cells[0]
    true, predicted = rows[row], classes[column]
    row_total, column_total = int(counts[row].sum()), int(counts[:, column].sum())
    if len(cells) > 1 and cells[1][0] == row:
        return f"{label_text.class_title(true)}: {wording.count(row_total, 'sample')}"
    if len(cells) > 1:
        return f"Predicted as {predicted}: {wording.count(column_total, 'sample')}"
    count = int(counts[row, column])
    label = "without a label" if true == NO_LABEL else f"labelled {true}"
    lines = [f"{wording.count(count, 'sample')} {label}, predicted as {predicted}"]
    if row_total:
        lines.append(f"{count / row_total:.1%} of the {row_total:,} {label}")
    if column_total:
        lines.append(f"{count / column_total:.1%} of the {column_total:,} predicted as {predicted}")
    return "\n".join(lines)
