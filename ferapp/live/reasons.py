"""Exceptions in words for a person."""

import sys

from trainer.errors import FerError


def reason(error: Exception) -> str:
    """What our own errors say; of others the kind and the first line."""
    if isinstance(error, FerError):
        return str(error)
    line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {line}" if line else type(error).__name__


def is_out_of_memory(error: Exception) -> bool:
    """Whether a GPU's memory did not suffice. Loads no torch: without it none ran out."""
    known = getattr(sys.modules.get("torch"), "OutOfMemoryError", None)
    if known is not None and isinstance(error, known):
        return True
    # the driver and Metal raise the bare error
    return isinstance(error, RuntimeError) and "out of memory" in str(error)
