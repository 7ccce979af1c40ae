"""The hash that identifies a model's file, remembered while the file stays the same."""

from functools import lru_cache
from pathlib import Path

from trainer.model_index import file_sha256


def file_hash(file: Path | None) -> str | None:
    """SHA-256 of a file; None if it does not exist."""
    try:
        return _hash(file, file.stat().st_mtime_ns) if file else None
    except OSError:
        return None


@lru_cache(maxsize=4)
def _hash(file: Path, _modified_ns: int) -> str:
    return file_sha256(file)
