"""Results in the user's cache, which may be computed again: kept up to a size, the newest ones.

Each folder is used by one kind of result. Reading one makes it new again.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import platformdirs

from trainer.files import write_atomic

MAX_BYTES = 500_000_000  # of each kind


def results_folder(kind: str) -> Path:
    return Path(platformdirs.user_cache_dir("ferapp")) / kind


def store_result(file: Path, write: Callable[[BinaryIO], object], limit: int = MAX_BYTES) -> None:
    """Write `file` whole, then delete the oldest other files of its folder beyond `limit` bytes.

    Raises OSError where it cannot be written.
    """
    write_atomic(file, write)
    delete_oldest(file.parent, limit, keep=file)


def mark_used(file: Path) -> None:
    """Let a stored result count as new, because it was read."""
    with suppress(OSError):  # a cache that is not ours to write still serves
        os.utime(file)


def delete_oldest(folder: Path, limit: int, keep: Path) -> None:
    """Delete the oldest files of `folder`, but for `keep`, until at most `limit` bytes are left."""
    sizes = []
    for file in folder.iterdir():
        with suppress(OSError):  # deleted by another process since it was listed
            status = file.stat()
            if file.is_file():
                sizes.append((status.st_mtime, status.st_size, file))
    excess = sum(size for _, size, _ in sizes) - limit
    for _, size, file in sorted(sizes):
        if excess <= 0:
            return
        if file != keep:
            with suppress(OSError):  # in use, on Windows
                file.unlink()
                excess -= size
