"""The review of an evaluation: decisions, their journal `review.jsonl`, undo, and a CSV of them."""

import csv
import io
import time
from pathlib import Path

from trainer.data.label_review import NONE, Decision, read_decisions
from trainer.errors import DataError
from trainer.files import json_text, write_text
from trainer.training.event_log import ends_mid_line

FILE = "review.jsonl"


class Review:
    """Decisions by sample id. Each is on the disk before it counts; undo is a decision, too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.decisions, self.skipped = read_decisions(path)
        self._undo: list[tuple[str, Decision]] = []

    def decision(self, sample: str) -> Decision:
        return self.decisions.get(sample, NONE)

    def decide(self, sample: str, decision: Decision) -> None:
        """Raises DataError when it cannot be written."""
        before = self.decision(sample)
        if before != decision:
            self._write(sample, decision)
            self._undo.append((sample, before))

    def undo(self) -> str | None:
        """Take the last decision of this session back; the sample, None when there is none."""
        if not self._undo:
            return None
        sample, before = self._undo[-1]
        self._write(sample, before)
        self._undo.pop()
        return sample

    def export(self, path: Path, labels: dict[str, str]) -> int:
        """Write a CSV of all decided samples; `labels` are the data set's. Returns the rows."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["sample_id", "label", "new_label", "flag"])
        for sample, decision in sorted(self.decisions.items()):
            table.writerow(
                [sample, labels.get(sample, ""), decision.label, "yes" if decision.flag else ""]
            )
        try:
            write_text(path, text.getvalue())
        except OSError as error:
            raise DataError(f"{path}: it cannot be written ({error.strerror})") from error
        return len(self.decisions)

    def _write(self, sample: str, decision: Decision) -> None:
        line = {"time": round(time.time(), 3), **decision.as_dict(sample)}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            torn = ends_mid_line(self.path)
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write("\n" * torn + json_text(line) + "\n")
        except OSError as error:
            raise DataError(
                f"{self.path}: the decision cannot be saved ({error.strerror})"
            ) from error
        if decision == NONE:
            self.decisions.pop(sample, None)
        else:
            self.decisions[sample] = decision
