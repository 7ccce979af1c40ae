"""The journal of a run: one JSON object a line, appended and flushed as things happen."""

import json
import math
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from trainer.errors import DataError
from trainer.files import json_text, telling_of


class EventLog:
    """Appends to `events.jsonl`. Numbers that are not finite are written as null.

    A line that a kill left half-written is ended first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = path.open("a", encoding="utf-8")
        if ends_within_a_line(path):
            self._stream.write("\n")

    def write(self, event: str, **values: Any) -> None:
        line = {"event": event, "time": round(time.time(), 3), **_finite(values)}
        with telling_of(self._path):
            self._stream.write(json_text(line) + "\n")
            self._stream.flush()

    def close(self) -> None:
        with suppress(OSError):  # a full disk was told of when the line was written
            self._stream.close()


def ends_within_a_line(path: Path) -> bool:
    """Whether a file that grows by lines was left in the middle of one."""
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as stream:
        stream.seek(-1, 2)
        return stream.read(1) != b"\n"


def read_events(path: Path) -> list[dict[str, Any]]:
    """All complete lines; a half-written last one is left out. Raises DataError."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise DataError(f"{path}: the journal cannot be read ({error.strerror})") from error
    found = (event_of(line) for line in text.split("\n")[:-1])
    return [event for event in found if event is not None]


def event_of(line: str) -> dict[str, Any] | None:
    """The event in a line of the journal; None where there is none."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
