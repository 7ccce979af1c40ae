"""The code whose key is held, and the interval that grows meanwhile. No Qt."""

from ferapp.studies.coding.coding_edits import LEAST_S

STEP_S = 1.5  # of a paused clip that is stepped on: more is a seek


class HeldCode:
    """`code` is "" while none is held."""

    def __init__(self) -> None:
        self.key = self.code = ""
        self.start_s = self.end_s = 0.0
        self._segment = 0  # of the latest picture

    def begin(self, key: str, code: str, time_s: float, segment: int) -> None:
        self.key, self.code = key, code
        self.start_s = self.end_s = time_s
        self._segment = segment

    def grow(self, time_s: float, segment: int) -> bool:
        """Up to the displayed picture; False where that does not follow the one before.

        Pictures of one segment follow each other, however many a slow computer skips; another one
        begins with a seek, a new round, and each step of a paused clip. The key may have been
        pressed at a time that the displayed picture has yet to reach.
        """
        is_step = self.end_s <= time_s <= self.end_s + STEP_S
        if not is_step and segment != self._segment:
            return False
        self.end_s, self._segment = max(self.end_s, time_s), segment
        return True

    @property
    def span(self) -> tuple[float, float] | None:
        """None while it is too short to be meant."""
        is_long = self.end_s - self.start_s >= LEAST_S - 1e-6
        return (self.start_s, self.end_s) if self.code and is_long else None

    def end(self) -> tuple[tuple[float, float] | None, str]:
        """The interval, or None after a brief press, and the code; none is held any more."""
        span, code = self.span, self.code
        self.key = self.code = ""
        return span, code
