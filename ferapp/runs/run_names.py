"""Runs by name: a run's folder is called by its time and its name, as `20261122-101500-default`."""

from collections import Counter
from collections.abc import Sequence


def title_of(folder: str) -> str:
    """`default`; the whole of a folder that is called otherwise."""
    return folder.partition("-")[2].partition("-")[2] or folder


def when(folder: str) -> str:
    """`22.11. 10:15`; "" of a folder that is called otherwise."""
    day, clock = _day_of(folder), _clock_of(folder)
    return f"{day} {clock[:5]}" if day and clock else ""


def unique_names(folders: Sequence[str]) -> dict[str, str]:
    """What to call each beside the others: its name alone, and where several share it a time.

    `default`; `default · 10:15`; of several days `default · 22.11. 10:15`.
    """
    same: dict[str, list[str]] = {}
    for folder in folders:
        same.setdefault(title_of(folder), []).append(folder)
    return {
        folder: words for title, group in same.items() for folder, words in _apart(title, group)
    }


def _apart(title: str, group: list[str]) -> list[tuple[str, str]]:
    if len(group) == 1:
        return [(group[0], title)]
    days = len({folder[:8] for folder in group}) > 1
    for length in (5, 8):  # to the minute, to the second
        times = [
            " ".join(filter(None, (_day_of(folder) * days, _clock_of(folder)[:length])))
            for folder in group
        ]
        if all(times) and max(Counter(times).values()) == 1:
            return [(f, f"{title} · {time}") for f, time in zip(group, times, strict=True)]
    return [(folder, folder) for folder in group]


def _day_of(folder: str) -> str:
    day = folder[:8]
    return f"{day[6:]}.{day[4:6]}." if len(day) == 8 and day.isdecimal() else ""


def _clock_of(folder: str) -> str:
    clock = folder[9:15]
    whole = len(clock) == 6 and clock.isdecimal()
    return f"{clock[:2]}:{clock[2:4]}:{clock[4:]}" if whole else ""
