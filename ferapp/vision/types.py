"""What is known of one frame. An Analysis carries its own frame, so overlay and picture match."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ferapp.sources.base import Frame
from ferapp.vision.face_parts import Part
from ferapp.vision.signals import SIGNALS
from trainer.attribution_methods import DEFAULT_METHOD


class DoubtKind(StrEnum):
    """Why the probabilities of a face deserve less trust."""

    SMALL = "small"  # too few pixels for what the model looks at
    TURNED = "turned"  # away from the camera
    DARK = "dark"
    BLURRED = "blurred"
    CUT_OFF = "cut_off"  # partly outside the picture
    UNSURE = "unsure"  # the model itself is


@dataclass(frozen=True, slots=True)
class Doubt:
    """`value` is beyond `limit`; `vision.doubts` tells the unit of each kind."""

    kind: DoubtKind
    value: float
    limit: float


NOTHING: NDArray[np.float32] = np.zeros(0, np.float32)
NO_SIGNALS: NDArray[np.float32] = np.full(len(SIGNALS), np.nan, np.float32)


@dataclass(frozen=True, slots=True)
class FaceAnalysis:
    """One face of a frame.

    `to_crop` (2, 3) maps frame pixels (x, y, 1) to pixels of the aligned crop (S, S).
    `probabilities` (K,) are those of this frame alone, `smoothed` (K,) the displayed ones;
    both are empty without a model. `maps` (M, S, S) are signed attributions in crop space, one
    for each class in `mapped`: all K where they cost nothing, else the one that was asked for.
    `places` (S, S) says of each pixel to which of `parts.PLACES` it belongs, where there are maps.
    While parts of the face are hidden, `whole` (K,) is `smoothed` of the same face unhidden.
    `attention` (d,) are the weights of the features, of models that have them. `signals` (S,) are
    the unsmoothed values of `signals.SIGNALS`, NaN where unknown.
    """

    face_id: int
    box: tuple[float, float, float, float]  # x, y, width, height in frame pixels
    landmarks: NDArray[np.float32]  # (68, 2) frame pixels
    crop: NDArray[np.uint8]  # (S, S) grey: exactly the pixels that the model is fed
    to_crop: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    smoothed: NDArray[np.float32]
    maps: NDArray[np.float32] | None = None
    mapped: tuple[int, ...] = ()
    places: NDArray[np.uint8] | None = None
    attention: NDArray[np.float32] = field(default_factory=lambda: NOTHING)
    whole: NDArray[np.float32] = field(default_factory=lambda: NOTHING)
    doubts: tuple[Doubt, ...] = ()
    signals: NDArray[np.float32] = field(default_factory=lambda: NO_SIGNALS)


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
    """One frame and its faces, largest first. `picture` (H, W, 4) uint8 is BGRX, for painting.

    `other` is what a second model makes of the same faces, in the same order. `followed` is the id
    of the face that figures and plots are of, whether it is in this picture or not; None is the
    largest.
    """

    frame: Frame
    faces: tuple[FaceAnalysis, ...]
    classes: tuple[str, ...]  # () while no model is loaded
    picture: NDArray[np.uint8]
    times: StageTimes = field(default_factory=StageTimes)
    hidden: frozenset[Part] = frozenset()  # parts of the faces that the model did not see
    method: str = DEFAULT_METHOD  # of the maps: as asked for, or the default where that cannot be
    other: "Analysis | None" = None
    followed: int | None = None

    @property
    def face(self) -> FaceAnalysis | None:
        """The face that figures and plots are of; None while it is out of sight."""
        if self.followed is None:
            return self.faces[0] if self.faces else None
        return next((face for face in self.faces if face.face_id == self.followed), None)
