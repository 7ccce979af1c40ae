"""Which samples of an evaluation are shown, and in which order."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ferapp.review.evaluation import Evaluation, common_rows
from trainer.data.label_review import Decision
from trainer.evaluation.intervals import McNemar, mcnemar
from trainer.reports.run_list.run_names import unique_names

ConfusionCell = tuple[int, int]  # true class (K: without a label), predicted class
SampleKind = Literal[
    "all",
    "wrong",
    "right",
    "suspects",
    "fixed",
    "broken",
    "flagged",
    "relabelled",
    "kept",
    "faceless",
    "chosen",
]
Decisions = dict[str, Decision]  # by sample id
Rows = NDArray[np.int64]  # of an evaluation
Tags = Mapping[str, AbstractSet[str]]  # sample ids by tag

_DECIDED: dict[SampleKind, Callable[[Decision], bool]] = {
    "flagged": lambda decision: decision.flag,
    "relabelled": lambda decision: bool(decision.label),
    "kept": lambda decision: decision.kept,
}
SORT_KEYS = ("loss", "confidence", "margin", "entropy", "disagreement", "data set")


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user wants to see. No cells means all cells; `chosen` rows are of that kind.

    `text` is a part of the sample's id, which is a path for pictures in a folder, in either case;
    `tag` is one that it has. "" leaves either out.
    """

    kind: SampleKind = "wrong"
    cells: frozenset[ConfusionCell] = frozenset()
    sort_key: str = "loss"
    ascending: bool = False
    chosen: tuple[int, ...] = ()
    text: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class EvaluationComparison:
    """The evaluation that is shown, compared with another one of the same samples.

    `fixed` are rows that it has right and the other wrong, `broken` the reverse; `test` says
    whether that is a difference, and has the shown one first. Both accuracies are of the `n` common
    samples with a label. `other_rows` maps its rows to the other's, `other_model` is the other's
    file, where it still exists.
    """

    shown_name: str
    other: Evaluation
    fixed: Rows
    broken: Rows
    accuracy: float
    other_accuracy: float
    n: int
    test: McNemar
    other_rows: dict[int, int]
    other_model: Path | None = None

    @property
    def name(self) -> str:
        """Of the other evaluation."""
        return self.other.name

    @property
    def short_names(self) -> tuple[str, str]:
        """Of the shown one and of the other, without what does not tell them apart."""
        if self.shown_name == self.name:
            return self.shown_name, f"the other {self.name}"
        pair = [self.shown_name, self.name]
        (first, _, split), (second, _, other_split) = (name.rpartition(" · ") for name in pair)
        if first and second and split == other_split:
            pair = [first, second]
        names = unique_names(pair)
        return names[pair[0]], names[pair[1]]

    def other_prediction(self, row: int) -> tuple[str, float] | None:
        """The other's class for a row and its probability; None where it has no prediction."""
        other_row = self.other_rows.get(row)
        if other_row is None or self.other.faceless[other_row]:
            return None
        predicted = int(self.other.predicted[other_row])
        probability = float(self.other.probabilities[other_row, predicted])
        return self.other.classes[predicted], probability


def compare_evaluations(
    shown: Evaluation, other: Evaluation, shown_name: str = "", other_model: Path | None = None
) -> EvaluationComparison:
    """`shown_name` replaces the name of `shown`. Raises DataError as `common_rows`."""
    rows, other_rows = common_rows(shown, other)
    wrong, other_wrong = shown.wrong[rows], other.wrong[other_rows]
    labelled = shown.labelled[rows]
    return EvaluationComparison(
        shown_name=shown_name or shown.name,
        other=other,
        fixed=rows[other_wrong & ~wrong],
        broken=rows[wrong & ~other_wrong],
        accuracy=shown.scores_of(rows).accuracy,
        other_accuracy=other.scores_of(other_rows).accuracy,
        n=int(labelled.sum()),
        test=mcnemar(labelled & ~wrong, labelled & ~other_wrong),
        other_rows=dict(zip(rows.tolist(), other_rows.tolist(), strict=True)),
        other_model=other_model,
    )


