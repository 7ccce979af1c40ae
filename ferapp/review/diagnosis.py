"""What the label doctor found in an opened evaluation, and how far its review has come."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ferapp.review.opening import OpenedEvaluation
from ferapp.review.selection import Decisions
from ferapp.runs.task_queue import ReportProgress
from ferapp.sources.heavy_imports import load_torch
from trainer.data.label_review import NONE, Decision
from trainer.errors import DataError

if TYPE_CHECKING:
    from trainer.evaluation.label_errors.label_report import LabelReport, Suspect

_STAGES = {
    "features": "Computing the features of the faces",
    "near duplicates": "Looking for near duplicates",
    "folds": "Predicting each fold by the others",
    "neighbours": "Looking for the most similar faces",
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The report, and where its S suspects, most suspect first, are in the evaluation.

    `rows` are theirs, `neighbours` those of the faces that look most like each.
    """

    report: "LabelReport"
    rows: tuple[int, ...]
    neighbours: tuple[tuple[int, ...], ...]

    @property
    def suspects(self) -> "tuple[Suspect, ...]":
        return self.report.suspects


def find_label_errors(
    opened: OpenedEvaluation, features: str, report: ReportProgress = lambda _: None
) -> Diagnosis:
    """The labels of the shown split that are probably wrong; of several splits, of `train`.

    `features` is a bundled model's name or a model file. Slow: run it in a task queue. Raises
    DataError or UsageError with the reason.
    """
    if opened.data is None:
        raise DataError("The pictures are missing, so there are no features to compare.")
    load_torch()
    from trainer.evaluation.label_errors.find_suspects import find_suspects

    def progress(stage: str, done: int, total: int) -> None:
        count = f" ({done:,} of {total:,})" if total > 1 else ""
        report(f"{_STAGES.get(stage, stage)}{count}…")

    found = find_suspects(
        opened.data, split=opened.split or "train", features=features, report=progress
    )
    row_of = opened.evaluation.row_of
    return Diagnosis(
        found,
        tuple(row_of[suspect.sample_id] for suspect in found.suspects),
        tuple(tuple(row_of[each] for each in suspect.neighbours) for suspect in found.suspects),
    )


@dataclass(frozen=True, slots=True)
class ReviewCounts:
    """Of the suspects: `accepted` got the suggested label, `relabelled` another one."""

    suspects: int = 0
    accepted: int = 0
    relabelled: int = 0
    kept: int = 0
    dropped: int = 0

    @property
    def reviewed(self) -> int:
        return self.accepted + self.relabelled + self.kept + self.dropped

    @property
    def left(self) -> int:
        return self.suspects - self.reviewed


def count_reviewed(suspects: "Iterable[Suspect]", decisions: Decisions) -> dict[str, ReviewCounts]:
    """How far the review has come, by label; "" is all labels together."""
    outcomes: Counter[tuple[str, str]] = Counter()
    for suspect in suspects:
        outcome = _outcome(suspect, decisions.get(suspect.sample_id, NONE))
        for label in ("", suspect.label):
            outcomes[label, "suspects"] += 1
            outcomes[label, outcome] += 1
    names = ("suspects", "accepted", "relabelled", "kept", "dropped")
    labels = {label for label, _ in outcomes} | {""}
    return {
        label: ReviewCounts(**{name: outcomes[label, name] for name in names}) for label in labels
    }


def _outcome(suspect: "Suspect", decision: Decision) -> str:
    if decision.flag:
        return "dropped"
    if decision.kept:
        return "kept"
    if decision.label:
        return "accepted" if decision.label == suspect.suggested else "relabelled"
    return "left"
