"""One coder's intervals while they are edited, with undo and redo."""

from collections.abc import Iterable
from dataclasses import replace

from ferapp.studies.coding.coded_interval import CodedInterval

LEAST_S = 0.04  # a frame at 25 Hz: nothing shorter is drawn


class CodingEdits:
    """`intervals` are by time, and none of a track overlap: what is put last wins.

    Changes replace the whole tuple, so undo keeps the ones before.
    """

    def __init__(self, coder: str, intervals: Iterable[CodedInterval] = ()) -> None:
        self.coder = coder
        self.intervals = tuple(sorted(intervals))
        self._undo: list[tuple[CodedInterval, ...]] = []
        self._redo: list[tuple[CodedInterval, ...]] = []

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._redo)

    def put(
        self, start_s: float, end_s: float, code: str, instead_of: CodedInterval | None = None
    ) -> CodedInterval | None:
        """Add an interval, or change `instead_of` into it; returns it as it is now.

        Where it overlaps the same code, both become one; other codes of its track give way. None
        where it is too short to be meant.
        """
        start_s, end_s = round(max(start_s, 0.0), 3), round(end_s, 3)
        keeps_point = instead_of is not None and instead_of.is_point and end_s == start_s
        if end_s - start_s < LEAST_S and not keeps_point:
            return None
        new = CodedInterval(start_s, end_s, code, self.coder)
        others = [one for one in self.intervals if one != instead_of]
        same = [one for one in others if one.code == code and _overlap(one, new)]
        new = replace(
            new,
            start_s=min([new.start_s, *(one.start_s for one in same)]),
            end_s=max([new.end_s, *(one.end_s for one in same)]),
        )
        kept = [part for one in others if one not in same for part in _without(one, new)]
        self._become((*kept, new))
        return new

    def remove(self, interval: CodedInterval) -> None:
        self._become(one for one in self.intervals if one != interval)

    def undo(self) -> None:
        if self._undo:
            self._redo.append(self.intervals)
            self.intervals = self._undo.pop()

    def redo(self) -> None:
        if self._redo:
            self._undo.append(self.intervals)
            self.intervals = self._redo.pop()

    def _become(self, intervals: Iterable[CodedInterval]) -> None:
        after = tuple(sorted(intervals))
        if after != self.intervals:
            self._undo.append(self.intervals)
            self._redo.clear()
            self.intervals = after


def _overlap(one: CodedInterval, other: CodedInterval) -> bool:
    return one.start_s < other.end_s and other.start_s < one.end_s


def _without(one: CodedInterval, new: CodedInterval) -> list[CodedInterval]:
    """What is left of `one` beside `new`; all of it on another track."""
    if one.track != new.track or not _overlap(one, new):
        return [one]
    parts = (
        replace(one, end_s=min(one.end_s, new.start_s)),
        replace(one, start_s=max(one.start_s, new.end_s)),
    )
    return [part for part in parts if part.end_s - part.start_s >= LEAST_S]
