"""The hash that identifies a model's file, remembered while the file stays the same."""

from functools import lru_cache
from pathlib import Path

from trainer.model_index import file_sha256, files_of


def file_hash(file: Path | None) -> str | None:
    """SHA-256 of a file; None if it does not exist."""
    try:
        if file is None:
            return None
        times = (part.stat().st_mtime_ns for part in files_of(file) if part.is_file())
        return _hash(file, (file.stat().st_mtime_ns, *times))
    except OSError:
        return None


@lru_cache(maxsize=4)
def _hash(file: Path, _modified_ns: tuple[int, ...]) -> str:
    return file_sha256(file)
