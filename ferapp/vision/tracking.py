"""Which face is which from frame to frame, and its smoothed probabilities."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.analysis_options import MOST_FACES
from ferapp.vision.face_parts import Part

Box = tuple[float, float, float, float]
REACH = 0.6  # a face may be this share of its size away from where it was expected
SPREAD = 1.0  # and so much more for each second that it was not seen
MEMORY_S = 1.2  # a face gone for longer is a new one
STEADY_S = 0.15  # time constant of the speed: boxes tremble
COAST_S = 0.5  # a face out of sight goes on at its speed for about this time


@dataclass(slots=True)
class _Track:
    """Speed is in pixels a second, of the box's centre."""

    box: Box
    seen_s: float
    speed: tuple[float, float] = (0.0, 0.0)

    def expected(self, time_s: float) -> Box:
        """Where it should be: straight on, slowing down."""
        gone = COAST_S * -math.expm1(-(time_s - self.seen_s) / COAST_S)
        x, y, width, height = self.box
        return x + gone * self.speed[0], y + gone * self.speed[1], width, height

    def follow(self, box: Box, time_s: float) -> None:
        step = time_s - self.seen_s
        if step > 0:
            share = -math.expm1(-step / STEADY_S)
            moved = (new - old for new, old in zip(_centre(box), _centre(self.box), strict=True))
            vx, vy = (
                old + share * (distance / step - old)
                for old, distance in zip(self.speed, moved, strict=True)
            )
            self.speed = vx, vy
        self.box, self.seen_s = box, time_s


class Tracks:
    """Ids by where each face is expected: it goes on as it went, also out of sight for a while.

    The assignment costs least in all, not pair by pair: where faces cross, the nearest pair may be
    the wrong one. No two faces of a picture have the same `number`: a new face passes over ids that
    would give one that is taken.
    """

    def __init__(self) -> None:
        self._tracks: dict[int, _Track] = {}
        self._next = 0

    def recall(self, faces: Iterable[tuple[int, Box, float]]) -> None:
        """Faces that have an id already: id, box and time, in their order."""
        for key, box, time_s in faces:
            track = self._tracks.setdefault(key, _Track(box, time_s))
            track.follow(box, time_s)
            self._next = max(self._next, key + 1)

    def begin_segment(self) -> None:
        """All faces are new from here on, with unused ids, and numbers from 1 on."""
        self._tracks.clear()
        self._next += -self._next % MOST_FACES

    def assign(self, boxes: list[Box], time_s: float) -> list[int]:
        """An id for each box of a frame, the same as long as the face goes on."""
        self._tracks = {
            key: track for key, track in self._tracks.items() if time_s - track.seen_s <= MEMORY_S
        }
        costs = [
            {
                key: cost
                for key, track in self._tracks.items()
                if (cost := box_distance(box, track.expected(time_s)))
                < REACH + SPREAD * (time_s - track.seen_s)
            }
            for box in boxes
        ]
        chosen = _cheapest(costs)
        ids: list[int] = []
        for box, key in zip(boxes, chosen, strict=True):
            if key is None:
                key = self._new_id({key for key in (*chosen, *ids) if key is not None})
                self._tracks[key] = _Track(box, time_s)
            else:
                self._tracks[key].follow(box, time_s)
            ids.append(key)
        return ids

    def _new_id(self, seen: set[int]) -> int:
        """Of a number that no face has; where all are taken, that of a face long out of sight.

        `seen` are the ids in this picture.
        """
        if len(self._tracks) >= MOST_FACES:
            gone = [key for key in self._tracks if key not in seen]
            del self._tracks[min(gone, key=lambda key: self._tracks[key].seen_s)]
        taken = {number(key) for key in self._tracks}
        while number(self._next) in taken:
            self._next += 1
        self._next += 1
        return self._next - 1


def number(face_id: int) -> int:
    """What a person calls a face, 1 to MOST_FACES; its colour goes by it, too."""
    return face_id % MOST_FACES + 1


def _cheapest(costs: list[dict[int, float]]) -> list[int | None]:
    """The best choice of one of its keys for each entry, none twice; None costs more than any.

    Exact: for each set of keys in use only the cheapest way there goes on. Eight faces are few.
    """
    # more than all faces together: two expensive matches beat one cheap match and none
    nothing = 1 + sum(max(each.values(), default=0.0) for each in costs)
    ways: dict[frozenset[int], tuple[float, list[int | None]]] = {frozenset(): (0.0, [])}
    for each in costs:
        longer: dict[frozenset[int], tuple[float, list[int | None]]] = {}
        for used, (total, chosen) in ways.items():
            choices: list[tuple[int | None, float]] = [(None, nothing), *each.items()]
            for key, cost in choices:
                if key in used:
                    continue
                now = used if key is None else used | {key}
                if now not in longer or total + cost < longer[now][0]:
                    longer[now] = total + cost, [*chosen, key]
        ways = longer
    return min(ways.values(), key=lambda way: way[0])[1]


class Smoothing:
    """First-order low-pass of the probabilities of each face, for one model."""

    def __init__(self) -> None:
        self._model: Path | None = None
        # face and its hidden parts → probabilities of the face so seen, and when
        self._memory: dict[tuple[int, frozenset[Part]], tuple[NDArray[np.float32], float]] = {}

    def mind_model(self, model: Path) -> None:
        """Those of another model begin anew."""
        if model != self._model:
            self._memory.clear()
            self._model = model

    def smooth(
        self,
        face_id: int,
        probabilities: NDArray[np.float32],
        time_s: float,
        constant_s: float,
        hidden: frozenset[Part] = frozenset(),
    ) -> NDArray[np.float32]:
        """The displayed probabilities; `constant_s` 0 returns them as is.

        A face with `hidden` parts is smoothed for itself: hiding shows at once and leaves nothing
        behind in the whole face's probabilities.
        """
        self._memory = {
            key: kept for key, kept in self._memory.items() if time_s - kept[1] <= MEMORY_S
        }
        old, then = self._memory.get((face_id, hidden), (probabilities, time_s))
        new = probabilities
        if constant_s > 0 and old.shape == probabilities.shape:
            share = -math.expm1(-(time_s - then) / constant_s)
            new = (old + share * (probabilities - old)).astype(np.float32)
        self._memory[face_id, hidden] = new, time_s
        return new


def _centre(box: Box) -> tuple[float, float]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def box_distance(a: Box, b: Box) -> float:
    """Distance of the centres as a share of the larger box's mean side, and of their sizes.

    A face of half the size counts as a third of a face away.
    """
    one, other = max((a[2] + a[3]) / 2, 1e-6), max((b[2] + b[3]) / 2, 1e-6)
    return math.dist(_centre(a), _centre(b)) / max(one, other) + abs(math.log2(one / other)) / 3
