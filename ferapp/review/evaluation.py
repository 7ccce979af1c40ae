"""A finished evaluation: a model's predictions on a split, and what follows from them.

Arrays are in the order of the predictions file; N samples, K classes.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.data.array_files import check_arrays, read_arrays
from trainer.errors import DataError
from trainer.evaluation.intervals import Interval, bootstrap_intervals
from trainer.evaluation.label_errors.confident_learning import RankedSuspects, rank_suspects
from trainer.evaluation.metrics import (
    Calibration,
    ConfusionScores,
    Floats,
    calibration,
    confusion_matrix,
    softmax,
)
from trainer.evaluation.threshold_curves import ThresholdCurve, class_curves
from trainer.labels import EXPRESSIONS

PREDICTIONS_FILE = "predictions.npz"
REQUIRED_FIELDS = {  # numpy's kinds of data type, and the number of dimensions
    "sample_id": ("U", 1),
    "source_index": ("iu", 1),
    "split": ("U", 1),
    "label": ("iu", 1),
    "logits": ("f", 2),
    "landmarks": ("f", 3),
}


@dataclass(frozen=True)
class Evaluation:
    """`logits` (N, K), `label` (N,) indices, `landmarks` (N, 68, 2) in pixels or NaN.

    A sample without a label has the label −1; it is neither right nor wrong. `votes` (N, K) are
    shares of annotators, NaN without votes. `temperature` is the model's, and 1 unless it was
    calibrated; `epoch` is its epoch, None where it is not known; `options` say how it predicted,
    where that is not as usual: "flip views, balanced prior". With `needs_face`, as
    for one's own pictures, a sample without landmarks shows no face and is left out everywhere;
    the samples of a data set are faces even without landmarks. `feature` (N, d) is what the model's
    last layer sees of each sample; old files have none.
    """

    name: str
    classes: tuple[str, ...]
    sample_id: NDArray[np.str_]
    source_index: NDArray[np.int64]
    split: NDArray[np.str_]
    label: NDArray[np.int64]
    logits: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    votes: NDArray[np.float32]
    temperature: float = 1.0
    needs_face: bool = False
    epoch: int | None = None
    options: str = ""
    feature: NDArray[np.float16] | None = None

    def __len__(self) -> int:
        return len(self.label)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each sample id."""
        return {sample: row for row, sample in enumerate(self.sample_id.tolist())}

    @cached_property
    def faceless(self) -> NDArray[np.bool_]:
        """(N,) samples in which face detection found no face."""
        return np.asarray(self.needs_face & np.isnan(self.landmarks[:, 0, 0]))

    @cached_property
    def probabilities(self) -> Floats:
        """(N, K) softmax(logits / temperature)."""
        return softmax(self.logits, self.temperature)

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        return np.asarray(self.logits.argmax(axis=1), np.int64)

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        return np.asarray(self.labelled & (self.predicted != self.label))

    @cached_property
    def labelled(self) -> NDArray[np.bool_]:
        return np.asarray(self.label >= 0)

    @cached_property
    def scores(self) -> ConfusionScores:
        """Of the labelled samples."""
        return self.scores_of(np.arange(len(self)))

    def scores_of(self, rows: NDArray[np.int64]) -> ConfusionScores:
        """Of the labelled samples among `rows`."""
        rows = rows[self.labelled[rows]]
        return ConfusionScores(
            confusion_matrix(self.label[rows], self.predicted[rows], len(self.classes))
        )

    @cached_property
    def confusion_with_unlabelled(self) -> NDArray[np.int64]:
        """The confusion matrix; if any sample has no label, with a last row for those.

        Samples without a face are left out of that row.
        """
        if self.labelled.all():
            return self.scores.confusion
        unlabelled = self.predicted[~self.labelled & ~self.faceless]
        counts = np.bincount(unlabelled, minlength=len(self.classes))
        return np.vstack([self.scores.confusion, counts])

    @cached_property
    def calibration(self) -> Calibration:
        """Of the labelled samples."""
        return calibration(self.probabilities[self.labelled], self.label[self.labelled])

    @cached_property
    def raw_calibration(self) -> Calibration:
        """Of the labelled samples, before the temperature."""
        rows = self.labelled
        return calibration(softmax(self.logits[rows]), self.label[rows])

    @cached_property
    def threshold_curves(self) -> tuple[ThresholdCurve, ...]:
        """(K,) each class against all others, of the labelled samples."""
        return class_curves(self.probabilities[self.labelled], self.label[self.labelled])

    @cached_property
    def intervals(self) -> dict[str, Interval]:
        """95 % intervals of accuracy, mean_class_accuracy, macro_f1 and ece. Slow: a bootstrap."""
        rows = self.labelled
        return bootstrap_intervals(self.logits[rows], self.label[rows], self.temperature)

    @cached_property
    def measures(self) -> dict[str, Floats]:
        """The values (N,) that samples can be sorted by; high values deserve attention first.

        loss: −log p of the label. confidence: the largest p. margin: p of the prediction − p of
        the label. entropy: in nats. disagreement: share of annotators who chose another class than
        the label. NaN where a sample has no face, label or votes but the measure needs them.
        """
        p = np.where(self.faceless[:, None], np.nan, self.probabilities)
        rows = np.arange(len(self))
        p_label = np.where(self.labelled, p[rows, self.label], np.nan)
        logs = np.log(np.maximum(p, 1e-12))
        return {
            "loss": -np.log(np.maximum(p_label, 1e-12)),
            "confidence": p.max(axis=1),
            "margin": p.max(axis=1) - p_label,
            "entropy": -(p * logs).sum(axis=1),
            "disagreement": 1 - np.where(self.labelled, self.votes[rows, self.label], np.nan),
        }

    @cached_property
    def suspects(self) -> NDArray[np.int64]:
        """Rows whose label is probably wrong, the most suspect first, by confident learning."""
        return self._ranked.rows

    @cached_property
    def suspicion(self) -> Floats:
        """(N,) the score of each suspect, see `RankedSuspects`; NaN of the other samples."""
        values = np.full(len(self), np.nan)
        values[self._ranked.rows] = self._ranked.score
        return values

    @cached_property
    def _ranked(self) -> RankedSuspects:
        return rank_suspects(self.probabilities, self.label)


