"""An interval that a coder gave a code, and the rules that a coding keeps."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ferapp.studies.coding.codes import canonical_code, track_of, unknown_code_hint
from trainer.errors import DataError
from trainer.shown_text import shown_name

ROUNDING_S = 0.002  # ELAN and BORIS round times to milliseconds: no overlap yet


@dataclass(frozen=True, slots=True, order=True)
class CodedInterval:
    """From `start_s` up to `end_s`, in seconds of the clip; a point event where they are equal."""

    start_s: float
    end_s: float
    code: str
    coder: str

    @property
    def is_point(self) -> bool:
        return self.end_s <= self.start_s

    @property
    def track(self) -> str:
        return track_of(self.code)


def checked_interval(place: str, start: str, end: str, code: str, coder: str) -> CodedInterval:
    """The interval that the texts of a file say; `place` is where in the file.

    Raises DataError for what is no time, an end before the start, and an unknown code.
    """
    start_s, end_s = _seconds(place, start), _seconds(place, end)
    if end_s < start_s:
        raise DataError(f"{place}: the end ({end_s:g} s) is before the start ({start_s:g} s)")
    known = canonical_code(code)
    if known is None:
        raise DataError(f"{place}: “{shown_name(code)}” is no known code", unknown_code_hint(code))
    return CodedInterval(round(start_s, 3), round(end_s, 3), known, coder.strip())


def _seconds(place: str, text: str) -> float:
    """Seconds, or hours, minutes and seconds as older programs write them."""
    try:
        seconds = 0.0
        for part in text.strip().replace(",", ".").split(":"):
            seconds = 60 * seconds + float(part)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or seconds < 0:
        raise DataError(f"{place}: “{shown_name(text)}” is no time in seconds from 0")
    return seconds


def checked_coding(file: str, intervals: Iterable[CodedInterval]) -> tuple[CodedInterval, ...]:
    """The intervals by time. Overlaps from rounding are cut off.

    Raises DataError where two intervals of a coder that exclude each other overlap.
    """
    result: list[CodedInterval] = []
    last: dict[tuple[str, str], CodedInterval] = {}
    for interval in sorted(set(intervals)):
        key = interval.coder, interval.track
        before = last.get(key)
        if before is not None and not interval.is_point and interval.start_s < before.end_s:
            if before.end_s - interval.start_s > ROUNDING_S:
                raise DataError(
                    f"{file}: two intervals of {shown_name(interval.coder)} overlap: "
                    f"{before.code} from {before.start_s:g} to {before.end_s:g} s and "
                    f"{interval.code} from {interval.start_s:g} to {interval.end_s:g} s",
                    "A coder gives one expression at a time; only different action units overlap.",
                )
            start_s = min(before.end_s, interval.end_s)
            interval = replace(interval, start_s=start_s)
        if not interval.is_point:
            last[key] = interval
        result.append(interval)
    return tuple(result)
