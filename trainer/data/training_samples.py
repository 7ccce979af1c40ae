"""Which samples a run learns from: without leaks, up to the limit, with the reviewed labels."""

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.config.sections import DataConfig
from trainer.data.face_data import FaceData
from trainer.data.label_review import apply_review

log = logging.getLogger(__name__)


def learned_samples(settings: DataConfig, data: FaceData) -> FaceData:
    """The training samples without leaks, up to the limit, labelled as in the data set."""
    unleaked = data.without_leaked() if settings.drop_leaked else data
    return limit_samples(unleaked.of_split("train"), settings.limit)


def reviewed_samples(settings: DataConfig, data: FaceData, review: Path) -> FaceData:
    """Those of `learned_samples` with the labels of `review`, if the settings name one.

    A review changes which of them have which label, never which ones are drawn: a run with and
    one without it can be compared. Raises DataError as `apply_review`.
    """
    learned = learned_samples(settings, data)
    return apply_review(learned, review) if settings.review else learned


def limit_samples(data: FaceData, limit: int) -> FaceData:
    """`limit` samples with the class shares of `data`, the same ones at every call; 0 is all.

    Every class that `data` has keeps one sample at least, even if there are more classes than
    `limit`; the log names the classes that would have had none by their share.
    """
    if not 0 < limit < len(data):
        return data
    counts = np.bincount(data.label[data.label >= 0], minlength=len(data.classes))
    taken = _shares_of_classes(counts, limit)
    rare = np.flatnonzero(np.rint(limit * counts / counts.sum()) < taken.clip(max=1))
    if len(rare):
        log.warning(
            "data.limit=%d: %s kept with one sample each; a proportional share would be none",
            limit,
            ", ".join(data.classes[label] for label in rare),
        )
    draw = np.random.default_rng(0)
    chosen = [
        draw.permutation(np.flatnonzero(data.label == label))[:count]
        for label, count in enumerate(taken)
    ]
    return data.select(np.sort(np.concatenate(chosen)))


def _shares_of_classes(counts: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """Samples of each class (K,) by the largest remainder, at least one where `counts` has any."""
    exact = limit * counts / counts.sum()
    taken: NDArray[np.int64] = np.maximum(np.floor(exact), counts > 0).astype(np.int64)
    while taken.sum() < limit:
        taken[np.argmax(exact - taken)] += 1
    while taken.sum() > limit and taken.max() > 1:
        taken[np.argmax(np.where(taken > 1, taken - exact, -np.inf))] -= 1
    return taken
