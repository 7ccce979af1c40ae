"""Checks of what scripts pass, with errors in the words of Python rather than of the command."""

import operator

from trainer.errors import UsageError


def check_whole_number(name: str, value: object, least: int, most: int | None = None) -> None:
    """Raise UsageError where the argument `name` is no whole number from `least` to `most`."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or number < least or (most is not None and number > most):
        end = "on" if most is None else f"to {most}"
        raise UsageError(f"{name}={value!r}: {name} is a whole number from {least} {end}")
