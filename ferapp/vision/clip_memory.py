"""What a network for clips remembers of each face."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.hidden_areas import Hidden
from ferapp.vision.tracking import MEMORY_S

STEP_S = 0.2  # clips of some seconds, of which networks learn 16 frames

Key = tuple[int, Hidden]  # a face's id, and what is hidden of it


class ClipMemory:
    """The memory (m,) of each face in one segment, for one model.

    It moves on every `STEP_S`, as in training, whatever the rate of the frames; the frames in
    between are read from the same memory.
    """

    def __init__(self) -> None:
        self._model: Path | None = None
        self._kept: dict[Key, tuple[NDArray[np.float32], float, float]] = {}  # moved on, last seen

    def use_model(self, model: Path) -> None:
        """Start over if this is another model."""
        if model != self._model:
            self._kept.clear()
            self._model = model

    def before(self, keys: Sequence[Key], size: int) -> NDArray[np.float32]:
        """(F, size) of the faces before the next frame; 0 of a new face."""
        empty = np.zeros(size, np.float32)
        return np.array([self._kept[key][0] if key in self._kept else empty for key in keys])

    def remember(self, keys: Sequence[Key], after: NDArray[np.float32], time_s: float) -> None:
        """Keep the memory (F, size) after a frame, where a step is due."""
        for key, memory in zip(keys, after, strict=True):
            kept = self._kept.get(key)
            if kept is None or time_s - kept[1] >= STEP_S - 1e-3:
                kept = memory, time_s, time_s
            self._kept[key] = kept[0], kept[1], time_s
        faces, current = {face_id for face_id, _ in keys}, set(keys)
        self._kept = {
            key: kept
            for key, kept in self._kept.items()
            if key in current or (key[0] not in faces and time_s - kept[2] <= MEMORY_S)
        }
