"""The review of an evaluation: decisions about labels, their journal, undo and CSV export."""

import csv
import io
import time
from collections.abc import Mapping
from pathlib import Path

from trainer.data.label_review import NONE, Decision, read_decisions
from trainer.errors import DataError
from trainer.files import json_text, write_text
from trainer.training.event_log import ends_mid_line

REVIEW_FILE = "review.jsonl"


class Review:
    """Decisions by sample id. Each is written before it counts; undo is a decision too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.decisions, self.skipped = read_decisions(path)
        self._undo_stack: list[dict[str, Decision]] = []  # what was decided before

    def decision(self, sample_id: str) -> Decision:
        return self.decisions.get(sample_id, NONE)

    def decide(self, sample_id: str, decision: Decision) -> None:
        """Raises DataError when it cannot be written."""
        self.decide_all({sample_id: decision})

    def decide_all(self, decisions: Mapping[str, Decision]) -> None:
        """Decide about many samples at once, which one undo takes back. Raises as `decide`."""
        changed = {s: decision for s, decision in decisions.items() if decision != self.decision(s)}
        if changed:
            before = {sample_id: self.decision(sample_id) for sample_id in changed}
            self._write(changed)
            self._undo_stack.append(before)

    def undo(self) -> tuple[str, ...]:
        """Undo the last decision of this session; returns its samples, none if there is none."""
        if not self._undo_stack:
            return ()
        before = self._undo_stack[-1]
        self._write(before)
        self._undo_stack.pop()
        return tuple(before)

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

    def _write(self, decisions: Mapping[str, Decision]) -> None:
        now = round(time.time(), 3)
        lines = [
            json_text({"time": now, **decision.as_dict(sample_id)}) + "\n"
            for sample_id, decision in decisions.items()
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
        for sample_id, decision in decisions.items():
            if decision == NONE:
                self.decisions.pop(sample_id, None)
            else:
                self.decisions[sample_id] = decision
