"""The review of an evaluation: decisions about labels, their journal, undo and CSV export."""

import csv
import io
import time
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
        self._undo_stack: list[tuple[str, Decision]] = []

    def decision(self, sample_id: str) -> Decision:
        return self.decisions.get(sample_id, NONE)

    def decide(self, sample_id: str, decision: Decision) -> None:
        """Raises DataError when it cannot be written."""
        before = self.decision(sample_id)
        if before != decision:
            self._write(sample_id, decision)
            self._undo_stack.append((sample_id, before))

    def undo(self) -> str | None:
        """Undo the last decision of this session; returns its sample, None if there is none."""
        if not self._undo_stack:
            return None
        sample_id, before = self._undo_stack[-1]
        self._write(sample_id, before)
        self._undo_stack.pop()
        return sample_id

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

    def _write(self, sample_id: str, decision: Decision) -> None:
        line = {"time": round(time.time(), 3), **decision.as_dict(sample_id)}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            torn = ends_mid_line(self.path)
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write("\n" * torn + json_text(line) + "\n")
        except OSError as error:
            raise DataError(
                f"The decision could not be saved in {self.path} ({error.strerror})"
            ) from error
        if decision == NONE:
            self.decisions.pop(sample_id, None)
        else:
            self.decisions[sample_id] = decision
