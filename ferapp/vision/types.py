"""Results of the analysis of one frame. They carry the frame, so overlay and picture match."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ferapp.sources.base import Frame
from ferapp.vision.hidden_areas import NOTHING_HIDDEN, Hidden
from trainer.attribution_methods import DEFAULT_METHOD
from trainer.prior import TRAINED

Box = tuple[float, float, float, float]  # x, y, width, height in frame pixels


class QualityKind(StrEnum):
    """Why a prediction deserves less trust."""

    SMALL = "small"  # too few pixels for the model's input
    TURNED = "turned"  # away from the camera
    DARK = "dark"
    BLURRED = "blurred"
    CUT_OFF = "cut_off"  # partly outside the picture
    UNSURE = "unsure"  # the model itself is


@dataclass(frozen=True, slots=True)
class QualityIssue:
    """`value` is beyond `limit`; `vision.quality` has the unit of each kind.

    NaN where only the doubt was stored.
    """

    kind: QualityKind
    value: float
    limit: float


@dataclass(frozen=True, slots=True)
class FaceMeasures:
    """What `vision.quality` measures on a face, and how certain the detector is of it.

    `face_px` is the width at the temples in frame pixels, `sharpness` 1 for a typical picture,
    `brightness` 0 to 255, `turned_deg` degrees away from the camera, up or sideways, `outside` the
    share of the landmarks outside the frame. `detection_score`, 0 to 1, is None where the face was
    merely followed from the last frame.
    """

    face_px: float
    sharpness: float
    brightness: float
    turned_deg: float
    outside: float
    detection_score: float | None = None


@dataclass(frozen=True, slots=True)
class Crop:
    """A face exactly as a model is fed.

    `pixels` (S, S) are grey, or (S, S, 3) RGB; `from_frame` (2, 3) maps frame pixels (x, y, 1) to
    crop pixels.
    `covered` (S, S) is how much of each pixel is hidden, 0 to 1; None while nothing is.
    """

    pixels: NDArray[np.uint8]
    from_frame: NDArray[np.float32]
    covered: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class AppliedModel:
    """A model that ran on the faces of a frame; `method` is the one that made its maps.

    `valence_arousal`: whether it has learned them. `prior` names the class shares that its
    probabilities assume, see `ClassPrior`.
    """

    classes: tuple[str, ...]
    method: str = DEFAULT_METHOD
    valence_arousal: bool = False
    prior: str = TRAINED


@dataclass(frozen=True, slots=True)
class Attribution:
    """Signed maps (M, S, S) of a prediction, in pixels of the crop.

    They may reach beyond the crop, by as much on each side.
    `targets` are the M classes that the maps explain: all of them where one backward pass yields
    them all, else one. `regions` (S, S) is a `face_regions.region_map`; `from_frame` (2, 3) maps
    frame pixels to those of the maps.
    """

    maps: NDArray[np.float32]
    targets: tuple[int, ...]
    regions: NDArray[np.uint8]
    from_frame: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Affect:
    """Valence and arousal, each from −1 to 1: `values` (2,) of this frame, `smoothed` (2,)."""

    values: NDArray[np.float32]
    smoothed: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The output of one model for one face.

    `probabilities` (K,) are those of this frame alone, `smoothed` (K,) the displayed ones. While
    a part of the face is hidden, `unmasked` (K,) is `smoothed` of the same face without hiding.
    `attention` (d,) are the weights of the features, for models that have them. `unsure` is set
    where the model gives no class a high probability. `affect` is there for models that have
    learned valence and arousal.
    """

    model: AppliedModel
    probabilities: NDArray[np.float32]
    smoothed: NDArray[np.float32]
    unmasked: NDArray[np.float32] | None = None
    attribution: Attribution | None = None
    attention: NDArray[np.float32] | None = None
    unsure: QualityIssue | None = None
    affect: Affect | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        return self.model.classes

    @property
    def top(self) -> int:
        """Index of the class with the highest displayed probability."""
        return int(self.smoothed.argmax())


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a frame, and the prediction of each compared model.

    `landmarks` (68, 2) are in frame pixels. `crop` is the input of the first model, or has the
    template's size without a model. Stored results have neither crops nor measures, and landmarks
    only where they were recorded. `signals` (S,) are the unsmoothed values of `signals.SIGNALS`,
    NaN where unknown. `predictions` has an entry for each of `Analysis.models`. `colour` is the
    index of its colour, see `face_colours`; None: that of its number.
    """

    face_id: int
    box: Box
    landmarks: NDArray[np.float32] | None
    crop: Crop | None
    signals: NDArray[np.float32]
    quality: tuple[QualityIssue, ...] = ()
    predictions: tuple[Prediction | None, ...] = ()
    measures: FaceMeasures | None = None
    colour: int | None = None

    @property
    def prediction(self) -> Prediction | None:
        """The first model's."""
        return self.predicted_by(0)

    def predicted_by(self, model: int) -> Prediction | None:
        """The prediction of the model with this index, if that model ran."""
        return self.predictions[model] if model < len(self.predictions) else None

    def issues(self, model: int = 0) -> tuple[QualityIssue, ...]:
        """The issues of the face itself, then the model's own."""
        prediction = self.predicted_by(model)
        unsure = prediction.unsure if prediction is not None else None
        return self.quality if unsure is None else (*self.quality, unsure)


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Milliseconds that each stage of one analysis took."""

    landmarks: float = 0.0
    align: float = 0.0
    model: float = 0.0  # with the attribution, if it is on
    convert: float = 0.0  # BGR → the picture that Qt paints

    @property
    def total(self) -> float:
        return self.landmarks + self.align + self.model + self.convert


@dataclass(frozen=True, slots=True)
class Analysis:
    """One frame and its faces, largest first. `picture` (H, W, 4) uint8 is BGRX, for painting.

    `models` are those that ran, in the order of `Face.predictions`; None stands for the first of
    two while only the second is loaded. `selected_id` is the id of the face that bars and plots
    show, whether it is in this frame or not; None selects the largest. `is_recorded`: the results
    are those stored for the frame, not computed now.
    """

    frame: Frame
    faces: tuple[Face, ...]
    picture: NDArray[np.uint8]
    models: tuple[AppliedModel | None, ...] = ()
    times: StageTimes = field(default_factory=StageTimes)
    hidden: Hidden = NOTHING_HIDDEN  # what the models did not see of the faces
    selected_id: int | None = None
    is_recorded: bool = False

    @property
    def model(self) -> AppliedModel | None:
        """The first model, if it ran."""
        return self.models[0] if self.models else None

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the first model; () if it did not run."""
        return self.model.classes if self.model is not None else ()

    @property
    def selected_face(self) -> Face | None:
        """The face that bars and plots show; None while it is out of sight."""
        if self.selected_id is None:
            return self.faces[0] if self.faces else None
        return next((face for face in self.faces if face.face_id == self.selected_id), None)
