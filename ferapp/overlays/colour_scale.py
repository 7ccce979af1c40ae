"""One colour scale for all pictures: the strongest attribution of the last seconds, held. No Qt."""

from collections import deque

SECONDS = 5.0


class HeldScale:
    """`value` is the attribution that has the full colour, or 0 while each picture has its own.

    Where less than SECONDS were seen so far, the held scale grows until they are full.
    """

    def __init__(self, held: bool) -> None:
        self._held = held
        self._value = 0.0
        self._began: float | None = None
        self._peaks: deque[tuple[float, float]] = deque()

    @property
    def value(self) -> float:
        return self._value

    def hold(self, on: bool) -> None:
        self._held = on
        self._value = max((peak for _, peak in self._peaks), default=0.0) if on else 0.0

    def forget(self) -> None:
        """Another model or class: what was seen does not tell about it."""
        self._began, self._value = None, 0.0
        self._peaks.clear()

    def note(self, time: float, peak: float) -> None:
        """`peak` is the largest magnitude of the maps shown at `time` (s)."""
        if self._peaks and time < self._peaks[-1][0]:
            self.forget()
        if self._began is None:
            self._began = time
        self._peaks.append((time, peak))
        while time - self._peaks[0][0] > SECONDS:
            self._peaks.popleft()
        if self._held and time - self._began <= SECONDS:
            self._value = max(self._value, peak)
