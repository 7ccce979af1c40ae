"""A person's decisions about samples: one line each in `review.jsonl`; the last one counts.

The data set itself is never edited. A training run applies a review to its training samples.
"""

import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trainer.data.face_data import FaceData
from trainer.errors import DataError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Decision:
    """One sample's new label ("" leaves the data set's), and whether it is flagged: dropped.

    `kept` says that a person looked and the label is right; training ignores it.
    """

    label: str = ""
    flag: bool = False
    kept: bool = False

    @property
    def changes_training(self) -> bool:
        return bool(self.label) or self.flag

    def as_dict(self, sample: str) -> dict[str, Any]:
        return {
            "sample_id": sample,
            "label": self.label,
            "flag": self.flag,
            "kept": self.kept,
        }


NONE = Decision()


def read_decisions(path: Path) -> tuple[dict[str, Decision], int]:
    """Decisions by sample id, and how many lines could not be read. A missing file has none.

    Raises DataError when the file cannot be read at all.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return {}, 0
    except OSError as error:
        raise DataError(f"{path}: the review cannot be read ({error.strerror})") from error
    decisions: dict[str, Decision] = {}
    skipped = 0
    for line in filter(str.strip, lines):
        try:
            value = json.loads(line)
            label, flag = str(value["label"]), bool(value["flag"])
            kept = bool(value.get("kept", False))  # older files do not have it
            decisions[str(value["sample_id"])] = Decision(label, flag, kept)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            skipped += 1
    changed = {sample: choice for sample, choice in decisions.items() if choice != NONE}
    return changed, skipped


def apply_review(data: FaceData, path: Path) -> FaceData:
    """`data` with the labels of the review, and without the samples that it flags.

    A person's label also replaces the annotators' votes. Raises DataError when the
    review is missing, names an unknown class, or changes none of these samples.
    """
    if not path.is_file():
        raise DataError(f"{path}: there is no such review", "data.review names a review.jsonl.")
    decisions, skipped = read_decisions(path)
    if skipped:
        log.warning("%s: %d lines cannot be read and are skipped", path, skipped)
    rows = {sample: row for row, sample in enumerate(data.sample_id.tolist())}
    by_row = {
        rows[sample]: choice
        for sample, choice in decisions.items()
        if sample in rows and choice.changes_training
    }
    if not by_row:
        raise DataError(
            f"{path}: none of its {len(decisions)} decisions changes a training sample "
            f"of {data.name}",
            "Review training samples: in ferapp's Inspect choose the split train, then relabel "
            "or drop some.",
        )
    label, votes = data.label.copy(), data.votes.copy()
    unflagged = np.ones(len(data), bool)
    for row, decision in by_row.items():
        unflagged[row] = not decision.flag
        if decision.label:
            if decision.label not in data.classes:
                raise DataError(
                    f"{path}: sample {data.sample_id[row]} has the label {decision.label!r}, "
                    f"{data.name} has {', '.join(data.classes)}"
                )
            label[row] = data.classes.index(decision.label)
            votes[row] = np.nan
    relabelled = sum(bool(choice.label) and not choice.flag for choice in by_row.values())
    log.info("%s: %d samples relabelled, %d left out", path, relabelled, int((~unflagged).sum()))
    return replace(data, label=label, votes=votes).select(unflagged)
