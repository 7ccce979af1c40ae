"""Exceptions as text for a person."""

from trainer.errors import FerError


def error_text(error: Exception) -> str:
    """The message of our own errors; of others the kind and the first line."""
    if isinstance(error, FerError):
        return str(error)
    line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {line}" if line else type(error).__name__
