"""Rows of values by time, in sorted chunks with summaries of blocks of rows for drawing. No Qt."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK = 4096  # rows: adding one in the middle moves at most so many
LEVELS = (8, 64)  # rows that one block of each level summarises
SAME_S = 0.002  # rows nearer than this are of the same frame: tables round to milliseconds


@dataclass(frozen=True, slots=True)
class Rows:
    """n rows by time. Rows with the same `stretch` follow each other without a gap.

    `smoothed` (n, K) are the displayed probabilities, `raw` (n, K) those of the frame alone,
    `signals` (n, S) the values of `vision.signals.SIGNALS`; NaN where unknown. Bit i of `doubts`
    is the i-th `QualityKind`.
    """

    times: NDArray[np.float64]
    stretch: NDArray[np.int32]
    smoothed: NDArray[np.float32]
    raw: NDArray[np.float16]
    signals: NDArray[np.float16]
    doubts: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True)
class Blocks:
    """m summaries of consecutive rows: the time of the first one, how many, how many in doubt.

    `low`, `high` and `total` (m, C) are over the rows that have a value, `known` (m, C) of them.
    `first` and `last` are the stretches of the first and the last row.
    """

    times: NDArray[np.float64]
    count: NDArray[np.int64]
    doubted: NDArray[np.int64]
    first: NDArray[np.int32]
    last: NDArray[np.int32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    total: NDArray[np.float32]
    known: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.times)


_arrays_of = attrgetter(*(f.name for f in fields(Blocks)))


def joined(parts: list[Blocks]) -> Blocks:
    """At least one part, in their order."""
    if len(parts) == 1:
        return parts[0]
    return Blocks(*map(np.concatenate, zip(*map(_arrays_of, parts), strict=True)))


def blocks_of_rows(rows: Rows, values: NDArray[np.float32]) -> Blocks:
    """Each of the n rows as a block of its own; `values` (n, C)."""
    return Blocks(
        rows.times,
        np.ones(len(rows), np.int64),
        (rows.doubts != 0).astype(np.int64),
        rows.stretch,
        rows.stretch,
        values,
        values,
        np.nan_to_num(values),
        np.isfinite(values).astype(np.int32),
    )


def merged(blocks: Blocks, starts: NDArray[np.intp]) -> Blocks:
    """Blocks from `starts` (m,) up to the next start, each as one."""
    ends = np.append(starts[1:], len(blocks)) - 1
    return Blocks(
        blocks.times[starts],
        np.add.reduceat(blocks.count, starts),
        np.add.reduceat(blocks.doubted, starts),
        blocks.first[starts],
        blocks.last[ends],
        np.fmin.reduceat(blocks.low, starts, axis=0),
        np.fmax.reduceat(blocks.high, starts, axis=0),
        np.add.reduceat(blocks.total, starts, axis=0),
        np.add.reduceat(blocks.known, starts, axis=0, dtype=np.int32),
    )


class _Chunk:
    """Up to CHUNK rows, with summaries made on demand."""

    __slots__ = ("_summaries", "count", "store")

    def __init__(self, classes: int, signals: int) -> None:
        self.count = 0
        self.store = Rows(
            np.empty(CHUNK),
            np.empty(CHUNK, np.int32),
            np.empty((CHUNK, classes), np.float32),
            np.empty((CHUNK, classes), np.float16),
            np.empty((CHUNK, signals), np.float16),
            np.empty(CHUNK, np.uint8),
        )
        self._summaries: dict[tuple[int, tuple[int, ...] | None], Blocks] = {}

    def arrays(self) -> Iterator[NDArray[Any]]:
        return (getattr(self.store, f.name) for f in fields(Rows))

    def rows(self, start: int, end: int) -> Rows:
        """Views of rows `start` to `end`, exclusive."""
        return Rows(*(array[start:end] for array in self.arrays()))

    def write(self, index: int, row: tuple[Any, ...]) -> None:
        for array, value in zip(self.arrays(), row, strict=True):
            array[index] = value
        self._summaries.clear()

    def insert(self, index: int, row: tuple[Any, ...]) -> None:
        for array in self.arrays():
            array[index + 1 : self.count + 1] = array[index : self.count]
        self.count += 1
        self.write(index, row)

    def remove(self, start: int, end: int) -> None:
        left = self.count - (end - start)
        for array in self.arrays():
            array[start:left] = array[end : self.count]
        self.count = left
        self._summaries.clear()

    def summary(self, level: int, signals: tuple[int, ...] | None) -> Blocks:
        """Blocks of `level` rows, of the smoothed probabilities or of these signals."""
        key = level, signals
        if key not in self._summaries:
            rows = self.rows(0, self.count)
            starts = np.arange(0, self.count, level)
            self._summaries[key] = merged(blocks_of_rows(rows, values_of(rows, signals)), starts)
        return self._summaries[key]


def values_of(rows: Rows, signals: tuple[int, ...] | None) -> NDArray[np.float32]:
    """(n, C): the smoothed probabilities, or the signals with these indices."""
    return rows.smoothed if signals is None else rows.signals[:, signals].astype(np.float32)


@dataclass(slots=True)
class TimeSeries:
    """Rows of one face. Adding at the end takes constant time, elsewhere a chunk is moved."""

    classes: int
    signals: int
    _chunks: list[_Chunk] = field(default_factory=list)
    _starts: list[float] = field(default_factory=list)  # the first time of each chunk
    _count: int = 0

    @classmethod
    def of_rows(cls, rows: Rows) -> "TimeSeries":
        """Those of a table, whose times ascend."""
        series = cls(rows.smoothed.shape[1], rows.signals.shape[1])
        for start in range(0, len(rows), CHUNK):
            chunk = _Chunk(series.classes, series.signals)
            chunk.count = min(CHUNK, len(rows) - start)
            for f, array in zip(fields(Rows), chunk.arrays(), strict=True):
                array[: chunk.count] = getattr(rows, f.name)[start : start + chunk.count]
            series._chunks.append(chunk)
            series._starts.append(float(chunk.store.times[0]))
        series._count = len(rows)
        return series

    def __len__(self) -> int:
        return self._count

    @property
    def first_s(self) -> float | None:
        return self._starts[0] if self._starts else None

    @property
    def last_s(self) -> float | None:
        last = self._chunks[-1] if self._chunks else None
        return float(last.store.times[last.count - 1]) if last is not None else None

    def put(
        self,
        time_s: float,
        stretch: int,
        smoothed: NDArray[np.float32],
        raw: NDArray[np.float32],
        signals: NDArray[np.float32],
        doubts: int = 0,
    ) -> None:
        """Add a row, or overwrite the one of the same time."""
        row = time_s, stretch, smoothed, raw, signals, doubts
        number = max(self._chunk_of(time_s - SAME_S), 0)
        if number < len(self._chunks):
            chunk = self._chunks[number]
            times = chunk.store.times[: chunk.count]
            index = int(times.searchsorted(time_s - SAME_S))
            if index == chunk.count and number + 1 < len(self._chunks):
                following = self._chunks[number + 1]
                if following.store.times[0] < time_s + SAME_S:
                    number, chunk, index = number + 1, following, 0
                    times = chunk.store.times[: chunk.count]
            if index < chunk.count and times[index] < time_s + SAME_S:
                chunk.write(index, row)
            else:
                number, chunk, index = self._with_room(number, index)
                chunk.insert(index, row)
                self._count += 1
            self._starts[number] = float(chunk.store.times[0])
            return
        chunk = _Chunk(self.classes, self.signals)
        chunk.insert(0, row)
        self._chunks.append(chunk)
        self._starts.append(time_s)
        self._count += 1

    def _chunk_of(self, time_s: float) -> int:
        """The number of the chunk in which `time_s` lies; -1 before the first."""
        return bisect_right(self._starts, time_s) - 1

    def _with_room(self, number: int, index: int) -> tuple[int, _Chunk, int]:
        """Where a row for `index` of a chunk goes, with room for it: a full chunk is divided."""
        chunk = self._chunks[number]
        if chunk.count < CHUNK:
            return number, chunk, index
        keep = CHUNK if index == CHUNK else CHUNK // 2
        other = _Chunk(self.classes, self.signals)
        for source, target in zip(chunk.arrays(), other.arrays(), strict=True):
            target[: CHUNK - keep] = source[keep:]
        other.count = CHUNK - keep
        chunk.remove(keep, CHUNK)
        self._chunks.insert(number + 1, other)
        self._starts.insert(number + 1, float(other.store.times[0]) if other.count else np.inf)
        if index < keep:
            return number, chunk, index
        return number + 1, other, index - keep

    def erase(self, after: float, before: float) -> None:
        """Remove the rows between two times, exclusive."""
        after, before = after + SAME_S, before - SAME_S
        number = max(self._chunk_of(after), 0)
        while number < len(self._chunks) and self._starts[number] < before:
            chunk = self._chunks[number]
            start, end = chunk.store.times[: chunk.count].searchsorted([after, before])
            if end > start:
                chunk.remove(int(start), int(end))
                self._count -= int(end - start)
            if chunk.count == 0:
                del self._chunks[number], self._starts[number]
                continue
            self._starts[number] = float(chunk.store.times[0])
            number += 1

    def drop_first_chunk(self) -> None:
        self._count -= self._chunks[0].count
        del self._chunks[0], self._starts[0]

    def drop_before(self, time_s: float) -> None:
        """Remove whole chunks whose rows are all before `time_s`."""
        while len(self._chunks) > 1 and self._starts[1] <= time_s:
            self.drop_first_chunk()

    def count(self, start: float, end: float) -> int:
        """How many rows there are from `start` to `end`."""
        return self._index(end, "right") - self._index(start, "left")

    def _index(self, time_s: float, side: str) -> int:
        number = self._chunk_of(time_s)
        if number < 0:
            return 0
        chunk = self._chunks[number]
        times = chunk.store.times[: chunk.count]
        before = sum(each.count for each in self._chunks[:number])
        return before + int(np.searchsorted(times, time_s, side))  # type: ignore[call-overload]

    def rows(self, start: float, end: float, beyond: int = 0) -> Rows:
        """The rows from `start` to `end`, and up to `beyond` more on either side."""
        first = max(self._index(start, "left") - beyond, 0)
        last = min(self._index(end, "right") + beyond, self._count)
        parts: list[Rows] = []
        passed = 0
        for chunk in self._chunks:
            low, high = max(first - passed, 0), min(last - passed, chunk.count)
            if low < high:
                parts.append(chunk.rows(low, high))
            passed += chunk.count
            if passed >= last:
                break
        if not parts:
            return _Chunk(self.classes, self.signals).rows(0, 0)
        return Rows(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Rows)))

    def blocks(
        self, start: float, end: float, level: int, signals: tuple[int, ...] | None = None
    ) -> Blocks:
        """Summaries of `level` rows each, from `start` to `end` and a little beyond."""
        first = max(self._chunk_of(start), 0)
        last = max(self._chunk_of(end), 0)
        chunks = self._chunks[first : last + 1]
        if not chunks:
            rows = _Chunk(self.classes, self.signals).rows(0, 0)
            return blocks_of_rows(rows, values_of(rows, signals))
        blocks = joined([chunk.summary(level, signals) for chunk in chunks])
        low = max(int(blocks.times.searchsorted(start)) - 1, 0)
        high = int(blocks.times.searchsorted(end, "right")) + 1
        return Blocks(*(getattr(blocks, f.name)[low:high] for f in fields(Blocks)))

    def nearest(self, time_s: float) -> Rows | None:
        """The row (n = 1) nearest to a time; None where there is none at all."""
        around = self.rows(time_s, time_s, beyond=1)
        if not len(around):
            return None
        best = int(np.abs(around.times - time_s).argmin())
        return Rows(*(getattr(around, f.name)[best : best + 1] for f in fields(Rows)))
