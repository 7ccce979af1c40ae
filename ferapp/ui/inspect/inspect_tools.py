"""What the Inspect page calls in its task queue. It is injected, because it loads torch."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ferapp.review.evaluation import Evaluation
from ferapp.review.opening import OpenedEvaluation
from ferapp.review.sample_explainer import SampleExplanation
from ferapp.runs.task_queue import ReportProgress


class ExplainSample(Protocol):
    def __call__(
        self,
        model: Path,
        picture: NDArray[np.uint8],
        landmarks: NDArray[np.float32],
        label: int,
        predicted: int,
        method: str,
    ) -> SampleExplanation: ...


@dataclass(frozen=True, slots=True)
class InspectTools:
    """`models` are names that `classify` accepts, `first` is opened when nothing else is."""

    open: Callable[[str, ReportProgress], OpenedEvaluation]
    explain: ExplainSample
    open_split: Callable[[OpenedEvaluation, str, ReportProgress], OpenedEvaluation]
    classify: Callable[[OpenedEvaluation, str, ReportProgress], Evaluation]
    models: tuple[str, ...]
    first: str
    runs: Path  # the folder of runs
