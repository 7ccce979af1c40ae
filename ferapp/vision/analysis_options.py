"""What the analysis of a frame does; replaced as a whole between two frames."""

from dataclasses import dataclass
from typing import Literal

from ferapp.vision.face_parts import Part
from trainer.attribution_methods import DEFAULT_METHOD

FACES = 4
MOST_FACES = 8


@dataclass(frozen=True, slots=True)
class Options:
    """`target` is the class that a map explains where one forward does not give all classes."""

    attribution: bool = True
    method: str = DEFAULT_METHOD  # of the maps, a name in OVERLAY_METHODS
    target: Literal["predicted", "runner_up"] | int = "predicted"
    smoothing_s: float = 0.3  # time constant of the displayed probabilities
    hidden: frozenset[Part] = frozenset()  # parts of the face that the model does not see
    max_faces: int = FACES  # 1 to MOST_FACES; MediaPipe takes those that it is surest of
