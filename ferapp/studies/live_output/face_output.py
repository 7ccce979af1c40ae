"""What live output is to the rest of the app: one Protocol, implemented for LSL and for OSC."""

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from ferapp.studies.live_output.face_values import FaceValues, SentModel
from trainer.errors import FerError

CLOCK_PAIRS = 50  # readings of two clocks, of which the closest counts


class NotSentError(FerError):
    """This could not be sent, for a reason that may pass."""


class FaceOutput(Protocol):
    """Used by one thread. Times are of `time.perf_counter()`, when the picture arrived.

    Every method may raise NotSentError; any other exception ends the output.
    """

    @property
    def notice(self) -> str:
        """What is unusual although everything is sent, for the user; ""."""

    def use_model(self, model: SentModel) -> None:
        """The faces from here on are this model's: describe its classes, in their order."""

    def send(self, faces: Mapping[int, FaceValues], capture_time: float) -> None:
        """The faces of one frame, by their seat; none where the frame has none."""

    def marker(self, text: str, capture_time: float) -> None: ...

    def close(self) -> None: ...


def clock_offset(clock: Callable[[], float]) -> float:
    """Seconds to add to `time.perf_counter()` for the time of `clock`.

    Of several readings between two of `perf_counter`, the one between the closest two counts: it
    is exact to half their distance, about a microsecond.
    """
    offset, width = 0.0, float("inf")
    for _ in range(CLOCK_PAIRS):
        before = time.perf_counter()
        there = clock()
        after = time.perf_counter()
        if after - before < width:
            offset, width = there - (before + after) / 2, after - before
    return offset
