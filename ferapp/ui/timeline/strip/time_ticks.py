"""Readable times, and where ticks stand on an axis of time."""

import math

_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)  # s


def time_text(seconds: float, decimals: int = 0) -> str:
    """`0:42`, `1:02:03`, with a decimal `0:42.5`; before zero with a minus sign."""
    scale = 10**decimals
    units = round(abs(seconds) * scale)
    whole, part = divmod(units, scale)
    hours, minutes = whole // 3600, whole // 60 % 60
    text = f"{minutes}:{whole % 60:02}" if not hours else f"{hours}:{minutes:02}:{whole % 60:02}"
    text += f".{part:0{decimals}}" if decimals else ""
    return f"−{text}" if seconds < 0 and units else text


def ticks(start: float, end: float, most: int) -> tuple[list[float], int]:
    """Round times from `start` to `end`, at most about `most`; and the decimals that they need."""
    least = (end - start) / max(most, 1)
    step = next((step for step in _STEPS if step >= least), 3600 * math.ceil(least / 3600))
    first, last = math.ceil(start / step - 1e-9), math.floor(end / step + 1e-9)
    return [number * step for number in range(first, last + 1)], 1 if step < 1 else 0
