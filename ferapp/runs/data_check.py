"""What a data set has, looked at before a training begins."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class DataCheck:
    """`counts` by split and class; `sheets` some pictures (h, w) of each class, of `train` if any.

    `leaked` training pictures stand in another split, too, pixel for pixel; `conflicting` ones
    have copies with another label; `skipped` could not be read.
    """

    name: str
    classes: tuple[str, ...]
    counts: dict[str, dict[str, int]]
    samples: int
    without_landmarks: int
    with_votes: int
    leaked: int
    conflicting: int
    skipped: tuple[str, ...]
    sheets: dict[str, tuple[NDArray[np.uint8], ...]]

    @property
    def problem(self) -> str:
        """Why a training cannot begin with it; "" when it can."""
        for split in ("train", "val"):
            if not self.counts.get(split):
                return f"{self.name} has no split {split!r}: it cannot be trained on."
        return ""
