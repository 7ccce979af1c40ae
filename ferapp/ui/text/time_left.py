"""How long something that counts will still take."""

MEASURED_S = 1.5  # before that the time left says nothing


class StageClock:
    """Judges the time left of a stage by the rate at which that stage went so far."""

    def __init__(self) -> None:
        self._stage = ""
        self._first, self._began = 0, 0.0

    def seconds_left(self, stage: str, done: int, total: int, now: float) -> float | None:
        """None before it can be said; `now` in seconds."""
        if stage != self._stage:  # it may go on where an earlier one stopped
            self._stage, self._first, self._began = stage, done, now
        count, seconds = done - self._first, now - self._began
        if count <= 0 or seconds < MEASURED_S:
            return None
        return (total - done) * seconds / count
