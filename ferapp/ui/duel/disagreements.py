"""Moments at which both sides disagree: how they are detected, and which are kept. No Qt."""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass

from ferapp.vision.types import Analysis

MIN_FRAMES = 5  # that a change of agreement lasts; a shorter one is flicker
MAX_PINS = 24
MAX_BYTES = 48 * 2**20  # of the kept pictures
SAME_MOMENT_S = 1.0  # a clip that plays again shows its disagreements again


class DisagreementDetector:
    """Reports a disagreement once, when it has lasted `min_frames` frames in a row.

    An agreement ends it, and another disagreement replaces it, only after lasting as long.
    """

    def __init__(self, min_frames: int = MIN_FRAMES) -> None:
        self._min_frames = min_frames
        self._subject: Hashable = None
        self._state: Hashable = None  # the disagreement that lasts; None while both agree
        self._next: Hashable = None  # what the latest frames say
        self._count = 0  # of those frames

    def add(self, subject: Hashable, disagreement: Hashable) -> bool:
        """Whether a disagreement is reported with this frame.

        `disagreement` is what both say, None where they agree. Frames of another `subject`, such as
        another face or another segment, do not continue those before.
        """
        if subject != self._subject:
            self._subject, self._state, self._count = subject, None, 0
        self._count = self._count + 1 if disagreement == self._next and self._count else 1
        self._next = disagreement
        if self._count < self._min_frames or disagreement == self._state:
            return False
        self._state = disagreement
        return disagreement is not None


@dataclass(frozen=True, slots=True, eq=False)
class Pin:
    """A kept moment: what both sides say, as text, and when.

    `analysis` has one face, and the picture around it alone.
    """

    analysis: Analysis
    texts: tuple[str, str]
    time: str

    @property
    def tip(self) -> str:
        return f"{self.time}: {', '.join(self.texts)}.\nClick to hold this frame. Esc goes back."


class Pins:
    """The latest pins, oldest first: at most MAX_PINS, with pictures of MAX_BYTES together."""

    def __init__(self, max_pins: int = MAX_PINS, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._pins: deque[Pin] = deque(maxlen=max_pins)
        self.total = 0  # with those that had to go

    @property
    def all(self) -> tuple[Pin, ...]:
        return tuple(self._pins)

    def add(self, pin: Pin) -> bool:
        """False if the same moment of the same file is pinned already."""
        if any(_is_same_moment(pin, other) for other in self._pins):
            return False
        self.total += 1
        self._pins.append(pin)
        while len(self._pins) > 1 and sum(_bytes(pin) for pin in self._pins) > self._max_bytes:
            self._pins.popleft()
        return True

    def clear(self) -> None:
        self._pins.clear()
        self.total = 0


def _bytes(pin: Pin) -> int:
    return pin.analysis.picture.nbytes


def _is_same_moment(first: Pin, second: Pin) -> bool:
    a, b = first.analysis.frame.position_s, second.analysis.frame.position_s
    if a is None or b is None:
        return False
    return first.texts == second.texts and abs(a - b) < SAME_MOMENT_S
