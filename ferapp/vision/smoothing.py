"""Probabilities smoothed over time."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.hidden_areas import NOTHING_HIDDEN, Hidden
from ferapp.vision.tracking import MEMORY_S


class Smoothing:
    """First-order low-pass of the probabilities of each face, for one model."""

    def __init__(self) -> None:
        self._model: tuple[Path, str] | None = None
        # id of a face, and whether something is hidden → smoothed probabilities, time, what is
        self._memory: dict[tuple[int, bool], tuple[NDArray[np.float32], float, Hidden]] = {}

    def use_model(self, model: Path, prior: str) -> None:
        """Start over if this is another model, or another prior: a paused picture shows it too."""
        if (model, prior) != self._model:
            self._memory.clear()
            self._model = model, prior

    def smooth(
        self,
        face_id: int,
        probabilities: NDArray[np.float32],
        time_s: float,
        constant_s: float,
        hidden: Hidden = NOTHING_HIDDEN,
    ) -> NDArray[np.float32]:
        """The displayed probabilities; a `constant_s` of 0 returns them unchanged.

        A face with `hidden` areas is smoothed separately, and anew when they change: hiding takes
        effect at once and does not affect the probabilities of the whole face.
        """
        self._memory = {
            key: entry for key, entry in self._memory.items() if time_s - entry[1] <= MEMORY_S
        }
        start = probabilities, time_s, hidden
        last, last_s, last_hidden = self._memory.get((face_id, bool(hidden)), start)
        if last_hidden != hidden:
            last, last_s, _ = start
        smoothed = probabilities
        if constant_s > 0 and last.shape == probabilities.shape:
            share = -math.expm1(-(time_s - last_s) / constant_s)
            smoothed = (last + share * (probabilities - last)).astype(np.float32)
        self._memory[face_id, bool(hidden)] = smoothed, time_s, hidden
        return smoothed
