"""Which samples of an evaluation are shown, and in which order."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ferapp.runs.evaluation import Evaluation, fixed_and_broken
from trainer.data.review import Decision

Cell = tuple[int, int]  # true class (K: without a label), predicted class
Only = Literal["all", "wrong", "right", "suspects", "fixed", "broken", "flagged", "relabelled"]
Rows = NDArray[np.int64]

ORDERS = ("loss", "confidence", "margin", "entropy", "disagreement", "data set")


@dataclass(frozen=True, slots=True)
class Selection:
    """What a person asked to see. No cells are all cells."""

    only: Only = "wrong"
    cells: frozenset[Cell] = frozenset()
    order: str = "loss"
    rising: bool = False  # the smallest first


@dataclass(frozen=True, slots=True)
class Compared:
    """Rows that the evaluation shown has right and another one wrong, and the other way round."""

    name: str  # of the other one
    fixed: Rows
    broken: Rows
    accuracy: float  # of the other one


def compare(found: Evaluation, other: Evaluation) -> Compared:
    """Raises DataError as `fixed_and_broken`."""
    broken, fixed = fixed_and_broken(found, other)  # by `other`, seen from `found`
    return Compared(other.name, fixed, broken, other.accuracy)


def select(
    found: Evaluation,
    wanted: Selection,
    compared: Compared | None = None,
    decisions: dict[str, Decision] | None = None,
) -> Rows:
    """Rows of `found` in the order of `wanted`; suspects are in their own order, likeliest first.

    Fixed and broken are those of `compared`. Samples without the value that they are sorted by
    come last.
    """
    rows = _only(found, wanted.only, compared, decisions or {})
    if wanted.cells:
        rows = rows[np.isin(_cell_numbers(found)[rows], [_number(found, c) for c in wanted.cells])]
    if wanted.only == "suspects":
        return rows
    if wanted.order == "data set":
        return rows[::-1] if wanted.rising else rows
    values = found.measures[wanted.order][rows]
    if not wanted.rising:
        values = -values
    return rows[np.argsort(values, kind="stable")]  # NaN last


def _only(
    found: Evaluation, only: Only, compared: Compared | None, decisions: dict[str, Decision]
) -> Rows:
    everything = np.arange(len(found))
    if only == "wrong":
        return everything[found.wrong]
    if only == "right":
        return everything[found.labelled & ~found.wrong]
    if only == "suspects":
        return found.suspects
    if only in ("fixed", "broken"):
        if compared is None:
            return everything[:0]
        return compared.fixed if only == "fixed" else compared.broken
    if only in ("flagged", "relabelled"):
        chosen = {
            sample
            for sample, each in decisions.items()
            if (each.flag if only == "flagged" else each.label)
        }
        return everything[np.isin(found.sample_id, list(chosen))]
    return everything


def _cell_numbers(found: Evaluation) -> Rows:
    count = len(found.classes)
    true = np.where(found.labelled, found.label, count)
    return np.asarray(true * count + found.predicted, np.int64)


def _number(found: Evaluation, cell: Cell) -> int:
    return cell[0] * len(found.classes) + cell[1]
