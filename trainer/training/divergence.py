"""Notices a run that has diverged: its loss exploded, or it predicts one class only.

It must not stop honest runs. A network may begin with one class for many epochs before it learns
(AlexNet with SGD on FER2013), a rare peak of the loss passes, and where nearly all samples are of
one class that class is a fair answer. So a loss counts over many steps, and one class counts only
where training does no better either: soon if the run had learned more before, late if not.
"""

import math
import statistics
from collections import deque

import numpy as np
from numpy.typing import NDArray

from trainer.config.sections import OptimConfig
from trainer.errors import Diverged
from trainer.evaluation.intervals import wilson

LOSS_STEPS = 50  # whose median counts
LOSS_FACTOR = 10  # times the cross-entropy of guessing, ln K
FORGOTTEN_EPOCHS = 3  # of one class in a row, after a better validation
UNLEARNED_EPOCHS = (5, 20)  # of one class from the start: half of all epochs, within these limits
UNLEARNED_STEPS = 200
MAJORITY = 0.6  # share of the largest class, from which one class is a fair answer
MARGIN = 0.05  # by which training accuracy must exceed that share, to be learning


class DivergenceWatch:
    """Raises Diverged, with the learning rate to try, from what a run reports.

    `majority` is the share of the largest class among the training samples.
    """

    def __init__(self, optim: OptimConfig, classes: tuple[str, ...], majority: float) -> None:
        self._optim, self._classes, self._majority = optim, classes, majority
        self._losses: deque[float] = deque(maxlen=LOSS_STEPS)
        self._best_low = 0.0  # lower limit of the best accuracy's interval
        self._one_class_epochs = 0

    def add_loss(self, step: int, cross_entropy: float) -> None:
        """Take the mean cross-entropy of step `step` (from 0)."""
        self._losses.append(cross_entropy)
        guessing = math.log(len(self._classes))
        if len(self._losses) < LOSS_STEPS or cross_entropy <= LOSS_FACTOR * guessing:
            return
        median = statistics.median(self._losses)
        if median > LOSS_FACTOR * guessing:
            raise diverged(
                f"the loss exploded: its median over {LOSS_STEPS} steps is {median:,.1f} in step "
                f"{step + 1}, guessing has {guessing:.2f}",
                self._optim,
            )

    def add_epoch(
        self, epoch: int, step: int, confusion: NDArray[np.int64], train_accuracy: float
    ) -> None:
        """Take the validation after `step` steps; its confusion is (K, K), rows the true class."""
        self.remember(confusion)
        is_learning = train_accuracy > self._majority + MARGIN
        predicted = np.flatnonzero(confusion.sum(axis=0))
        if len(predicted) > 1 or is_learning:
            self._one_class_epochs = 0
            return
        self._one_class_epochs += 1
        support = confusion.sum(axis=1)
        has_learned = self._best_low > support.max() / max(int(support.sum()), 1)
        shortest, longest = UNLEARNED_EPOCHS
        if has_learned:
            is_over = self._one_class_epochs >= FORGOTTEN_EPOCHS
        else:
            patience = min(max(shortest, self._optim.epochs // 2), longest)
            is_over = (
                self._one_class_epochs >= patience
                and step >= UNLEARNED_STEPS
                and self._majority < MAJORITY
            )
        if is_over:
            name = self._classes[predicted[0]]
            raise diverged(
                f"it predicts {name} for every validation picture, for {self._one_class_epochs} "
                f"epochs (epoch {epoch})",
                self._optim,
            )

    def remember(self, confusion: NDArray[np.int64]) -> None:
        """Take a validation from before, of a resumed run, or of the start."""
        low, _ = wilson(int(confusion.trace()), int(confusion.sum()))
        self._best_low = max(self._best_low, low)


def diverged(reason: str, optim: OptimConfig) -> Diverged:
    """The error, with a learning rate to try."""
    hint = f"Try optim.learning_rate={optim.learning_rate / 10:g}, a tenth."
    return Diverged(f"the run diverged: {reason}", hint)
