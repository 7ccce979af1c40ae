"""One take: a countdown, then a few pictures of the followed face. Timed by the frames' arrival.

Nothing here touches the disk.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ferapp.personal.examples import TAKES, ExampleCount
from ferapp.sources.camera_info import DEMO, parse_camera_uri
from ferapp.sources.stream_address import URL
from ferapp.vision.types import Analysis

COUNTDOWN_S = 3.0
SHOTS = 7  # in a take
SHOT_INTERVAL_S = 0.2  # so that the pictures differ
_CHOOSE = "Choose your camera first: on the Live page in Source, or there with the key C."


class TakePhase(StrEnum):
    WAITING = "waiting"  # there is no face to follow
    COUNTDOWN = "countdown"
    RECORDING = "recording"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class FrameShot:
    """`image` (H, W, 3) BGR; `landmarks` (68, 2) in its pixels."""

    image: NDArray[np.uint8]
    landmarks: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TakeState:
    """`reason` tells a person why it waits."""

    phase: TakePhase
    seconds: int = 0  # of the countdown, rounded up
    pictures: int = 0
    reason: str = ""


class TakeSession:
    """Gets each new analysis. It starts over when the face disappears, or another one appears."""

    def __init__(self) -> None:
        self.shots: tuple[FrameShot, ...] = ()
        self._began = 0.0
        self._last_shot_at = 0.0
        self._face_id: int | None = None

    def add(self, analysis: Analysis) -> TakeState:
        if len(self.shots) >= SHOTS:
            return TakeState(TakePhase.DONE, pictures=len(self.shots))
        now, face, problem = (
            analysis.frame.captured_at,
            analysis.selected_face,
            frame_problem(analysis),
        )
        if face is None or face.landmarks is None or problem:
            self.shots, self._face_id = (), None
            return TakeState(TakePhase.WAITING, reason=problem)
        if face.face_id != self._face_id:
            self.shots, self._face_id, self._began = (), face.face_id, now
        left = self._began + COUNTDOWN_S - now
        if left > 0:
            return TakeState(TakePhase.COUNTDOWN, seconds=int(-(-left // 1)))
        if not self.shots or now - self._last_shot_at >= SHOT_INTERVAL_S:
            self._last_shot_at = now
            self.shots = (*self.shots, FrameShot(analysis.frame.image, face.landmarks))
        phase = TakePhase.DONE if len(self.shots) >= SHOTS else TakePhase.RECORDING
        return TakeState(phase, pictures=len(self.shots))


def source_problem(analysis: Analysis | None) -> str:
    """Why what plays gives no examples, for a person; "" for a camera, or an address of one.

    Consent is for the face in front of the camera, not for one in a clip.
    """
    frame = analysis.frame if analysis is not None else None
    if frame is None:
        return f"Nothing plays yet. {_CHOOSE}"
    if frame.recorded is not None:
        return f"Stored results play. {_CHOOSE}"
    if not frame.source:
        return "The demo clip plays until your camera does. It is not recorded."
    if frame.source == DEMO:
        return f"The demo clip plays. {_CHOOSE}"
    if parse_camera_uri(frame.source) is None and not URL.match(frame.source):
        return f"A file plays. {_CHOOSE}"
    return ""


def frame_problem(analysis: Analysis) -> str:
    """Why this frame is no example, for a person; "" when it is one."""
    problem = source_problem(analysis)
    if problem:
        return problem
    face = analysis.selected_face
    if face is None or face.landmarks is None:
        return "No face in the picture. The countdown begins when yours is there."
    return ""


def next_prompt(counts: dict[str, ExampleCount], selected: frozenset[str]) -> str | None:
    """The selected class with the fewest takes, in class order; None when all are complete."""
    incomplete = [name for name in counts if name in selected and counts[name].takes < TAKES]
    return min(incomplete, key=lambda name: counts[name].takes, default=None)
