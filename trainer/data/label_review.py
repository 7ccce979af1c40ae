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
    """One sample's new label ("" keeps the data set's), and whether it is flagged."""

    label: str = ""
    flag: bool = False

    def as_dict(self, sample: str) -> dict[str, Any]:
        return {"sample_id": sample, "label": self.label, "flag": self.flag}


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
            sample, flag = str(value["sample_id"]), bool(value["flag"])
            decisions[sample] = Decision(str(value["label"]), flag)
        except (ValueError, KeyError, TypeError, RecursionError):
            skipped += 1
    changed = {sample: choice for sample, choice in decisions.items() if choice != NONE}
    return changed, skipped


def apply_review(data: FaceData, path: Path) -> FaceData:
    """`data` with the labels of the review, and without the samples that it flags.

    A person's label also replaces the annotators' votes. Raises DataError when the
    review is missing, names an unknown class, or decides about none of these samples.
    """
    if not path.is_file():
        raise DataError(f"{path}: there is no such review", "data.review names a review.jsonl.")
    decisions, skipped = read_decisions(path)
    if skipped:
        log.warning("%s: %d lines cannot be read and are skipped", path, skipped)
    rows = {sample: row for row, sample in enumerate(data.sample_id.tolist())}
    by_row = {rows[sample]: choice for sample, choice in decisions.items() if sample in rows}
    if not by_row:
        raise DataError(
            f"{path}: none of its {len(decisions)} decisions is about a training sample "
            f"of {data.name}",
            "Review the training split: `fertrain evaluate --split train`, then open it in ferapp.",
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
