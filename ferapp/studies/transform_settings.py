"""What is done to the tables of a study on request. Light to import."""

import re
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path

from trainer.errors import UsageError

FILE_TIME = "file"  # instead of a time: the one that each video states
_INTERVAL = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*-\s*(\d+(?:\.\d*)?|\.\d+)\s*")


@dataclass(frozen=True, slots=True)
class TableTransforms:
    """Raises UsageError for what is no time, rate or interval. Fields are options of `analyze`."""

    rate_hz: float = 0.0  # rows a second; 0: those of the frames
    start_at: str = ""  # ISO time of the start of the source, or FILE_TIME; "": no clock
    baseline: str = ""  # FROM-TO in seconds; "": none
    smooth_s: float = 0.0  # width of the moving average; 0: none

    def __post_init__(self) -> None:
        if not 0 <= self.rate_hz <= 1000:
            raise UsageError(
                f"--rate {self.rate_hz:g}: rows a second are a number from 0 to 1000",
                "0 keeps a row for each frame.",
            )
        if not 0 <= self.smooth_s <= 3600:
            raise UsageError(f"--smooth {self.smooth_s:g}: seconds to average over, from 0 on")
        if self.baseline:
            self.interval()
        if self.start_at:
            self.start()

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    def interval(self) -> tuple[float, float]:
        """The baseline in seconds."""
        match = _INTERVAL.fullmatch(self.baseline)
        start, end = map(float, match.groups()) if match else (0.0, 0.0)
        if start >= end:
            raise UsageError(
                f"--baseline {self.baseline}: this is no interval",
                "Write FROM-TO in seconds from the start of each source, as 0-5 or 2.5-10.",
            )
        return start, end

    def start(self) -> datetime | None:
        """None where the file states no time."""
        if self.start_at == FILE_TIME:
            return None
        try:
            return datetime.fromisoformat(self.start_at)
        except ValueError as error:
            raise UsageError(
                f"--start-at {self.start_at}: this is no time",
                "Write it as 2026-11-30T14:05:09.250+01:00, milliseconds and offset may be absent; "
                f"or write {FILE_TIME} for the time that each video states itself.",
            ) from error

    def for_source(self, place: Path) -> "TableTransforms":
        """With the time that the file at `place` states, where it is asked for and there is one."""
        if self.start_at != FILE_TIME:
            return self
        from ferapp.sources.creation_time import creation_time  # brings PyAV

        time = creation_time(place)
        return self if time is None else replace(self, start_at=time.isoformat())


NO_TRANSFORMS = TableTransforms()
