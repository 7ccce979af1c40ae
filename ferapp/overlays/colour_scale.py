"""One colour scale for all pictures: the strongest attribution of the last seconds, held. No Qt."""

from collections import deque

WINDOW_S = 5.0


class ColourScale:
    """`value` is the attribution with the full colour; 0 while each picture has its own scale.

    Until WINDOW_S seconds have been observed, a held scale still grows.
    """

    def __init__(self, held: bool) -> None:
        self._held = held
        self._value = 0.0
        self._began: float | None = None
        self._peaks: deque[tuple[float, float]] = deque()  # (time, peak)

    @property
    def value(self) -> float:
        return self._value

    def hold(self, on: bool) -> None:
        self._held = on
        self._value = max((peak for _, peak in self._peaks), default=0.0) if on else 0.0

    def reset(self) -> None:
        """For another model or class, which has a scale of its own."""
        self._began, self._value = None, 0.0
        self._peaks.clear()

    def add(self, time: float, peak: float) -> None:
        """`peak` is the largest magnitude of the maps displayed at `time` (s)."""
        if self._peaks and time < self._peaks[-1][0]:
            self.reset()
        if self._began is None:
            self._began = time
        self._peaks.append((time, peak))
        while time - self._peaks[0][0] > WINDOW_S:
            self._peaks.popleft()
        if self._held and time - self._began <= WINDOW_S:
            self._value = max(self._value, peak)
