"""The event log of a run: one JSON object per line, appended and flushed at once."""

import json
import math
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from trainer.errors import DataError
from trainer.files import json_text, name_path_in_errors


class EventLog:
    """Appends to `events.jsonl`. Numbers that are not finite are written as null.

    If a killed process left an incomplete line, a line break is written first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = path.open("a", encoding="utf-8")
        if ends_mid_line(path):
            self._stream.write("\n")

    def write(self, event: str, **values: Any) -> None:
        line = {"event": event, "time": round(time.time(), 3), **_with_nulls(values)}
        with name_path_in_errors(self._path):
            self._stream.write(json_text(line) + "\n")
            self._stream.flush()

    def close(self) -> None:
        with suppress(OSError):  # a full disk raised when the line was written
            self._stream.close()


def ends_mid_line(path: Path) -> bool:
    """Whether a file that grows by lines ends with an incomplete one."""
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as stream:
        stream.seek(-1, 2)
        return stream.read(1) != b"\n"


def read_events(path: Path) -> list[dict[str, Any]]:
    """The events of all complete lines. Raises DataError when the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise DataError(f"{path}: the event log cannot be read ({error.strerror})") from error
    events = (parse_event(line) for line in text.split("\n")[:-1])
    return [event for event in events if event is not None]


def parse_event(line: str) -> dict[str, Any] | None:
    """The event in a line of an event log; None when it is not one."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _with_nulls(value: Any) -> Any:
    """`value` with None for every number that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _with_nulls(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_nulls(item) for item in value]
    return value
