"""The code whose key is held, and the interval that grows meanwhile. No Qt."""

from ferapp.studies.coding.coding_edits import LEAST_S

JUMP_S = 1.5  # from one picture to the next: more is a seek, not the clip playing on


class HeldCode:
    """`code` is "" while none is held."""

    def __init__(self) -> None:
        self.key = self.code = ""
        self.start_s = self.end_s = 0.0

    def begin(self, key: str, code: str, time_s: float) -> None:
        self.key, self.code = key, code
        self.start_s = self.end_s = time_s

    def grow(self, time_s: float) -> bool:
        """Up to the displayed picture; False where that does not follow the one before."""
        if not self.end_s <= time_s <= self.end_s + JUMP_S:
            return False
        self.end_s = time_s
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
