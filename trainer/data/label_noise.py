"""Wrong labels on purpose, to measure what they cost: symmetric noise.

The data set itself is never edited. A training run replaces labels of its training samples.
"""

import logging
import math
from dataclasses import replace

import numpy as np

from trainer.data.face_data import FaceData
from trainer.errors import UsageError

log = logging.getLogger(__name__)


def flipped_count(share: float, samples: int) -> int:
    """How many of `samples` labels are replaced: the share, rounded to a whole number."""
    return math.floor(share * samples + 0.5)


def flip_labels(data: FaceData, share: float, seed: int = 0) -> FaceData:
    """`data` with that share of its labels replaced by another of its classes.

    Which samples, and which of the other classes, is drawn evenly; the same seed draws the same.
    The annotators' votes of these samples are dropped, since they would tell the true label.
    Raises UsageError where there is no other class.
    """
    count = flipped_count(share, len(data))
    if count == 0:
        return data
    classes = len(data.classes)
    if classes < 2:
        raise UsageError(
            f"data.flipped_labels: {data.name} has one class only, so no label can be another",
            "Set data.flipped_labels=0.",
        )
    draw = np.random.default_rng(seed)
    rows = draw.permutation(len(data))[:count]
    label, votes = data.label.copy(), data.votes.copy()
    label[rows] = (label[rows] + draw.integers(1, classes, count)) % classes
    votes[rows] = np.nan
    log.warning(
        "data.flipped_labels=%g: %d of %d training labels are replaced by another class (seed %d)",
        share,
        count,
        len(data),
        seed,
    )
    return replace(data, label=label, votes=votes)
