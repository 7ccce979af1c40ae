"""What a run had learned, and forgotten, at each of its epochs.

E validated epochs, N samples of the validation split, K classes. Everything follows from the raw
logits of the epochs. Forgetting is that of Toneva et al. (ICLR 2019): right at one look, wrong at
the next. They look at a training sample each time it is trained on; here each epoch looks at the
validation samples, which are never trained on.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ferapp.review.selection import ConfusionCell
from trainer.evaluation.metrics import ConfusionScores, Floats, Ints, confusion_matrix

Bools = NDArray[np.bool_]
LearningKind = Literal["all", "learned", "forgotten", "never", "always", "changed"]


@dataclass(frozen=True)
class LearningHistory:
    """`epochs` (E,) ascending, 0 is the start; `label` (N,); `logits` (E, N, K).

    An epoch is named by its position in `epochs`, `at`.
    """

    epochs: Ints
    label: Ints
    logits: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.epochs)

    @cached_property
    def predicted(self) -> Ints:
        """(E, N)."""
        return np.asarray(self.logits.argmax(axis=2), np.int64)

    @cached_property
    def right(self) -> Bools:
        """(E, N) whether the prediction is the label."""
        return np.asarray(self.predicted == self.label)

    @cached_property
    def first_learned(self) -> Ints:
        """(N,) the first epoch that has the sample right; −1 where none has."""
        first = self.epochs[self.right.argmax(axis=0)]
        return np.where(self.right.any(axis=0), first, -1)

    @cached_property
    def forgetting_events(self) -> Ints:
        """(N,) how often an epoch has the sample wrong that the epoch before has right."""
        return np.asarray((self.right[:-1] & ~self.right[1:]).sum(axis=0), np.int64)

    @cached_property
    def scores(self) -> tuple[ConfusionScores, ...]:
        """Of each epoch."""
        classes = self.logits.shape[2]
        return tuple(
            ConfusionScores(confusion_matrix(self.label, predicted, classes))
            for predicted in self.predicted
        )

    @cached_property
    def recall(self) -> Floats:
        """(E, K) the share of each class that is right; NaN for a class without samples."""
        return np.stack([scores.recall for scores in self.scores])

    @cached_property
    def _ever_right(self) -> Bools:
        """(E, N) up to and including each epoch."""
        return np.logical_or.accumulate(self.right, axis=0)

    @cached_property
    def _ever_wrong(self) -> Bools:
        return np.logical_or.accumulate(~self.right, axis=0)

    @cached_property
    def _least_settled_first(self) -> Ints:
        """(N,) the samples in an order that is the same at every epoch: those forgotten most often
        come first, then those whose prediction changed most often.
        """
        changes = (self.predicted[:-1] != self.predicted[1:]).sum(axis=0)
        return np.lexsort((-changes, -self.forgetting_events))

    def is_of_kind(self, kind: LearningKind, at: int) -> Bools:
        """(N,) by what is known at an epoch; every sample is of one of four kinds.

        learned: right now, wrong at an earlier epoch. forgotten: wrong now, right at an earlier
        one. never: wrong at every epoch so far. always: right at every one so far. Besides these,
        changed: the prediction is not that of the epoch before.
        """
        match kind:
            case "learned":
                return np.asarray(self.right[at] & self._ever_wrong[at])
            case "forgotten":
                return np.asarray(~self.right[at] & self._ever_right[at])
            case "never":
                return np.asarray(~self._ever_right[at])
            case "always":
                return np.asarray(~self._ever_wrong[at])
            case "changed":
                return np.asarray(self.predicted[at] != self.predicted[max(at - 1, 0)])
            case _:
                return np.ones(len(self.label), np.bool_)

    def select(self, kind: LearningKind, at: int, cells: frozenset[ConfusionCell]) -> Ints:
        """The samples of a kind, and of these cells of the epoch's confusion matrix if there are
        any; those that are forgotten most often in the whole run come first.
        """
        chosen = self.is_of_kind(kind, at)
        if cells:
            classes = self.logits.shape[2]
            numbers = [true * classes + predicted for true, predicted in cells]
            chosen = chosen & np.isin(self.label * classes + self.predicted[at], numbers)
        return self._least_settled_first[chosen[self._least_settled_first]]

    def default_faces(self, count: int) -> tuple[int, ...]:
        """Samples worth watching: of each class that which is forgotten most, then the most
        forgotten ones of all, in the order of their classes.
        """
        order = self._least_settled_first
        of_class = [order[self.label[order] == k][:1] for k in range(self.logits.shape[2])]
        firsts = np.concatenate(of_class)[:count]
        others = order[~np.isin(order, firsts)][: count - len(firsts)]
        chosen = np.concatenate([firsts, others])
        return tuple(chosen[np.argsort(self.label[chosen], kind="stable")].tolist())
