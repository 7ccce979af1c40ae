"""What a person decided about samples: `review.jsonl`, a line a decision, in the run's directory.

The data set is never edited. The last decision about a sample counts; undo is a decision, too.
"""

import csv
import io
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.errors import DataError
from trainer.files import write_text

FILE = "review.jsonl"


@dataclass(frozen=True, slots=True)
class Decision:
    """About one sample: another label ("" keeps the data set's), and whether it is flagged."""

    label: str = ""
    flag: bool = False


NONE = Decision()


class Review:
    """Decisions by sample id, and their journal. Lines that cannot be read are skipped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.decisions: dict[str, Decision] = {}
        self.skipped = 0
        self._undo: list[tuple[str, Decision]] = []
        for line in self._lines():
            try:
                value = json.loads(line)
                found = Decision(str(value["label"]), bool(value["flag"]))
                self._set(str(value["sample_id"]), found)
            except (ValueError, KeyError, TypeError):
                self.skipped += 1

    def decision(self, sample: str) -> Decision:
        return self.decisions.get(sample, NONE)

    def decide(self, sample: str, decision: Decision) -> None:
        """Note it, on disk first. Raises DataError when it cannot be written."""
        before = self.decision(sample)
        if before == decision:
            return
        self._write(sample, decision)
        self._undo.append((sample, before))
        self._set(sample, decision)

    def undo(self) -> str | None:
        """Take the last decision of this session back; the sample, None when there is none."""
        if not self._undo:
            return None
        sample, before = self._undo.pop()
        self._write(sample, before)
        self._set(sample, before)
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
        write_text(path, text.getvalue())
        return len(self.decisions)

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise DataError(f"{self.path}: the review cannot be read ({error})") from error

    def _set(self, sample: str, decision: Decision) -> None:
        if decision == NONE:
            self.decisions.pop(sample, None)
        else:
            self.decisions[sample] = decision

    def _write(self, sample: str, decision: Decision) -> None:
        line: dict[str, Any] = {
            "time": round(time.time(), 3),
            "sample_id": sample,
            "label": decision.label,
            "flag": decision.flag,
        }
        try:
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise DataError(f"{self.path}: the decision cannot be saved ({error})") from error
