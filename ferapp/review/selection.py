"""Which samples of an evaluation are shown, and in which order."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ferapp.review.evaluation import Evaluation, common_rows
from trainer.data.label_review import Decision

Cell = tuple[int, int]  # true class (K: without a label), predicted class
Only = Literal[
    "all", "wrong", "right", "suspects", "fixed", "broken", "flagged", "relabelled", "faceless"
]
Decisions = dict[str, Decision]
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
    """An evaluation that is shown beside another one of the same samples.

    `fixed` are rows of the one shown that it has right and the other wrong, `broken` the other way
    round. Both accuracies are of the samples in common. `places` has the other's row of each row.
    """

    other: Evaluation
    fixed: Rows
    broken: Rows
    accuracy: float  # of the one shown
    other_accuracy: float
    places: dict[int, int]

    @property
    def name(self) -> str:
        return self.other.name

    def answer(self, row: int) -> tuple[str, float] | None:
        """What the other predicts of a row, and its probability; None of one it does not have."""
        place = self.places.get(row)
        if place is None or self.other.faceless[place]:
            return None
        predicted = int(self.other.predicted[place])
        return self.other.classes[predicted], float(self.other.probabilities[place, predicted])


def compare(found: Evaluation, other: Evaluation) -> Compared:
    """Raises DataError as `common_rows`."""
    mine, theirs = common_rows(found, other)
    wrong, others = found.wrong[mine], other.wrong[theirs]
    return Compared(
        other=other,
        fixed=mine[others & ~wrong],
        broken=mine[wrong & ~others],
        accuracy=found.scores_of(mine).accuracy,
        other_accuracy=other.scores_of(theirs).accuracy,
        places=dict(zip(mine.tolist(), theirs.tolist(), strict=True)),
    )


def counts(found: Evaluation, compared: Compared | None, decisions: Decisions) -> dict[Only, int]:
    """How many samples there are of each kind, whatever cells are chosen."""
    wrong, labelled = int(found.wrong.sum()), int(found.labelled.sum())
    return {
        "all": len(found),
        "wrong": wrong,
        "right": labelled - wrong,
        "suspects": len(found.suspects),
        "fixed": len(compared.fixed) if compared else 0,
        "broken": len(compared.broken) if compared else 0,
        "faceless": int(found.faceless.sum()),
        "relabelled": sum(bool(each.label) for each in decisions.values()),
        "flagged": sum(each.flag for each in decisions.values()),
    }


def select(
    found: Evaluation,
    wanted: Selection,
    compared: Compared | None = None,
    decisions: Decisions | None = None,
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


def _only(found: Evaluation, only: Only, compared: Compared | None, decisions: Decisions) -> Rows:
    everything = np.arange(len(found))
    if only == "wrong":
        return everything[found.wrong]
    if only == "right":
        return everything[found.labelled & ~found.wrong]
    if only == "suspects":
        return found.suspects
    if only == "faceless":
        return everything[found.faceless]
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
    return np.asarray(np.where(found.faceless, -1, true * count + found.predicted), np.int64)


def _number(found: Evaluation, cell: Cell) -> int:
    return cell[0] * len(found.classes) + cell[1]
