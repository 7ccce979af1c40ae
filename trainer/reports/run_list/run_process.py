"""Whether the process of a run still trains, found by what the run's files say of it.

They record the process (pid, host, time) in `env.json` and in the event `run_started`.
"""

import math
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import psutil

ALIVE_SECONDS = 300.0  # a run of another machine whose last event is more recent still runs
START_TOLERANCE_S = 2.0  # Linux reports when a process began to the second


def is_alive(record: Mapping[str, Any], last: float, now: float) -> bool:
    """Whether the process that wrote `record` (pid, host, time) still trains.

    For a process of another machine, only the time of its `last` event (s) counts. A recent event
    also counts where the clock was changed, or where this user may not look at the process.
    """
    is_recent = not math.isnan(last) and now - last < ALIVE_SECONDS
    if not isinstance(record.get("pid"), int) or not is_from_this_machine(record):
        return is_recent
    return find_process(record) is not None or (is_recent and may_be_training(record))


def is_from_this_machine(record: Mapping[str, Any]) -> bool:
    """Whether a process of this machine wrote `record`. Older versions did not record the host."""
    return record.get("host") in (None, platform.node())


def find_process(record: Mapping[str, Any]) -> psutil.Process | None:
    """The process of this machine that wrote `record` (pid, host, time), if it still runs.

    Systems reuse process ids, but the later process began after `record` was written.
    """
    pid, written = record.get("pid"), record.get("time")
    if not isinstance(pid, int) or not is_from_this_machine(record):
        return None
    try:
        process = psutil.Process(pid)
        began, arguments = process.create_time(), process.cmdline()
    except (psutil.Error, ValueError):  # gone, a zombie, or another user's
        return None
    if isinstance(written, int | float) and began > written + START_TOLERANCE_S:
        return None
    return process if _is_training(arguments) else None


def may_be_training(record: Mapping[str, Any]) -> bool:
    """Whether the process id is alive and, as far as can be seen, trains."""
    try:
        return _is_training(psutil.Process(record["pid"]).cmdline())
    except psutil.AccessDenied:
        return True
    except (psutil.Error, ValueError):
        return False


def _is_training(arguments: Sequence[str]) -> bool:
    return any("train" in argument for argument in arguments)
