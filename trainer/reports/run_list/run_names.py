"""Short names for runs, from folders such as `20261122-101500-default`: start time and name."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime

_FOLDER = re.compile(r"(\d{8}-\d{6})-(.+)")  # as `trainer.training.run_dir.create_run` names it


def run_title(folder: str) -> str:
    """`default`; the whole name of a folder that is named otherwise."""
    return _parts(folder)[1]


def run_start(folder: str) -> datetime | None:
    """When the run began, in local time; None for a folder that is named otherwise."""
    return _parts(folder)[0]


def short_start(folder: str, today: date) -> str:
    """`10:15` for a run of today, `2026-11-22 10:15` for an older one; "" where it is not known."""
    start = run_start(folder)
    if start is None:
        return ""
    return f"{start:%H:%M}" if start.date() == today else f"{start:%Y-%m-%d %H:%M}"


def unique_names(folders: Sequence[str], titles: Mapping[str, str] | None = None) -> dict[str, str]:
    """A name for each folder that tells it from the others: its title, and a time where needed.

    `default`; `default · 10:15`; of several days `default · 2026-11-22 10:15`. `titles` has those
    that a user gave.
    """
    by_title: dict[str, list[str]] = {}
    for folder in folders:
        title = (titles or {}).get(folder) or run_title(folder)
        by_title.setdefault(title, []).append(folder)
    names: dict[str, str] = {}
    for title, group in by_title.items():
        names |= _distinct(title, group)
    return {folder: names[folder] for folder in folders}


def _distinct(title: str, group: list[str]) -> dict[str, str]:
    if len(group) == 1:
        return {group[0]: title}
    starts = [start for start in map(run_start, group) if start is not None]
    if len(starts) == len(group):
        day = "%Y-%m-%d " if len({start.date() for start in starts}) > 1 else ""
        for clock in ("%H:%M", "%H:%M:%S"):
            times = [start.strftime(day + clock) for start in starts]
            if len(set(times)) == len(times):
                return {f: f"{title} · {time}" for f, time in zip(group, times, strict=True)}
    return {folder: folder for folder in group}


def _parts(folder: str) -> tuple[datetime | None, str]:
    match = _FOLDER.fullmatch(folder)
    if match is None:
        return None, folder
    try:
        return datetime.strptime(match[1], "%Y%m%d-%H%M%S"), match[2]
    except ValueError:  # digits that are no date
        return None, folder
