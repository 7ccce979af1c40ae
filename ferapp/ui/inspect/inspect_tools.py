"""What the Inspect page works with; it is injected, because it loads torch."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ferapp.review.evaluation import Evaluation
from ferapp.review.opened import Examined, Inspected


class Examine(Protocol):
    def __call__(
        self,
        model: Path,
        picture: NDArray[np.uint8],
        landmarks: NDArray[np.float32],
        label: int,
        predicted: int,
        method: str,
    ) -> Examined: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What works in the desk's thread."""

    open: Callable[[str, Callable[[str], None]], Inspected]
    examine: Examine
    classify: Callable[[Inspected, str, Callable[[str], None]], Evaluation]  # by a model's name
    models: tuple[str, ...]  # that `classify` can be asked for
    first: str  # what is opened when nothing was asked for
    runs: Path  # the folder of runs
