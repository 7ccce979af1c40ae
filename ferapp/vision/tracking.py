"""Which face is which from frame to frame."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from ferapp.vision.analysis_options import MAX_FACES
from ferapp.vision.types import Box

REACH = 0.6  # a face may be this share of its size away from where it was expected
SPREAD = 1.0  # and this much further for each second that it was out of sight
MEMORY_S = 1.2  # a face gone for longer is a new one
SPEED_S = 0.15  # time constant of the smoothed speed: boxes tremble
COAST_S = 0.5  # a face out of sight keeps its speed for about this time


@dataclass(slots=True)
class _Track:
    """Speed is in pixels a second, of the box's centre."""

    box: Box
    seen_s: float
    speed: tuple[float, float] = (0.0, 0.0)

    def expected(self, time_s: float) -> Box:
        """Where it should be: moving straight on, slowing down."""
        coasted = COAST_S * -math.expm1(-(time_s - self.seen_s) / COAST_S)
        x, y, width, height = self.box
        return x + coasted * self.speed[0], y + coasted * self.speed[1], width, height

    def follow(self, box: Box, time_s: float) -> None:
        step = time_s - self.seen_s
        if step > 0:
            share = -math.expm1(-step / SPEED_S)
            moved = (new - old for new, old in zip(_centre(box), _centre(self.box), strict=True))
            vx, vy = (
                old + share * (distance / step - old)
                for old, distance in zip(self.speed, moved, strict=True)
            )
            self.speed = vx, vy
        self.box, self.seen_s = box, time_s


class Tracks:
    """Assigns ids by where each face is expected, moving on as before, also when out of sight.

    The assignment with the lowest total cost wins: where faces cross, the nearest pair may be the
    wrong one. No two of up to MAX_FACES faces of a frame have the same `face_number`: a new face
    skips ids whose number is in use.
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
        self._next += -self._next % MAX_FACES

    def assign(self, boxes: list[Box], time_s: float) -> list[int]:
        """An id for each box of a frame, the same as long as the face is tracked."""
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
        assigned = _cheapest_assignment(costs)
        ids: list[int] = []
        for box, key in zip(boxes, assigned, strict=True):
            if key is None:
                key = self._new_id({key for key in (*assigned, *ids) if key is not None})
                self._tracks[key] = _Track(box, time_s)
            else:
                self._tracks[key].follow(box, time_s)
            ids.append(key)
        return ids

    def _new_id(self, visible: set[int]) -> int:
        """An id whose number no face has; if all are in use, the face unseen longest loses its own,
        or numbers repeat.

        `visible` are the ids in this frame.
        """
        if len(visible) < MAX_FACES:
            while len(self._tracks) >= MAX_FACES:
                unseen = [key for key in self._tracks if key not in visible]
                del self._tracks[min(unseen, key=lambda key: self._tracks[key].seen_s)]
            used = {face_number(key) for key in self._tracks}
            while face_number(self._next) in used:
                self._next += 1
        self._next += 1
        return self._next - 1


def face_number(face_id: int) -> int:
    """The number of a face in the window, 1 to MAX_FACES; it also determines the colour."""
    return face_id % MAX_FACES + 1


def _cheapest_assignment(costs: list[dict[int, float]]) -> list[int | None]:
    """One of its keys (from 0) for each entry, none twice, at the lowest total cost; None costs
    the most.

    The Hungarian method by shortest augmenting paths (Jonker and Volgenant 1987) over the few keys
    that each entry has; an entry's own negative key stands for None.
    """
    # more than all faces together: two expensive matches beat one cheap match and none
    no_match = 1 + sum(max(options.values(), default=0.0) for options in costs)
    choices = [{**options, -1 - row: no_match} for row, options in enumerate(costs)]
    row_price, key_price = [0.0] * len(costs), dict.fromkeys(chain(*choices), 0.0)
    holder: dict[int, int] = {}  # key → its entry so far
    held: dict[int, int] = {}  # and the reverse
    for start in range(len(costs)):
        shortest: dict[int, float] = {}
        via: dict[int, int] = {}
        final: dict[int, float] = {}
        row, reached, key = start, 0.0, 0
        while True:
            for option, cost in choices[row].items():
                length = reached + cost - row_price[row] - key_price[option]
                if option not in final and length < shortest.get(option, math.inf):
                    shortest[option], via[option] = length, row
            reached, key = min((d, option) for option, d in shortest.items() if option not in final)
            final[key] = reached
            if key not in holder:
                break
            row = holder[key]
        row_price[start] += reached
        for option, length in final.items():
            if option in holder:
                row_price[holder[option]] += reached - length
                key_price[option] -= reached - length
        row = -1
        while row != start:  # along the path, each entry passes its key on
            row = via[key]
            holder[key] = row
            held[row], key = key, held.get(row, key)
    return [held[row] if held[row] >= 0 else None for row in range(len(costs))]


def _centre(box: Box) -> tuple[float, float]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def box_distance(a: Box, b: Box) -> float:
    """Distance of the centres as a share of the larger box's mean side, and of their sizes.

    A face of half the size counts as a third of a face away.
    """
    one, other = max((a[2] + a[3]) / 2, 1e-6), max((b[2] + b[3]) / 2, 1e-6)
    return math.dist(_centre(a), _centre(b)) / max(one, other) + abs(math.log2(one / other)) / 3
