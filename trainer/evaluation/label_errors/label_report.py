"""The report of the labels of a split that are probably wrong."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.metrics import Floats, Ints


@dataclass(frozen=True, slots=True)
class Suspect:
    """A label that is probably wrong, and the class `suggested` for it.

    `p_label` and `p_suggested` are the probabilities of the two; `score` is their difference,
    above 0 and up to 1. `source_index` is the row in the source file, from 0. `neighbours` are the
    ids of the samples that look most alike to the model, nearest first.
    """

    sample_id: str
    source_index: int
    split: str
    label: str
    suggested: str
    p_label: float
    p_suggested: float
    score: float
    neighbours: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class LabelReport:
    """What was found among the N labelled samples of a split, K classes.

    `suspects` come most suspect first, and `rows` (S,) are theirs. `label` (N,) are indices of
    `classes`; `votes` (N, K) shares of annotators, NaN without any. `probabilities` (N, K) are out
    of fold: no sample's own label counts in them. `features` (N, d) float16 are those of
    `features_of`, a model's name. `neighbours` (N, n) are the rows of the most similar samples,
    nearest first. `joint` (K, K) is the estimated share of samples that are labelled i (row) and
    truly of class j. `unlike_copies` counts samples with a near duplicate under another label.
    """

    data: str
    split: str
    classes: tuple[str, ...]
    folds: int
    features_of: str
    suspects: tuple[Suspect, ...]
    rows: Ints
    sample_id: NDArray[np.str_] = field(repr=False)
    source_index: Ints = field(repr=False)
    label: Ints = field(repr=False)
    votes: NDArray[np.float32] = field(repr=False)
    probabilities: Floats = field(repr=False)
    features: NDArray[np.float16] = field(repr=False)
    neighbours: Ints = field(repr=False)
    joint: Floats = field(repr=False)
    unlike_copies: int = 0

    def __len__(self) -> int:
        return len(self.label)

    def __repr__(self) -> str:
        return (
            f"<LabelReport of {self.data}, {self.split}: about {self.estimated_error_rate:.1%} of "
            f"{len(self)} labels are wrong, {len(self.suspects)} suspects>"
        )

    @property
    def estimated_error_rate(self) -> float:
        """The share of wrong labels: what of the joint is off its diagonal."""
        return float(1 - self.joint.trace())

    @property
    def class_error_rates(self) -> Floats:
        """(K,) the share of wrong labels among the samples of each label; NaN without samples."""
        given = self.joint.sum(axis=1)
        right = np.divide(
            self.joint.diagonal(), given, out=np.full(len(given), np.nan), where=given > 0
        )
        return np.asarray(1 - right, np.float64)

    def votes_of(self, row: int) -> dict[str, float]:
        """The annotators' shares of a sample by class, most first; empty without votes."""
        shares = np.nan_to_num(self.votes[row])
        order = np.argsort(-shares, kind="stable")
        return {self.classes[k]: round(float(shares[k]), 4) for k in order if shares[k] > 0}
