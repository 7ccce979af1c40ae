"""The review of an evaluation: decisions about labels, their journal, undo and CSV export."""

import csv
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trainer.data.label_review import NONE, Decision, read_decisions
from trainer.errors import DataError
from trainer.files import json_text, write_text
from trainer.training.event_log import ends_mid_line

REVIEW_FILE = "review.jsonl"


@dataclass(frozen=True, slots=True)
class ReviewStep:
    """What one decision, or its undo, changes: the decisions before and after, by sample id."""

    before: Mapping[str, Decision]
    after: Mapping[str, Decision]
    is_undo: bool = False


class Review:
    """Decisions by sample id. Each is written before it counts; undo is a decision too.

    A step about 30,000 samples takes a third of a second to plan and save, which another thread
    can do as long as no other step is applied meanwhile; applying it is quick.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.decisions, self.skipped = read_decisions(path)
        self._undo_stack: list[ReviewStep] = []

    def decision(self, sample_id: str) -> Decision:
        return self.decisions.get(sample_id, NONE)

    def decide(self, sample_id: str, decision: Decision) -> None:
        """Raises DataError when it cannot be written."""
        self.decide_all({sample_id: decision})

    def decide_all(self, decisions: Mapping[str, Decision]) -> None:
        """Decide about many samples at once, which one undo takes back. Raises as `decide`."""
        step = self.plan(decisions)
        self.save(step)
        self.apply(step)

    def undo(self) -> tuple[str, ...]:
        """Undo the last decision of this session; returns its samples, none if there is none."""
        step = self.plan_undo()
        if step is None:
            return ()
        self.save(step)
        self.apply(step)
        return tuple(step.after)

    def plan(self, decisions: Mapping[str, Decision]) -> ReviewStep:
        """The step to these decisions, of which those that change nothing are left out."""
        after = {s: decision for s, decision in decisions.items() if decision != self.decision(s)}
        return ReviewStep({sample_id: self.decision(sample_id) for sample_id in after}, after)

    @property
    def undo_size(self) -> int:
        """The number of samples that the next undo is about."""
        return len(self._undo_stack[-1].after) if self._undo_stack else 0

    def plan_undo(self) -> ReviewStep | None:
        """The step back from the last decision of this session; None if there is none."""
        if not self._undo_stack:
            return None
        last = self._undo_stack[-1]
        return ReviewStep(last.after, last.before, is_undo=True)

    def save(self, step: ReviewStep) -> None:
        """Append a step to the file. Raises DataError when it cannot be written."""
        if not step.after:
            return
        now = round(time.time(), 3)
        lines = [
            json_text({"time": now, **decision.as_dict(sample_id)}) + "\n"
            for sample_id, decision in step.after.items()
        ]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            torn = ends_mid_line(self.path)
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write("\n" * torn + "".join(lines))
        except OSError as error:
            raise DataError(
                f"The decision could not be saved in {self.path} ({error.strerror})"
            ) from error

    def apply(self, step: ReviewStep) -> None:
        """Let a step that is saved count."""
        for sample_id, decision in step.after.items():
            if decision == NONE:
                self.decisions.pop(sample_id, None)
            else:
                self.decisions[sample_id] = decision
        if step.is_undo:
            self._undo_stack.pop()
        elif step.after:
            self._undo_stack.append(step)

    def export(self, path: Path, labels: dict[str, str]) -> int:
        """Write a CSV of all decisions; `labels` are the data set's. Returns the number of rows.

        Raises DataError when it cannot be written.
        """
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["sample_id", "label", "new_label", "flag", "kept"])
        for sample_id, decision in sorted(self.decisions.items()):
            marks = ["yes" if mark else "" for mark in (decision.flag, decision.kept)]
            table.writerow([sample_id, labels.get(sample_id, ""), decision.label, *marks])
        try:
            write_text(path, text.getvalue())
        except OSError as error:
            raise DataError(f"{path} could not be written ({error.strerror})") from error
        return len(self.decisions)
