"""How far two attribution maps of one face agree, whatever crops they lie in. No Qt."""

import math

import numpy as np
from numpy.typing import NDArray


def resample_map(
    values: NDArray[np.float32],
    from_frame: NDArray[np.float32],
    target_from_frame: NDArray[np.float32],
    target_size: int,
) -> NDArray[np.float32]:
    """A map (S, S) in its crop → (`target_size`, `target_size`) in another crop of the same frame.

    Both `from_frame` (2, 3) map frame pixels to pixels of a crop, as in `Crop`. Bilinear; NaN where
    the map's own crop has no pixels.
    """
    size = len(values)
    if size == target_size and np.array_equal(from_frame, target_from_frame):
        return values
    to_frame = np.linalg.inv(np.vstack([target_from_frame, [0, 0, 1]]).astype(float))
    to_source = from_frame.astype(float) @ to_frame
    rows, columns = np.mgrid[:target_size, :target_size]
    points = np.stack([columns, rows, np.ones_like(rows)])
    x, y = np.tensordot(to_source[:2], points, 1)
    inside = (x >= -0.5) & (x <= size - 0.5) & (y >= -0.5) & (y <= size - 0.5)
    x, y = np.clip(x, 0, size - 1), np.clip(y, 0, size - 1)
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, bottom = np.minimum(left + 1, size - 1), np.minimum(top + 1, size - 1)
    dx, dy = x - left, y - top
    upper = (1 - dx) * values[top, left] + dx * values[top, right]
    lower = (1 - dx) * values[bottom, left] + dx * values[bottom, right]
    return np.where(inside, (1 - dy) * upper + dy * lower, np.nan).astype(np.float32)


def map_correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Pearson's r of two maps (S, S) over the locations that both have.

    NaN where one of them is the same everywhere: it points nowhere.
    """
    both = np.isfinite(first) & np.isfinite(second)
    a, b = first[both].astype(float), second[both].astype(float)
    if a.size < 2:
        return math.nan
    a, b = a - a.mean(), b - b.mean()
    scale = math.sqrt(float((a * a).sum() * (b * b).sum()))
    return float(np.clip((a * b).sum() / scale, -1, 1)) if scale > 0 else math.nan


def map_difference(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """`first` − `second` (S, S), each divided by its own largest magnitude; NaN where one is NaN.

    From −2 to 2: at 1 the first has its strongest location where the second has nothing.
    """
    return _by_peak(first) - _by_peak(second)


def _by_peak(values: NDArray[np.float32]) -> NDArray[np.float32]:
    peak = float(np.nanmax(np.abs(values), initial=0.0))
    return values / np.float32(peak) if peak > 0 else values