def count_kinds(
    shown: Evaluation, comparison: EvaluationComparison | None, decisions: Decisions
) -> dict[SampleKind, int]:
    """The number of samples of each kind, in all cells."""
    wrong, labelled = int(shown.wrong.sum()), int(shown.labelled.sum())
    decided: dict[SampleKind, int] = {
        kind: sum(_DECIDED[kind](d) and s in shown.row_of for s, d in decisions.items())
        for kind in _DECIDED
    }
    return {
        "all": len(shown),
        "wrong": wrong,
        "right": labelled - wrong,
        "suspects": len(shown.suspects),
        "fixed": len(comparison.fixed) if comparison else 0,
        "broken": len(comparison.broken) if comparison else 0,
        "faceless": int(shown.faceless.sum()),
        **decided,
    }


def select_rows(
    shown: Evaluation,
    selection: Selection,
    comparison: EvaluationComparison | None = None,
    decisions: Decisions | None = None,
    tags: Tags | None = None,
) -> Rows:
    """The selected rows, sorted; samples without the value they are sorted by come last.

    Suspects keep their own order, most suspect first. The kinds `fixed` and `broken` come from
    `comparison`.
    """
    rows = _rows_of_kind(shown, selection, comparison, decisions or {})
    if selection.cells:
        numbers = [_cell_number(shown, cell) for cell in selection.cells]
        rows = rows[np.isin(_cell_numbers(shown)[rows], numbers)]
    if selection.tag:
        rows = rows[np.isin(rows, _rows_of_ids(shown, (tags or {}).get(selection.tag, ())))]
    if selection.text:
        text, ids = selection.text.lower(), shown.sample_id[rows].tolist()
        rows = rows[[text in sample.lower() for sample in ids]]
    if selection.kind == "suspects":
        return rows
    if selection.sort_key == "data set":
        return rows[::-1] if selection.ascending else rows
    values = shown.measures[selection.sort_key][rows]
    if not selection.ascending:
        values = -values
    return rows[np.argsort(values, kind="stable")]  # NaN last


def _rows_of_kind(
    shown: Evaluation,
    selection: Selection,
    comparison: EvaluationComparison | None,
    decisions: Decisions,
) -> Rows:
    everything = np.arange(len(shown))
    match selection.kind:
        case "chosen":
            return np.array(selection.chosen, np.int64)
        case "wrong":
            return everything[shown.wrong]
        case "right":
            return everything[shown.labelled & ~shown.wrong]
        case "suspects":
            return shown.suspects
        case "faceless":
            return everything[shown.faceless]
        case "fixed":
            return comparison.fixed if comparison else everything[:0]
        case "broken":
            return comparison.broken if comparison else everything[:0]
        case "flagged" | "relabelled" | "kept":
            return _decided_rows(shown, selection.kind, decisions)
        case _:
            return everything


def _decided_rows(shown: Evaluation, kind: SampleKind, decisions: Decisions) -> Rows:
    """Of the samples that have such a decision; a review may be about other splits, too."""
    return _rows_of_ids(shown, (s for s, decision in decisions.items() if _DECIDED[kind](decision)))


def _rows_of_ids(shown: Evaluation, ids: Iterable[str]) -> Rows:
    """Sorted, of the ids that it has."""
    return np.array(sorted(shown.row_of[each] for each in ids if each in shown.row_of), np.int64)


def _cell_numbers(shown: Evaluation) -> Rows:
    """(N,) the cell of each sample as one number, −1 without a face."""
    count = len(shown.classes)
    true = np.where(shown.labelled, shown.label, count)
    return np.asarray(np.where(shown.faceless, -1, true * count + shown.predicted), np.int64)


def _cell_number(shown: Evaluation, cell: ConfusionCell) -> int:
    return cell[0] * len(shown.classes) + cell[1]
