"""One process at a time writes a file or a folder: the second is refused, not mixed in."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from trainer.errors import UsageError


def lock_file(path: Path) -> Path:
    """The hidden file beside `path` that is locked while something writes `path`."""
    resolved = path.resolve()  # a link and its target are one file
    return resolved.with_name(f".{resolved.name}.lock")


@contextmanager
def only_writer(path: Path, refusal: UsageError) -> Iterator[None]:
    """Keep other processes from writing `path`, a file or folder that need not exist.

    The lock is the system's and ends with the process, however that ends: a lock file that a
    killed process left behind keeps nobody out. Where none can be created, as for a pipe or in a
    folder that is missing or read-only, nothing is locked.
    Raises `refusal` while another process writes `path`.
    """
    is_other = path.exists() and not (path.is_file() or path.is_dir())
    if is_other or not path.resolve().parent.is_dir():
        yield
        return
    file = lock_file(path)
    lock = FileLock(file)
    with ExitStack() as held:
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise refusal from error
        except (OSError, NotImplementedError):  # a file system without locks, or a full one
            pass
        else:
            held.callback(lock.release)
            held.callback(_remove, file)  # first: while it is ours
        yield


def _remove(file: Path) -> None:
    with suppress(OSError):  # Windows keeps a file that is open
        file.unlink()
