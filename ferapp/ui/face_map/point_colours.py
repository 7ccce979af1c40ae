"""What the colour of a face on the map means: its class, or a value on a scale."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from ferapp.overlays import label_text
from ferapp.overlays.colour_maps import colour_tables
from ferapp.review.evaluation import Evaluation
from ferapp.review.selection import EvaluationComparison
from ferapp.ui.face_map.point_image import Colours, packed
from ferapp.ui.widgets import theme

ColourBy = Literal["label", "predicted", "loss", "suspicion", "change"]

COLOUR_TEXTS: dict[ColourBy, tuple[str, str]] = {  # name, tip
    "label": ("Label", "The class in the data set."),
    "predicted": ("Prediction", "The class that the model predicts."),
    "loss": ("Loss", "−log of the label's probability: how wrong the model is."),
    "suspicion": (
        "Suspicion",
        "How likely the label is wrong, by confident learning: the probability of the prediction\n"
        "minus that of the label. Faces that are no suspects are grey.",
    ),
    "change": (
        "Change",
        "Faces that the two models answer differently. The tail has the colour of the other\n"
        "model's answer, the head that of the shown model's. Other faces are grey.",
    ),
}
_TABLE = "magma"
# of the table: its ends are too close to one of the two backgrounds
_ON_DARK, _ON_LIGHT = (0.3, 1.0), (0.8, 0.05)
_TOP_PERCENTILE = 99  # the highest colour, so that a few extreme values do not darken the rest


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """A class in the legend, and how many faces have its colour."""

    name: str
    colour: str
    count: int


@dataclass(frozen=True, slots=True)
class PointColours:
    """`colours` (N,), and which points are `quiet` (N,): grey, and below the others.

    `tails` (N,) are the colours of the other model's answers. The legend shows `classes`, or the
    values from 0 to `top` on the scale.
    """

    colours: Colours
    quiet: NDArray[np.bool_]
    classes: tuple[ClassEntry, ...] = ()
    top: float | None = None
    tails: Colours | None = None


def colour_points(
    evaluation: Evaluation, comparison: EvaluationComparison | None, by: ColourBy
) -> PointColours:
    """In the colours of the theme in use. Without a comparison, nothing has changed."""
    if by == "label":
        return _by_class(evaluation, evaluation.label, ~evaluation.labelled)
    if by == "predicted":
        return _by_class(evaluation, evaluation.predicted, np.zeros(len(evaluation), bool))
    if by == "change":
        return _by_change(evaluation, comparison)
    values = evaluation.measures["loss"] if by == "loss" else evaluation.suspicion
    return _by_value(values)


def scale_colours(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    """RGB (M, 3) of shares 0–1 of the scale."""
    low, high = _ON_DARK if theme.current().name == "dark" else _ON_LIGHT
    table = colour_tables()[_TABLE]
    place = (low + np.clip(shares, 0, 1) * (high - low)) * (len(table) - 1)
    return np.asarray(table[np.rint(place).astype(np.intp)], np.uint8)


def changed_rows(
    evaluation: Evaluation, comparison: EvaluationComparison | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows that the two models answer differently, and the other model's answers."""
    if comparison is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    rows = np.array(list(comparison.other_rows), np.int64)
    answers = comparison.other.predicted[np.array(list(comparison.other_rows.values()), np.int64)]
    differs = answers != evaluation.predicted[rows]
    return rows[differs], answers[differs]


def _class_colours(evaluation: Evaluation) -> list[str]:
    return [theme.current().expression(name, k) for k, name in enumerate(evaluation.classes)]


def _by_class(
    evaluation: Evaluation, classes: NDArray[np.int64], quiet: NDArray[np.bool_]
) -> PointColours:
    names = _class_colours(evaluation)
    counts = np.bincount(classes[~quiet & ~evaluation.faceless], minlength=len(names))
    entries = tuple(
        ClassEntry(label_text.class_title(name), colour, int(count))
        for name, colour, count in zip(evaluation.classes, names, counts, strict=True)
    )
    colours = _words(names)[classes]
    colours[quiet] = _quiet_colour()
    return PointColours(colours, quiet, entries)


def _by_value(values: NDArray[np.float64]) -> PointColours:
    quiet = ~np.isfinite(values)
    top = float(np.percentile(values[~quiet], _TOP_PERCENTILE)) if not quiet.all() else 0.0
    shares = np.where(quiet, 0.0, values) / max(top, 1e-9)
    colours = packed(scale_colours(shares))
    colours[quiet] = _quiet_colour()
    return PointColours(colours, quiet, top=top)


def _by_change(evaluation: Evaluation, comparison: EvaluationComparison | None) -> PointColours:
    rows, answers = changed_rows(evaluation, comparison)
    words = _words(_class_colours(evaluation))
    quiet = np.ones(len(evaluation), bool)
    quiet[rows] = False
    after = _by_class(evaluation, evaluation.predicted, quiet)
    tails = np.zeros(len(evaluation), np.uint32)
    tails[rows] = words[answers]
    return PointColours(after.colours, quiet, after.classes, tails=tails)


def _words(colours: list[str]) -> Colours:
    return np.array([QColor(colour).rgb() for colour in colours], np.uint32)


def _quiet_colour() -> int:
    return QColor(theme.current().line).rgb()
