"""Rates and percentiles over the last seconds."""

import threading
import time
from collections import deque

import numpy as np

WINDOW_S = 2.0
MAX_VALUES = 300


class RateMeter:
    """Events a second over the last two seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: deque[float] = deque(maxlen=1000)

    def tick(self) -> None:
        with self._lock:
            self._times.append(time.perf_counter())

    def rate(self) -> float:
        with self._lock:
            start = time.perf_counter() - WINDOW_S
            recent = [moment for moment in self._times if moment >= start]
        if len(recent) < 2:
            return 0.0
        return (len(recent) - 1) / max(recent[-1] - recent[0], 1e-6)


class Percentiles:
    """Median and 95th percentile of the last few hundred values."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: deque[float] = deque(maxlen=MAX_VALUES)

    def add(self, value: float) -> None:
        with self._lock:
            self._values.append(value)

    def get(self) -> tuple[float, float]:
        with self._lock:
            values = list(self._values)
        if not values:
            return 0.0, 0.0
        low, high = np.percentile(values, (50, 95))
        return float(low), float(high)
