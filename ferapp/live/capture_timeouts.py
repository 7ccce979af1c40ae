"""How long the capture waits for what may never come."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CaptureTimeouts:
    """Seconds after which the capture acts."""

    stalled: float = 3.0  # without a frame from a live source
    repeating: float = 1.0  # with the same picture
    retry: float = 2.0  # between attempts to open, and between checks of a silent device
    notice: float = 6.0  # a notice that asks for nothing disappears
    close: float = 2.0  # a driver that hangs longer is left to the end of the process
    tick: float = 0.1
