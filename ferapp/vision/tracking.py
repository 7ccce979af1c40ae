"""Which face is which from frame to frame, and who of those that left has come back.

Limits of likeness are from the demo clip and 371 other people: within a second the same face was
never less than 0.55 like itself, and 1 of 10,000 others more than 0.5 like a given face. A wrong
merge is worse than a split: where in doubt, a face is new.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import chain

from ferapp.vision.analysis_options import MAX_FACES
from ferapp.vision.reidentification import Album, Look
from ferapp.vision.types import Box

REACH = 0.6  # a face may be this share of its size away from where it was expected
SPREAD = 1.0  # and this much further for each second that it was out of sight
MEMORY_S = 1.2  # a face gone for longer is known by its look alone
SPEED_S = 0.15  # time constant of the smoothed speed: boxes tremble
COAST_S = 0.5  # a face out of sight keeps its speed for about this time

LOOK_EVERY_S = 0.5  # a look costs 0.1 ms
NEW_LOOK_EVERY_S = 0.25  # of a face that has just come into view
HIDDEN_S = 0.2  # a face gone for longer must look like itself, where it is expected
LEAP = 0.3  # and so must one that moved further than this between two frames, as by a cut
UNLIKE = 0.45  # likeness of a face that is somebody else in the same place
LOOK_COST = 0.5  # cost of a likeness of 0 where two faces were out of sight
ALIKE = 0.5  # likeness of somebody who has come back to the same place
ELSEWHERE = 0.05  # so much more, where he comes back FAR away or further
FAR = 4.0  # sizes of the face
DOUBT = 0.1  # of two people who are so nearly as likely it may be either
TRIAL_S = 1.0  # so long a new face may turn out to be somebody who has come back
CROWDED = 0.8  # sizes of the face between it and another that may cover it: no look is kept
REMEMBER_S = 300.0  # how long those who left are remembered
REMEMBERED = 32  # and how many


@dataclass(slots=True)
class _Track:
    """Speed is in pixels a second, of the box's centre."""

    box: Box
    seen_s: float
    began_s: float  # when it came into view, last
    speed: tuple[float, float] = (0.0, 0.0)
    look_s: float = -math.inf  # when the last look was kept
    album: Album = field(default_factory=Album)
    is_known: bool = False  # was recognised: no longer on trial

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

    def returned(self, box: Box, time_s: float) -> "_Track":
        """The same face in another place."""
        return _Track(box, time_s, time_s, album=self.album, is_known=True)

    def is_on_trial(self, time_s: float) -> bool:
        """Whether it is new, and the time for another look at it."""
        return not self.is_known and self._is_new(time_s) and self.is_look_due(time_s)

    def is_look_due(self, time_s: float) -> bool:
        every_s = NEW_LOOK_EVERY_S if self._is_new(time_s) else LOOK_EVERY_S
        return time_s - self.look_s >= every_s - 1e-3

    def _is_new(self, time_s: float) -> bool:
        return time_s - self.began_s <= TRIAL_S

    def likeness(self, look: Look | None) -> float:
        """1 where there is nothing to compare."""
        return self.album.likeness(look) if look is not None and self.album else 1.0


def _no_look(_: int) -> Look | None:
    return None


