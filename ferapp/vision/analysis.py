"""What is known of one frame. An Analysis carries its own frame, so overlay and picture match."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ferapp.sources.frame import Frame


@dataclass(frozen=True, slots=True)
class FaceAnalysis:
    """One face of a frame.

    `to_crop` (2, 3) maps frame pixels (x, y, 1) to pixels of the aligned crop (S, S).
    `probabilities` (K,) are those of this frame alone, `smoothed` (K,) the displayed ones;
    both are empty without a model. `attribution` (S, S) is signed, in crop space.
    """

    face_id: int
    box: tuple[float, float, float, float]  # x, y, width, height in frame pixels
    landmarks: NDArray[np.float32]  # (68, 2) frame pixels
    crop: NDArray[np.uint8]  # (S, S) grey: exactly the pixels that the model is fed
    to_crop: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    smoothed: NDArray[np.float32]
    attribution: NDArray[np.float32] | None = None
    attributed_class: int | None = None  # the class whose score the attribution explains


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Milliseconds that each stage of one analysis took."""

    landmarks: float = 0.0
    align: float = 0.0
    model: float = 0.0  # with the attribution, when it is on
    convert: float = 0.0  # BGR → the picture that Qt paints

    @property
    def total(self) -> float:
        return self.landmarks + self.align + self.model + self.convert


@dataclass(frozen=True, slots=True)
class Analysis:
    """One frame and its faces, largest first. `picture` (H, W, 4) uint8 is BGRX, for painting."""

    frame: Frame
    faces: tuple[FaceAnalysis, ...]
    classes: tuple[str, ...]  # () while no model is loaded
    picture: NDArray[np.uint8]
    times: StageTimes = field(default_factory=StageTimes)
