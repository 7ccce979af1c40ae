"""Measured figures for people: with their 95 % interval, and what they were measured on."""

import math

from ferapp.review.evaluation import Evaluation
from trainer.evaluation.intervals import Interval

NO_BREAK = "\u00a0"
_UNEVEN = 0.15  # of an interval's width: sides that differ by more are not told as "±"


def accuracy_text(share: float) -> str:
    """`64.8 %`; `–` for NaN."""
    return "–" if math.isnan(share) else f"{100 * share:.1f}{NO_BREAK}%"


def ece_text(score: float) -> str:
    """`0.041`; `–` for NaN."""
    return "–" if math.isnan(score) else f"{score:.3f}"


def margin_text(value: float, interval: Interval | None, *, percent: bool = True) -> str:
    """`± 1.5`, in points or as a score; `(72.8 to 96.3)` where the sides differ; "" without one."""
    if interval is None or math.isnan(interval[0]) or math.isnan(value):
        return ""
    low, high = interval
    scale, digits = (100, 1) if percent else (1, 3)
    if abs((high - value) - (value - low)) > _UNEVEN * (high - low):
        return f"({scale * low:.{digits}f} to {scale * high:.{digits}f})".replace(" ", NO_BREAK)
    return f"±{NO_BREAK}{scale * (high - low) / 2:.{digits}f}"


def interval_tip(interval: Interval | None, method: str, *, percent: bool = True) -> str:
    """`95 % interval: 63.2 to 66.3 % (Wilson).` and what that means; "" without one."""
    if interval is None or math.isnan(interval[0]):
        return ""
    low, high = interval
    ends = f"{100 * low:.1f} to {accuracy_text(high)}" if percent else f"{low:.3f} to {high:.3f}"
    return (
        f"95{NO_BREAK}% interval: {ends} ({method}).\n"
        "Other pictures of the same kind would give figures in about this range;\n"
        "another training of the same recipe may differ by more."
    )


def conditions_text(split: str, epoch: int | None, n: int, probabilities: str) -> str:
    """`val · epoch 16 · n = 3,589 · raw`: what figures were measured on; what is empty is left out.

    `probabilities` are "raw" or "calibrated …".
    """
    parts = (
        split,
        "" if epoch is None else epoch_text(epoch),
        f"n{NO_BREAK}={NO_BREAK}{n:,}" if n else "",
        probabilities,
    )
    return " · ".join(part.replace(" ", NO_BREAK) for part in parts if part)


def evaluation_conditions(evaluation: Evaluation) -> str:
    """As `conditions_text`, of the labelled samples of an evaluation."""
    splits = " + ".join(dict.fromkeys(evaluation.split[evaluation.labelled].tolist()))
    temperature = evaluation.temperature
    probabilities = "raw" if temperature == 1 else f"calibrated (T = {temperature:.2f})"
    options = f"{probabilities}, {evaluation.options}" if evaluation.options else probabilities
    count = int(evaluation.labelled.sum())
    return conditions_text(splits, evaluation.epoch, count, options)


def epoch_text(epoch: int) -> str:
    """`epoch 16`; the model that a training started from has no epoch yet."""
    return f"epoch{NO_BREAK}{epoch}" if epoch else f"start (epoch{NO_BREAK}0)"