class Tracks:
    """Assigns ids by where each face is expected, moving on as before, also when out of sight.

    The assignment with the lowest total cost wins: where faces cross, the nearest pair may be the
    wrong one. Whoever was out of sight for longer keeps the id where look and place agree. No two
    of up to MAX_FACES faces of a frame have the same `face_number`: a new face skips ids whose
    number is in use.
    """

    def __init__(self) -> None:
        self._tracks: dict[int, _Track] = {}  # seen within MEMORY_S, at most MAX_FACES
        self._away: dict[int, _Track] = {}  # those that left, in their order
        self._next = 0

    def recall(self, faces: Iterable[tuple[int, Box, float]]) -> None:
        """Faces that have an id already: id, box and time, in their order; without a look."""
        for key, box, time_s in faces:
            track = self._tracks.setdefault(key, _Track(box, time_s, time_s))
            track.follow(box, time_s)
            self._next = max(self._next, key + 1)

    def begin_segment(self) -> None:
        """All faces are new from here on, with unused ids, and numbers from 1 on."""
        self._tracks.clear()
        self._away.clear()
        self._next += -self._next % MAX_FACES

    def assign(
        self, boxes: list[Box], time_s: float, look: Callable[[int], Look | None] = _no_look
    ) -> list[int]:
        """An id for each box of a frame, the same as long as the face is known.

        `look` measures the face of a box by its index; it is asked for a few times a second.
        """
        look = cache(look)
        self._forget(time_s)
        assigned = self._follow(boxes, time_s, look)
        for index, key in enumerate(assigned):
            if key is not None:
                self._tracks[key].follow(boxes[index], time_s)
        self._recognise(boxes, assigned, time_s, look)
        ids: list[int] = []
        for box, key in zip(boxes, assigned, strict=True):
            if key is None:
                key = self._new_id({key for key in (*assigned, *ids) if key is not None})
                self._tracks[key] = _Track(box, time_s, time_s)
            ids.append(key)
        self._keep_looks(boxes, ids, time_s, look)
        return ids

    def _forget(self, time_s: float) -> None:
        for key, track in list(self._tracks.items()):
            if time_s - track.seen_s > MEMORY_S:
                self._leave(key)
        for key, track in list(self._away.items()):
            if len(self._away) > REMEMBERED or time_s - track.seen_s > REMEMBER_S:
                del self._away[key]

    def _leave(self, key: int) -> None:
        """Remember a face that left by its look, if it has one."""
        track = self._tracks.pop(key)
        if track.album:
            self._away[key] = track

    def _follow(
        self, boxes: list[Box], time_s: float, look: Callable[[int], Look | None]
    ) -> list[int | None]:
        """The face that is expected where each box is."""
        costs: list[dict[int, float]] = []
        for index, box in enumerate(boxes):
            options: dict[int, float] = {}
            for key, track in self._tracks.items():
                gone_s = time_s - track.seen_s
                distance = box_distance(box, track.expected(time_s))
                if distance >= REACH + SPREAD * gone_s:
                    continue
                if gone_s > HIDDEN_S or distance > LEAP:
                    likeness = track.likeness(look(index))
                    if likeness < UNLIKE:
                        continue
                    distance += LOOK_COST * (1 - likeness)
                options[key] = distance
            costs.append(options)
        return _cheapest_assignment(costs)

    def _recognise(
        self,
        boxes: list[Box],
        assigned: list[int | None],
        time_s: float,
        look: Callable[[int], Look | None],
    ) -> None:
        """Give new faces, and those on trial, the ids of those who have come back."""
        absent = {key: track for key, track in self._tracks.items() if key not in assigned}
        absent |= self._away
        absent = {key: track for key, track in absent.items() if track.album}
        costs: list[dict[int, float]] = []
        for index, key in enumerate(assigned):
            since_s = time_s
            if key is not None:
                since_s = self._tracks[key].began_s
                if not self._tracks[key].is_on_trial(time_s):
                    since_s = -math.inf
            gone = {old: track for old, track in absent.items() if track.seen_s < since_s}
            found = look(index) if gone else None
            if found is None:
                costs.append({})
                continue
            present = [self._tracks[other] for other in assigned if other not in (None, key)]
            costs.append(_returned(boxes[index], found, gone, present))
        for index, old in enumerate(_cheapest_assignment(costs)):
            if old is None:
                continue
            trial = assigned[index]
            used = {face_number(key) for key in self._tracks if key not in (old, trial)}
            if face_number(old) not in used:
                if trial is not None:
                    del self._tracks[trial]
                track = self._tracks.pop(old, None) or self._away.pop(old)
                self._make_room({key for key in assigned if key is not None})
                self._tracks[old] = track.returned(boxes[index], time_s)
                assigned[index] = old

    def _keep_looks(
        self,
        boxes: list[Box],
        ids: list[int],
        time_s: float,
        look: Callable[[int], Look | None],
    ) -> None:
        for index, key in enumerate(ids):
            track = self._tracks[key]
            if not track.is_look_due(time_s) or _is_crowded(index, boxes):
                continue
            track.look_s = time_s
            found = look(index)
            if found is not None:
                track.album.add(found)

    def _new_id(self, visible: set[int]) -> int:
        """An id whose number no face has; if all are in use, the face unseen longest loses its own,
        or numbers repeat.

        `visible` are the ids in this frame.
        """
        if len(visible) < MAX_FACES:
            self._make_room(visible)
            used = {face_number(key) for key in self._tracks}
            kept = {face_number(key) for key in self._away} | used
            if len(kept) < MAX_FACES:  # who comes back finds the number free
                used = kept
            while face_number(self._next) in used:
                self._next += 1
        self._next += 1
        return self._next - 1

    def _make_room(self, visible: set[int]) -> None:
        """For one more face; `visible` are the ids in this frame. Of more than there are numbers,
        nobody needs to go.
        """
        while len(self._tracks) >= MAX_FACES > len(visible):
            unseen = [key for key in self._tracks if key not in visible]
            self._leave(min(unseen, key=lambda key: self._tracks[key].seen_s))


def face_number(face_id: int) -> int:
    """The number of a face in the window, 1 to MAX_FACES."""
    return face_id % MAX_FACES + 1


def _returned(
    box: Box, look: Look, gone: dict[int, _Track], present: list[_Track]
) -> dict[int, float]:
    """Who of those `gone` it may be, as costs; nobody where another is about as likely.

    Others are those `present` too: it is none of them, but may be somebody who looks like them.
    """
    excess: dict[int, float] = {}
    for key, track in gone.items():
        away = min(1.0, box_distance(box, track.box) / FAR)
        excess[key] = track.album.likeness(look) - (ALIKE + ELSEWHERE * away)
    best = max(excess, key=lambda key: excess[key])
    if excess[best] <= 0:
        return {}
    others = [value for key, value in excess.items() if key != best]
    others += [track.album.likeness(look) - ALIKE for track in present]
    if excess[best] - max(others, default=-1.0) < DOUBT:
        return {}
    return {best: 1 - excess[best]}


def _is_crowded(index: int, boxes: list[Box]) -> bool:
    """Whether another face may cover this one, in part."""
    box = boxes[index]
    near = CROWDED * (box[2] + box[3]) / 2
    others = (other for place, other in enumerate(boxes) if place != index)
    return any(math.dist(_centre(box), _centre(other)) < near for other in others)


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
