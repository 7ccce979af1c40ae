"""Which face is which from frame to frame, and its smoothed probabilities."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.parts import Part

Box = tuple[float, float, float, float]
REACH = 0.6  # a face may move this share of its size between two frames
MEMORY_S = 1.0  # a face gone for longer is a new one


@dataclass(slots=True)
class _Track:
    box: Box
    seen_s: float
    # hidden parts → probabilities of the face so seen, and when
    smoothed: dict[frozenset[Part], tuple[NDArray[np.float32], float]] = field(default_factory=dict)


class Tracks:
    """Ids by the nearest previous box; exponential smoothing with a time constant."""

    def __init__(self) -> None:
        self._tracks: dict[int, _Track] = {}
        self._next = 0

    def assign(self, boxes: list[Box], time_s: float) -> list[int]:
        """An id for each box of a frame, the same as long as the face stays near."""
        self._tracks = {
            key: track
            for key, track in self._tracks.items()
            if 0 <= time_s - track.seen_s <= MEMORY_S
        }
        pairs = sorted(
            (distance, index, key)
            for index, box in enumerate(boxes)
            for key, track in self._tracks.items()
            if (distance := _distance(box, track.box)) < REACH
        )
        ids: dict[int, int] = {}
        for _, index, key in pairs:
            if index not in ids and key not in ids.values():
                ids[index] = key
        for index, box in enumerate(boxes):
            if index not in ids:
                ids[index] = self._next
                self._tracks[self._next] = _Track(box, time_s)
                self._next += 1
            track = self._tracks[ids[index]]
            track.box, track.seen_s = box, time_s
        return [ids[index] for index in range(len(boxes))]

    def smooth(
        self,
        face_id: int,
        probabilities: NDArray[np.float32],
        time_s: float,
        constant_s: float,
        hidden: frozenset[Part] = frozenset(),
    ) -> NDArray[np.float32]:
        """First-order low-pass of a face's probabilities; `constant_s` 0 returns them as is.

        A face with `hidden` parts is smoothed for itself: hiding shows at once and leaves nothing
        behind in the whole face's probabilities.
        """
        memory = self._tracks[face_id].smoothed
        old, then = memory.get(hidden, (probabilities, time_s))
        new = probabilities
        if constant_s > 0 and old.shape == probabilities.shape:
            share = 1 - math.exp(-max(0.0, time_s - then) / constant_s)
            new = (old + share * (probabilities - old)).astype(np.float32)
        memory[hidden] = new, time_s
        return new


def _distance(a: Box, b: Box) -> float:
    """Distance of the centres as a share of the larger box's mean side."""
    across = math.hypot(a[0] + a[2] / 2 - b[0] - b[2] / 2, a[1] + a[3] / 2 - b[1] - b[3] / 2)
    return across / max((a[2] + a[3]) / 2, (b[2] + b[3]) / 2, 1e-6)
