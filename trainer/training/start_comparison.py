"""Whether training made a model better than the one it started from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.intervals import McNemar, mcnemar
from trainer.training.run_dir import RunDir
from trainer.training.val_history import read_val_history


@dataclass(frozen=True, slots=True)
class StartComparison:
    """The best trained epoch beside the start (epoch 0), on the same `n` validation samples.

    `trained` and `start` are accuracies (0–1), raw or calibrated alike: temperature changes none.
    """

    epoch: int
    trained: float
    start: float
    n: int
    test: McNemar

    def sentence(self) -> str:
        """What to tell a person."""
        epochs = "epoch" if self.epoch == 1 else "epochs"
        result = "It did not beat its start"
        if self.trained > self.start:
            is_sure = self.test.is_evidence
            result = "It beat its start" if is_sure else "No evidence that it beat its start"
        pictures = "picture" if self.n == 1 else "pictures"
        verdict = self.test.verdict("the trained model", "the start")
        return (
            f"{result}: {self.trained:.1%} after {self.epoch} {epochs}, start {self.start:.1%}, "
            f"{self.n:,} validation {pictures}. {verdict[:1].upper()}{verdict[1:]}"
        ).replace("%", " %")


def compare_with_start(
    run: RunDir, best: dict[str, Any], best_right: NDArray[np.bool_] | None = None
) -> StartComparison | None:
    """Compare with epoch 0; None where its predictions were not kept.

    `best` are the metrics of the best validation, and `best_right` (N,) which samples it gets
    right, if known better than from the run's history. Where that is the start itself, the best
    of the trained epochs is compared.
    """
    history = read_val_history(run)
    start = history.right(0) if history is not None else None
    if history is None or start is None:
        return None
    epoch, trained = int(best["epoch"]), best_right
    if epoch == 0:
        right = (history.logits.argmax(axis=2) == history.label)[history.epochs > 0]
        if not len(right):
            return None
        first = int(right.mean(axis=1).argmax())
        epoch, trained = int(history.epochs[history.epochs > 0][first]), right[first]
    elif trained is None:
        trained = history.right(epoch)
    if trained is None or len(trained) != len(start):
        return None
    test = mcnemar(trained, start)
    return StartComparison(epoch, float(trained.mean()), float(start.mean()), len(start), test)
