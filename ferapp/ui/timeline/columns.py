"""What of a time series is drawn in each pixel column. No Qt."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferapp.ui.timeline.time_series import (
    LEVELS,
    Blocks,
    TimeSeries,
    blocks_of_rows,
    merged,
    values_of,
)

UNKNOWN = -1  # in `leaders`: nothing was measured there
LONE_S = 0.05  # a row that no other one follows is drawn as if it lasted so long


@dataclass(frozen=True, slots=True)
class Columns:
    """m places from left to right at which there are values.

    `x` (m,) and `ends` (m,) are px from the left edge: up to the end the value holds. `low`, `high`
    and `mean` (m, C); `follows` (m,): whether a place follows the one before it without a gap.
    `leader` (m,) is the column of the highest mean, UNKNOWN where there is none. `doubted` (m,):
    whether at least half of the rows are in doubt.
    """

    x: NDArray[np.float64]
    ends: NDArray[np.float64]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    mean: NDArray[np.float32]
    follows: NDArray[np.bool_]
    leader: NDArray[np.int64]
    doubted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.x)


def columns(
    series: TimeSeries,
    start: float,
    end: float,
    width: int,
    signals: tuple[int, ...] | None = None,
) -> Columns:
    """The smoothed probabilities, or these signals, from `start` to `end` over `width` px.

    Where there are fewer rows than pixels, each row is a place of its own.
    """
    scale = width / (end - start)
    blocks = _blocks(series, start, end, width, signals)
    if len(blocks) > width:
        number = np.floor((blocks.times - start) * scale).astype(np.int64)
        blocks = merged(blocks, np.flatnonzero(np.diff(number, prepend=number[:1] - 1)))
    follows = np.zeros(len(blocks), np.bool_)
    follows[1:] = blocks.last[:-1] == blocks.first[1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (blocks.total / blocks.known).astype(np.float32)
    x = (blocks.times - start) * scale
    ends = x + max(LONE_S * scale, 1.0)
    ends[:-1] = np.where(follows[1:], x[1:], np.minimum(ends[:-1], x[1:]))
    return Columns(
        x,
        ends,
        blocks.low,
        blocks.high,
        mean,
        follows,
        _leaders(mean),
        2 * blocks.doubted >= blocks.count,
    )


def _blocks(
    series: TimeSeries, start: float, end: float, width: int, signals: tuple[int, ...] | None
) -> Blocks:
    """The coarsest summaries that are still finer than the columns."""
    rows_in_column = series.count(start, end) / width
    for level in reversed(LEVELS):
        if rows_in_column >= level:
            return series.blocks(start, end, level, signals)
    rows = series.rows(start, end, beyond=1)
    return blocks_of_rows(rows, values_of(rows, signals))


def _leaders(mean: NDArray[np.float32]) -> NDArray[np.int64]:
    if not mean.size:
        return np.full(len(mean), UNKNOWN)
    is_known = np.isfinite(mean).any(axis=1)
    leader = np.argmax(np.where(np.isfinite(mean), mean, -np.inf), axis=1)
    return np.where(is_known, leader, UNKNOWN)


def pixels(places: Columns, values: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """(width,) the value that holds in the middle of each pixel; UNKNOWN where none does."""
    result = np.full(width, UNKNOWN)
    if len(places):
        middle = np.arange(width) + 0.5
        index = np.searchsorted(places.x, middle, "right") - 1
        holds = (index >= 0) & (middle < places.ends[np.maximum(index, 0)])
        result[holds] = values[index[holds]]
    return result
