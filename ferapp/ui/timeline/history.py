"""The last seconds of values in a ring of numpy arrays. No Qt."""

import numpy as np
from numpy.typing import NDArray


class History:
    """Times (s), smoothed and raw values; rows of NaN are gaps."""

    def __init__(self, width: int, capacity: int) -> None:
        """`width` values at a time, `capacity` times."""
        self._times = np.full(capacity, np.nan)
        self._smoothed = np.full((capacity, width), np.nan, np.float32)
        self._raw = np.full((capacity, width), np.nan, np.float32)
        self._next = 0
        self._count = 0

    @property
    def width(self) -> int:
        """Values at a time."""
        return int(self._raw.shape[1])

    def append(self, time: float, smoothed: NDArray[np.float32], raw: NDArray[np.float32]) -> None:
        """Times must not decrease."""
        self._times[self._next] = time
        self._smoothed[self._next] = smoothed
        self._raw[self._next] = raw
        self._next = (self._next + 1) % len(self._times)
        self._count = min(self._count + 1, len(self._times))

    def append_gap(self, time: float) -> None:
        missing = np.full(self.width, np.nan, np.float32)
        self.append(time, missing, missing)

    def last(
        self, seconds: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]:
        """Times relative to the newest (n,) ≤ 0, smoothed (n, K), raw (n, K), oldest first."""
        order = (self._next - self._count + np.arange(self._count)) % len(self._times)
        times = self._times[order]
        if self._count:
            times = times - times[-1]
        recent = times >= -seconds
        order = order[recent]
        return times[recent], self._smoothed[order], self._raw[order]
