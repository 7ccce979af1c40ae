"""Processes that train, on every system: found by what a run's files say of them, and ended."""

import platform
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psutil

SLACK_S = 2.0  # Linux tells when a process began to the second


def is_here(made: Mapping[str, Any]) -> bool:
    """Whether a process of this machine wrote `made`. Older versions did not say where."""
    return made.get("host") in (None, platform.node())


def process_of(made: Mapping[str, Any]) -> psutil.Process | None:
    """The process of this machine that wrote `made` (pid, host, time), while it lives.

    The number of one that is gone is given again, but to a process that began after it wrote.
    """
    pid, written = made.get("pid"), made.get("time")
    if not isinstance(pid, int) or not is_here(made):
        return None
    try:
        process = psutil.Process(pid)
        began, words = process.create_time(), process.cmdline()
    except (psutil.Error, ValueError):  # gone, ended, or of a user whom this one does not know
        return None
    if isinstance(written, int | float) and began > written + SLACK_S:
        return None
    return process if any("train" in word for word in words) else None


def may_train(made: Mapping[str, Any]) -> bool:
    """Whether the process lives whose number `made` has, and is not seen to do something else."""
    try:
        words = psutil.Process(made["pid"]).cmdline()
    except psutil.AccessDenied:
        return True
    except (psutil.Error, ValueError):
        return False
    return any("train" in word for word in words)


def end(process: psutil.Process) -> None:
    """At once, with those that it started: they would wait for it for ever."""
    family = [process]
    with suppress(psutil.Error):
        family += process.children(recursive=True)
    for each in family:
        with suppress(psutil.Error):
            each.kill()
