"""The status of a run: one list of words for the window, the commands and the reports."""

import json
import math
from collections.abc import Mapping
from typing import Any, Literal

from trainer.reports.run_list.run_process import is_alive
from trainer.training.run_dir import RunDir

RunStatus = Literal["starting", "running", "done", "stopped", "failed", "interrupted", "damaged"]
MEANINGS: dict[RunStatus, str] = {
    "starting": "It reads its data and builds the network.",
    "running": "It is training.",
    "done": "It has trained to its end.",
    "stopped": "It was stopped before its end, and can be resumed.",
    "failed": "It ended with an error, or diverged.",
    "interrupted": "Its process ended unexpectedly: killed, or out of memory. It can be resumed.",
    "damaged": "Its files cannot be read.",
}


def run_status(
    run: RunDir, started: Mapping[str, Any], last: Mapping[str, Any], now: float
) -> RunStatus:
    """Of a run with these events `run_started` and newest one, empty without one.

    `now` is in seconds since 1970. It is never "damaged": that is what cannot be read.
    """
    if last.get("event") == "run_ended":
        reason = last.get("reason")
        if reason == "diverged":  # a failure, of which its error says more
            return "failed"
        return reason if reason in ("done", "stopped", "failed") else "interrupted"
    if last:
        return "running" if is_alive(started, _time(last), now) else "interrupted"
    try:
        record = json.loads(run.env.read_text(encoding="utf-8"))
        return "starting" if is_alive(record, _time(record), now) else "interrupted"
    except (OSError, ValueError, AttributeError, RecursionError):
        return "interrupted"


def status_text(status: RunStatus, missed_start: bool) -> str:
    """`done`, `done, did not beat its start`."""
    return f"{status}, did not beat its start" if missed_start else status


def _time(record: Mapping[str, Any]) -> float:
    value = record.get("time")
    return float(value) if isinstance(value, int | float) else math.nan
