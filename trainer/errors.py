"""Errors written for users: what is wrong, with which file, and what to try.

All of them derive from `FerError`; the command line prints one as a message without a traceback
and exits with its `exit_code`.
"""

import errno
import sys
from collections.abc import Iterable
from difflib import get_close_matches

from trainer.shown_text import shown_name, shown_text


class FerError(Exception):
    """A failure with a reason (`str(error)`) and optionally a hint of what to try."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(shown_text(message))  # it may hold a name that no terminal should get
        self.hint = shown_text(hint)

    def __str__(self) -> str:
        message = str(self.args[0])
        return f"{message}\n{self.hint}" if self.hint else message


class UsageError(FerError):
    """Wrong arguments or configuration (exit code 2)."""

    exit_code = 2


class DataError(FerError):
    """A data set, image or video that cannot be used."""


class ModelFileError(FerError):
    """A model file that cannot be loaded: damaged, of another project, or unlike its card."""


class NoSuchModel(ModelFileError):
    """A name or a path that is no model: the wrong argument (exit code 2)."""

    exit_code = 2


class Diverged(FerError):
    """A training that learns nothing any more; the hint names a learning rate to try."""


class RunStopped(FerError):
    """The user stopped a run; its checkpoint is complete (exit code 130)."""

    exit_code = 130


def did_you_mean(name: str, known: Iterable[str], command: str) -> str:
    """A hint for an unknown `name`: similar names in `known`, and the `command` that lists all."""
    similar = " or ".join(get_close_matches(name, known, cutoff=0.7))
    return (
        f"Did you mean {similar}? `{command}` lists all." if similar else f"`{command}` lists them."
    )


_DISK_HINTS = {
    errno.ENOSPC: "Free space on this disk.",
    errno.EDQUOT: "Your quota on this disk is used up: free space.",
    errno.EROFS: "This disk is read-only: choose another folder, or make it writable.",
    errno.EACCES: "Choose another folder, or change its permissions.",
    errno.EPERM: "Choose another folder, or change its permissions.",
}


def explain_resource_error(error: Exception) -> FerError | None:
    """A full or read-only disk, full memory, a limit of threads or too long a name, for users.

    None for other errors.
    """
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return UsageError(
            f"{shown_name(str(error.filename))}: this name is longer than the system allows",
            "Choose a shorter one.",
        )
    if isinstance(error, OSError) and error.errno in _DISK_HINTS:
        where = f"{shown_name(str(error.filename))}: " if error.filename else ""
        return FerError(f"{where}{error.strerror}", _DISK_HINTS[error.errno])
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return FerError(
            "This system lets the program start no more threads",
            "Raise the limit (ulimit -u, ulimit -v, or the container's), or end programs.",
        )
    if isinstance(error, ImportError) and "failed to map segment" in str(error):
        return FerError(
            f"out of memory: a library cannot be loaded ({error})",
            "Raise the limit of ulimit -v or of the container, or close programs.",
        )
    if (
        is_out_of_memory(error)
        or isinstance(error, MemoryError)
        or (isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error))
    ):
        message = str(error).strip().partition("\n")[0]
        return FerError(
            message if "out of memory" in message else f"out of memory: {message}",
            "Close programs that use much memory, or choose another device.",
        )
    return None


def is_out_of_memory(error: Exception) -> bool:
    """Whether a GPU ran out of memory. Does not import torch: without it no GPU is in use."""
    kind = getattr(sys.modules.get("torch"), "OutOfMemoryError", None)
    if kind is not None and isinstance(error, kind):
        return True
    # the driver and Metal raise a plain RuntimeError
    return isinstance(error, RuntimeError) and "out of memory" in str(error)


def error_text(error: Exception) -> str:
    """An exception for a person: the message of our own errors; of others kind and first line."""
    if isinstance(error, FerError):
        return str(error)
    line = shown_text(str(error).strip().partition("\n")[0])
    return f"{type(error).__name__}: {line}" if line else type(error).__name__
