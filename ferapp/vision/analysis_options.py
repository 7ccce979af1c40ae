"""What the analysis of a frame computes; replaced as a whole between two frames."""

from dataclasses import dataclass
from typing import Literal

from ferapp.vision.face_regions import Part
from trainer.attribution_methods import DEFAULT_METHOD

DEFAULT_FACES = 4
MAX_FACES = 8


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """`target` is the class to explain where one pass does not give the maps of all classes."""

    attribution: bool = True
    method: str = DEFAULT_METHOD  # of the maps, a name in OVERLAY_METHODS
    target: Literal["predicted", "runner_up"] | int = "predicted"
    smoothing_s: float = 0.3  # time constant of the displayed probabilities
    hidden: frozenset[Part] = frozenset()  # parts of the face that the model does not see
    max_faces: int = DEFAULT_FACES  # 1 to MAX_FACES; MediaPipe returns the most certain ones
