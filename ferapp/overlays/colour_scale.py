"""One colour scale for all pictures: the strongest attribution of the last seconds. No Qt."""

from collections import deque

WINDOW_S = 5.0


class ColourScale:
    """`value` is the attribution that gets the full colour, or 0 for a scale per frame.

    A held scale stays the same in all segments, so that frames can be compared. If it is held
    before WINDOW_S of maps were displayed, it grows until then.
    """

    def __init__(self, held: bool) -> None:
        self._held = held
        self._value = 0.0
        self._began: float | None = None
        self._segment: int | None = None
        self._peaks: deque[tuple[float, float]] = deque()

    @property
    def value(self) -> float:
        return self._value

    def hold(self, on: bool) -> None:
        self._held = on
        self._value = max((peak for _, peak in self._peaks), default=0.0) if on else 0.0

    def reset(self) -> None:
        """Start over for another model or class."""
        self._began, self._value = None, 0.0
        self._peaks.clear()

    def add(self, segment: int, time: float, peak: float) -> None:
        """`peak` is the largest magnitude of the maps shown at `time` (s), in `segment`."""
        if segment != self._segment:  # the peaks so far are another segment's
            self._segment = segment
            self._peaks.clear()
            if not self._held:
                self._began = None
        if self._began is None:
            self._began = time
        self._peaks.append((time, peak))
        while time - self._peaks[0][0] > WINDOW_S:
            self._peaks.popleft()
        if self._held and time - self._began <= WINDOW_S:
            self._value = max(self._value, peak)
