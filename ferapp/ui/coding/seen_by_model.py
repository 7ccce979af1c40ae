"""What the model said of a clip so far, from the history of the plots. No Qt."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferapp.studies.coding.coded_interval import CodedInterval
from ferapp.studies.coding.model_coding import face_intervals, frame_edges
from ferapp.ui.timeline.session_history import SessionHistory


@dataclass(frozen=True, slots=True, eq=False)
class SeenByModel:
    """Copies of what `face_intervals` needs, so that another thread can use them."""

    edges: NDArray[np.float64]
    frames: NDArray[np.intp]
    probabilities: NDArray[np.float32]
    classes: Sequence[str]
    signals: NDArray[np.float32]

    def intervals(self) -> tuple[CodedInterval, ...]:
        return face_intervals(
            self.edges, self.frames, self.probabilities, self.classes, self.signals
        )


def seen_by_model(history: SessionHistory) -> SeenByModel | None:
    """Of the selected face, unsmoothed as in tables; None where nothing was analysed."""
    series, end = history.series(history.selected), history.span[1] + 1.0
    times = history.frames.rows(0.0, end).times
    if series is None or not len(times):
        return None
    rows = series.rows(0.0, end)
    known = np.isfinite(rows.raw).all(axis=1) if len(rows) else np.zeros(0, np.bool_)
    frames = np.clip(np.searchsorted(times, rows.times[known] + 1e-4) - 1, 0, None)
    probabilities = rows.raw[known].astype(np.float32)
    signals = rows.signals[known].astype(np.float32)
    return SeenByModel(frame_edges(times), frames, probabilities, history.classes, signals)
