"""Curves and ribbons as SVG within HTML: the drawing stretches with the page, its text does not."""

import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise

import numpy as np

from ferapp.studies.report.conditions import Interval
from ferapp.studies.report.tracks import FaceTrack, Floats

WIDTH, HEIGHT = 1000, 100  # of the drawings' own coordinates
NAMED_SHARE = 0.06  # of the width: a stretch of the ribbon so wide has its name in it
TICKS = 8


def timeline(track: FaceTrack, classes: Sequence[str]) -> str:
    """The ribbon of the most frequent label, and a curve for each class."""
    return (
        f'<div class="plot">{_ribbon(track, classes)}</div>'
        f'<div class="plot">{_value_axis()}<svg class="curves" {_box(HEIGHT)}>'
        f"{_grid()}{_curves(track.probabilities)}</svg>{_time_axis(track.begin_s, track.end_s)}"
        "</div>"
    )


def mean_curves(curves: Interval, end_s: float, lowest: float = 0.0) -> str:
    """A curve with its interval for each class, (N, K), from `lowest` to 1."""
    low, mean, high = (
        (values - lowest) / (1 - lowest) for values in (curves.low, curves.mean, curves.high)
    )
    bands = "".join(
        f'<path class="b{number}" d="{_band(low[:, number], high[:, number])}"/>'
        for number in range(mean.shape[1])
    )
    return (
        f'<div class="plot">{_value_axis(lowest)}<svg class="curves" {_box(HEIGHT)}>'
        f"{_grid()}{bands}{_curves(mean)}</svg>{_time_axis(0.0, end_s)}</div>"
    )


def interval_bar(number: int, values: Sequence[float], lowest: float = 0.0) -> str:
    """A dot and its interval on a line from `lowest` to 1, in the colour of class `number`.

    `values` are the mean, and the interval's low and high end.
    """
    mean, low, high = values

    def place(value: float) -> float:
        return 100 * (min(max(value, lowest), 1.0) - lowest) / (1 - lowest)

    line = ""
    if math.isfinite(low):
        left, right = place(low), place(high)
        line = f'<i style="left:{left:.1f}%;width:{right - left:.1f}%"></i>'
    at = place(mean)
    return f'<div class="bar c{number}">{line}<b style="left:{at:.1f}%"></b></div>'


def clock(seconds: float) -> str:
    """1:05, or 0:05.4 within a minute of tenths."""
    minutes, rest = divmod(seconds, 60)
    text = f"{rest:04.1f}".removesuffix(".0")
    return f"{int(minutes)}:{text}"


def duration(seconds: float) -> str:
    """5.8 s, or 1:05 min."""
    return f"{seconds:.1f} s" if seconds < 60 else f"{clock(round(seconds))} min"


def _ribbon(track: FaceTrack, classes: Sequence[str]) -> str:
    count = len(track.leading)
    paths: dict[int, list[str]] = {}
    names = []
    for start, end, number in _runs(track.leading):
        if number < 0:
            continue
        left, width = WIDTH * start / count, WIDTH * (end - start) / count
        paths.setdefault(number, []).append(f"M{left:.1f} 0h{width:.1f}v{HEIGHT}h{-width:.1f}z")
        if (end - start) / count >= NAMED_SHARE:
            place = f"left:{left / 10:.1f}%;width:{width / 10:.1f}%"
            names.append(f'<b class="t{number}" style="{place}">{escape(classes[number])}</b>')
    drawn = "".join(f'<path class="f{n}" d="{"".join(parts)}"/>' for n, parts in paths.items())
    doubts = "".join(
        f'<i style="left:{100 * start / count:.1f}%;width:{100 * (end - start) / count:.1f}%"></i>'
        for start, end, doubtful in _runs(track.doubtful.astype(np.intp))
        if doubtful
    )
    return f'<div class="ribbon"><svg {_box(HEIGHT)}>{drawn}</svg>{doubts}{"".join(names)}</div>'


def _runs(values: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> list[tuple[int, int, int]]:
    """(start, end, value) of each stretch of equal values."""
    if not len(values):
        return []
    edges = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return [(start, end, int(values[start])) for start, end in pairwise(edges)]


def _curves(values: Floats) -> str:
    return "".join(
        f'<path class="l{number}" d="{_line(values[:, number])}"/>'
        for number in range(values.shape[1])
    )


def _line(values: Floats) -> str:
    """In the middle of each part of the width; broken where a value is unknown."""
    steps, pen = [], "M"
    for number, value in enumerate(values):
        if math.isfinite(value):
            steps.append(f"{pen}{_x(number, len(values))} {_y(value)}")
            if pen == "M":
                steps.append("h0")  # a single value is a dot
            pen = "L"
        else:
            pen = "M"
    return "".join(steps)


def _band(low: Floats, high: Floats) -> str:
    known = np.isfinite(low) & np.isfinite(high)
    parts = []
    for start, end, is_known in _runs(known.astype(np.intp)):
        if is_known:
            across = range(start, end)
            forth = [f"{_x(n, len(low))} {_y(high[n])}" for n in across]
            back = [f"{_x(n, len(low))} {_y(low[n])}" for n in reversed(across)]
            parts.append(f"M{'L'.join([*forth, *back])}z")
    return "".join(parts)


def _x(number: int, count: int) -> str:
    return f"{WIDTH * (number + 0.5) / count:.0f}"


def _y(value: float) -> str:
    return f"{HEIGHT * (1 - min(max(value, 0.0), 1.0)):.1f}".removesuffix(".0")


def _box(height: int) -> str:
    return f'viewBox="0 0 {WIDTH} {height}" preserveAspectRatio="none" aria-hidden="true"'


def _grid() -> str:
    half, bottom = HEIGHT / 2, HEIGHT
    return f'<path class="grid" d="M0 0h{WIDTH}M0 {half:g}h{WIDTH}M0 {bottom}h{WIDTH}"/>'


def _value_axis(lowest: float = 0.0) -> str:
    marks = ("1", ".5", "0") if lowest == 0 else ("1", "0", "−1")
    return f'<div class="values">{"".join(f"<span>{mark}</span>" for mark in marks)}</div>'


def _time_axis(begin: float, end: float) -> str:
    length = end - begin
    if length <= 0:
        return ""
    step = _step(length)
    first = math.ceil(begin / step - 1e-9)
    ticks = [number * step for number in range(first, math.floor(end / step + 1e-9) + 1)]
    spans = "".join(
        f'<span style="left:{100 * (tick - begin) / length:.1f}%">{clock(tick)}</span>'
        for tick in ticks
        if (tick - begin) / length < 0.97  # within the page
    )
    return f'<div class="times">{spans}</div>'


def _step(length: float) -> float:
    """Seconds between two marks of the axis."""
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
    return next((step for step in steps if length / step <= TICKS), math.ceil(length / TICKS))
