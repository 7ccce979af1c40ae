"""One take: a countdown, then some pictures of the followed face. Timed by the pictures' own clock.

Nothing here touches the disk.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ferapp.personal.examples import TAKES, ExampleCount
from ferapp.recording.session import SessionFrame
from ferapp.sources.camera_info import DEMO, camera_text
from ferapp.sources.stream_address import URL
from ferapp.vision.types import Analysis, FaceAnalysis

COUNTDOWN_S = 3.0
PICTURES = 7  # of a take
APART_S = 0.2  # between two of them, so that they are not the same
_CHOOSE = "Choose your camera first: on the Live page in Source, or there with the key C."


class Phase(StrEnum):
    WAITING = "waiting"  # there is no face to follow
    COUNTDOWN = "countdown"
    RECORDING = "recording"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Shot:
    """`image` (H, W, 3) BGR; `landmarks` (68, 2) in its pixels."""

    image: NDArray[np.uint8]
    landmarks: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TakeState:
    """`reason` says to a person why it waits."""

    phase: Phase
    seconds: int = 0  # of the countdown, rounded up
    pictures: int = 0
    reason: str = ""


class Take:
    """Fed with each new analysis. Where the face goes away, or another comes, it begins anew."""

    def __init__(self) -> None:
        self.shots: tuple[Shot, ...] = ()
        self._began = 0.0
        self._last = 0.0
        self._face: int | None = None

    def see(self, analysis: Analysis) -> TakeState:
        if len(self.shots) >= PICTURES:
            return TakeState(Phase.DONE, pictures=len(self.shots))
        now, face, reason = analysis.frame.captured_at, analysis.face, trouble(analysis)
        if face is None or reason:
            self.shots, self._face = (), None
            return TakeState(Phase.WAITING, reason=reason)
        if face.face_id != self._face:
            self.shots, self._face, self._began = (), face.face_id, now
        left = self._began + COUNTDOWN_S - now
        if left > 0:
            return TakeState(Phase.COUNTDOWN, seconds=int(-(-left // 1)))
        if not self.shots or now - self._last >= APART_S:
            self._last = now
            self.shots = (*self.shots, Shot(analysis.frame.image, face.landmarks))
        phase = Phase.DONE if len(self.shots) >= PICTURES else Phase.RECORDING
        return TakeState(phase, pictures=len(self.shots))


def source_trouble(analysis: Analysis | None) -> str:
    """Why what plays gives no examples, in words; "" where it is a camera, or an address of one.

    Who agrees, agrees for the face in front of the camera, not for one in a clip.
    """
    frame = analysis.frame if analysis is not None else None
    if frame is None:
        return f"Nothing plays yet. {_CHOOSE}"
    if isinstance(frame, SessionFrame):
        return f"A recording plays. {_CHOOSE}"
    if not frame.source:
        return "What plays only fills the time until your camera does. It is not recorded."
    if frame.source == DEMO:
        return f"The demo clip plays. {_CHOOSE}"
    if camera_text(frame.source) is None and not URL.match(frame.source):
        return f"A file plays. {_CHOOSE}"
    return ""


def trouble(analysis: Analysis) -> str:
    """Why this picture is no example, in words; "" when it is one."""
    words = source_trouble(analysis)
    if words:
        return words
    if not _has_landmarks(analysis.face):
        return "No face in the picture. The countdown begins when yours is there."
    return ""


def _has_landmarks(face: FaceAnalysis | None) -> bool:
    return face is not None and face.landmarks.shape == (68, 2)


def next_prompt(counts: dict[str, ExampleCount], wanted: frozenset[str]) -> str | None:
    """The wanted class with the fewest takes, in the classes' order; None when all have theirs."""
    open_ones = [name for name in counts if name in wanted and counts[name].takes < TAKES]
    return min(open_ones, key=lambda name: counts[name].takes, default=None)
