"""From a stream's time stamps to seconds that only grow."""

from fractions import Fraction

JUMP_S = 1.0  # stamps that go back further than this begin a new count; less is a mistake


class FrameClock:
    """Seconds of one frame after the other, from 0 at the start of the presentation.

    A frame without a stamp follows the one before it by the interval of the stated rate. A stamp
    that does not grow counts a millisecond; where stamps go back for good, as in files that were
    joined, time goes on by one interval. `limit_s` is how far a stamp may lie ahead before it is
    taken for damage; 0 is no limit.
    """

    def __init__(
        self, time_base: Fraction, start_s: float | None, fps: float, limit_s: float = 0.0
    ) -> None:
        self._time_base, self._fps, self._limit_s = time_base, fps, limit_s
        self.start_s = start_s  # the stamp of time 0; None until the first frame has come
        self._last_s: float | None = None

    def restart(self) -> None:
        """After a seek, when stamps may go back."""
        self._last_s = None

    def time(self, stamp: int | None) -> float:
        """Seconds of the next frame, whose stamp counts in the stream's time base."""
        stamp_s = None if stamp is None else float(stamp * self._time_base)
        if self.start_s is None:
            self.start_s = stamp_s
        time_s = self._follow(None if stamp_s is None else stamp_s - (self.start_s or 0.0))
        self._last_s = time_s
        return time_s

    def _follow(self, time_s: float | None) -> float:
        last_s, interval = self._last_s, 1 / self._fps
        if last_s is None:
            return max(0.0, time_s or 0.0)
        if time_s is None or (self._limit_s and time_s > last_s + self._limit_s):
            return last_s + interval
        if time_s > last_s:
            return time_s
        if time_s > last_s - JUMP_S:
            return last_s + min(0.001, interval / 2)
        assert self.start_s is not None
        self.start_s -= last_s + interval - time_s
        return last_s + interval
