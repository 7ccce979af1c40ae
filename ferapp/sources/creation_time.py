"""When a video says it was recorded."""

from datetime import datetime
from pathlib import Path

from ferapp.sources.decoding.av_reader import FAILURES
from ferapp.sources.decoding.open_container import LocalFile, open_file

# the first has the offset of the place and the moment of the first frame; the other is in UTC, and
# some cameras write the moment of the last one
FIELDS = ("com.apple.quicktime.creationdate", "creation_time")


def creation_time(path: Path) -> datetime | None:
    """None where the file states none that can be read, or is no video."""
    try:
        file = LocalFile(path)
    except OSError:
        return None
    try:
        with open_file(file) as container:
            stated = [container.metadata.get(field, "") for field in FIELDS]
    except FAILURES:
        return None
    finally:
        file.close()
    return next((time for text in stated if (time := _parsed(text)) is not None), None)


def _parsed(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.year > 1970 else None  # 1904 and 1970 stand for "unknown"
