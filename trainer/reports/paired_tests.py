"""Whether runs differ by more than chance: McNemar's exact test on the samples they share."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from trainer.evaluation.intervals import McNemar, mcnemar
from trainer.reports.best_predictions import best_predictions

if TYPE_CHECKING:
    from trainer.reports.comparison import ComparisonRow

SPLITS = ("val", "test")


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Two runs by name, with the epochs of their best models, on `n` samples of a split."""

    first: str
    second: str
    epochs: tuple[int, int]
    split: str
    n: int
    test: McNemar

    def sentence(self) -> str:
        first, second = (
            f"{name} (epoch {epoch})"
            for name, epoch in zip((self.first, self.second), self.epochs, strict=True)
        )
        return f"{self.split}, n {self.n:,}: {self.test.verdict(first, second)}"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "sentence": self.sentence()}


def paired_tests(rows: "Sequence[ComparisonRow]") -> list[PairedTest]:
    """The run of the highest accuracy against each other one that has the same samples.

    Rows of several seeds are left out: their spread says more than a test of one of them.
    """
    single = [row for row in rows if len(row.records) == 1 and "accuracy" in row.metrics]
    single.sort(key=lambda row: -row.metrics["accuracy"].mean)
    tests = []
    for split in SPLITS:
        known = [
            (row, found)
            for row in single
            if (found := best_predictions(row.records[0], split)) is not None
        ]
        while known:
            (first, theirs), *others = known
            known = []
            for row, found in others:
                if not found.has_samples_of(theirs):
                    known.append((row, found))  # tested among themselves
                    continue
                epochs = (_epoch(first), _epoch(row))
                test = mcnemar(theirs.right, found.right)
                tests.append(
                    PairedTest(first.name, row.name, epochs, split, len(found.label), test)
                )
    return tests


def _epoch(row: "ComparisonRow") -> int:
    return int(row.records[0].best["epoch"])
