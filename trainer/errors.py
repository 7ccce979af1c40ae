"""Errors that a person reads: what is wrong, with which file, and what to try.

Everything raised on purpose derives from `FerError`; the command line prints it as one message
without a traceback and exits with `exit_code`.
"""

import errno
import sys
from collections.abc import Iterable
from difflib import get_close_matches


class FerError(Exception):
    """A failure with a reason (`str(error)`) and optionally a hint of what to try."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = str(self.args[0])
        return f"{message}\n{self.hint}" if self.hint else message


class UsageError(FerError):
    """Wrong arguments or configuration (exit code 2)."""

    exit_code = 2


class DataError(FerError):
    """A data set, image or video that cannot be used."""


class ModelFileError(FerError):
    """A model file that cannot be loaded: damaged, foreign, or not fitting its card."""


class RunStopped(FerError):
    """The user stopped a run; its checkpoint is complete (exit code 130)."""

    exit_code = 130


def meant(name: str, known: Iterable[str], command: str) -> str:
    """The hint for an unknown `name`: those `known` that are like it, and the `command` that lists
    all.
    """
    like = " or ".join(get_close_matches(name, known, cutoff=0.7))
    return f"Did you mean {like}? `{command}` lists all." if like else f"`{command}` lists them."


_DISK_HINTS = {
    errno.ENOSPC: "Make room on this disk.",
    errno.EDQUOT: "Your share of this disk is used up: make room.",
    errno.EROFS: "Nothing can be written on this disk: choose another place, or make it writable.",
    errno.EACCES: "Choose another place, or allow it.",
    errno.EPERM: "Choose another place, or allow it.",
}


def explained(error: Exception) -> FerError | None:
    """What a disk or a memory that takes no more means to a person; None when it is neither."""
    if isinstance(error, OSError) and error.errno in _DISK_HINTS:
        where = f"{error.filename}: " if error.filename else ""
        return FerError(f"{where}{error.strerror}", _DISK_HINTS[error.errno])
    if (
        is_out_of_memory(error)
        or isinstance(error, MemoryError)
        or (isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error))
    ):
        words = str(error).strip().partition("\n")[0]
        return FerError(
            words if "out of memory" in words else f"out of memory: {words}",
            "Close other programs that need much memory, or choose another device.",
        )
    return None


def is_out_of_memory(error: Exception) -> bool:
    """Whether a GPU's memory did not suffice. Loads no torch: without it none ran out."""
    known = getattr(sys.modules.get("torch"), "OutOfMemoryError", None)
    if known is not None and isinstance(error, known):
        return True
    # the driver and Metal raise the bare error
    return isinstance(error, RuntimeError) and "out of memory" in str(error)