def common_rows(
    before: Evaluation, after: Evaluation
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of the samples that both evaluations have, by id: in `before`, and in `after`.

    Raises DataError if they share no sample, or if one has different labels.
    """
    pairs = [
        (row, after.row_of[name])
        for row, name in enumerate(before.sample_id.tolist())
        if name in after.row_of
    ]
    if not pairs:
        raise DataError(f"{before.name} and {after.name} have no sample in common")
    in_before, in_after = (np.array(rows, np.int64) for rows in zip(*pairs, strict=True))
    differs = before.label[in_before] != after.label[in_after]
    if differs.any():
        name = before.sample_id[in_before[differs.argmax()]]
        raise DataError(f"{before.name} and {after.name} have different labels for sample {name}")
    return in_before, in_after


def read_evaluation(
    file: Path,
    name: str,
    classes: tuple[str, ...] = EXPRESSIONS,
    epoch: int | None = None,
    options: str = "",
) -> Evaluation:
    """Read a predictions.npz. Raises DataError with the reason, and the sample that is at fault."""
    try:
        stored = read_arrays(file)
        check_arrays(stored, REQUIRED_FIELDS)
        values = {field: stored[field] for field in REQUIRED_FIELDS}
        votes = stored.get("votes", np.full(values["logits"].shape, np.nan, np.float32))
        temperature = float(stored.get("temperature", 1.0))
        if values["landmarks"].shape[1:] != (68, 2) or not 0 < temperature < 1000:
            raise ValueError(f"landmarks {values['landmarks'].shape}, temperature {temperature}")
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{file}: not a predictions file ({error})") from error
    _check_predictions(file, values, classes)
    feature = stored.get("feature")
    if feature is not None and (
        feature.dtype.kind != "f" or feature.ndim != 2 or len(feature) != len(votes)
    ):
        raise DataError(f"{file}: feature {feature.dtype} {feature.shape} do not fit")
    if votes.shape != values["logits"].shape or votes.dtype.kind != "f":
        raise DataError(f"{file}: votes {votes.dtype} {votes.shape} do not fit")
    return Evaluation(
        name,
        classes,
        **values,
        votes=votes,
        temperature=temperature,
        needs_face=False,
        epoch=epoch,
        options=options,
        feature=None if feature is None else feature.astype(np.float16),
    )


def _check_predictions(
    file: Path, values: dict[str, NDArray[np.generic]], classes: tuple[str, ...]
) -> None:
    logits, label = values["logits"], np.asarray(values["label"])
    if logits.shape[1] != len(classes):
        raise DataError(f"{file}: logits {logits.shape} do not fit {len(classes)} classes")
    for invalid, problem in (
        ((label < -1) | (label >= len(classes)), "has a label that is not a class"),
        (
            ~np.isfinite(np.asarray(logits, np.float64)).all(axis=1),
            "has logits that are not finite",
        ),
    ):
        if invalid.any():
            raise DataError(f"{file}: sample {values['sample_id'][invalid.argmax()]} {problem}")
