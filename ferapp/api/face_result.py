"""A face, as scripts get it: what the model says of it, and why."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.api.notebook_html import face_html
from ferapp.vision import types
from ferapp.vision.aligned_faces import FaceCrops, place_maps
from ferapp.vision.signals import COLUMNS
from ferapp.vision.types import Attribution, Box, Prediction
from trainer.errors import UsageError

if TYPE_CHECKING:
    from ferapp.vision.classifier import Classifier


class HeadPose(NamedTuple):
    """Degrees, relative to the camera's axis; left and right are the person's own.

    `yaw` is positive where the head is turned to the left, `pitch` where it looks up, `roll` where
    it leans to the left shoulder. NaN where unknown.
    """

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """How good the picture of a face is; the columns of `ferapp analyze` have the same names.

    `detection_score`, 0 to 1, is the detector's certainty, None where it was not asked; `face_px`
    the width at the temples in pixels; `sharpness` 1 for a typical picture, less where blurred;
    `brightness` the mean grey, 0 to 255; `turned_deg` degrees away from the camera. `doubts` says
    why the label deserves less trust: small, turned, dark, blurred, cut_off, unsure.
    """

    detection_score: float | None
    face_px: float
    sharpness: float
    brightness: float
    turned_deg: float
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FaceOrigin:
    """What a face needs to be explained and drawn: the pipeline's result, its crops, the model."""

    result: types.Face
    crops: FaceCrops
    classifier: "Classifier"
    height: int  # of its picture, in pixels
    width: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Face:
    """One face of a picture.

    - `label`: the expression that it apparently shows, the class of the highest probability.
    - `confidence`: that probability, 0 to 1.
    - `probabilities`: of every class; they add up to 1.
    - `box`: x, y, width, height in pixels of the picture; the first pixel's centre is (0, 0).
    - `landmarks`: (68, 2) float32, the iBUG points (x, y) in pixels of the picture.
    - `pose`: yaw, pitch, roll in degrees.
    - `action_units`: MediaPipe's activations, 0 to 1, by the names of the table: "au01" to "au45".
    - `quality`: how good its picture is, and why the label may be in doubt.
    """

    label: str
    confidence: float
    probabilities: dict[str, float]
    box: Box
    landmarks: NDArray[np.float32]
    pose: HeadPose
    action_units: dict[str, float]
    quality: FaceQuality
    origin: FaceOrigin

    @classmethod
    def of(cls, origin: FaceOrigin) -> "Face":
        """The face of a result that has landmarks, measures and a prediction."""
        result, prediction = origin.result, origin.result.prediction
        assert prediction is not None
        assert result.landmarks is not None
        values = prediction.probabilities.tolist()
        best = int(prediction.probabilities.argmax())
        signals = dict(zip(COLUMNS, result.signals.tolist(), strict=True))
        return cls(
            label=prediction.classes[best],
            confidence=values[best],
            probabilities=dict(zip(prediction.classes, values, strict=True)),
            box=result.box,
            landmarks=result.landmarks,
            pose=HeadPose(signals["yaw_deg"], signals["pitch_deg"], signals["roll_deg"]),
            action_units={n: v for n, v in signals.items() if n.startswith("au")},
            quality=_quality(result),
            origin=origin,
        )

    def explain(self, method: str = "", target: str | int = "predicted") -> NDArray[np.float32]:
        """Which places speak for an expression (above 0) and which against it (below 0).

        (H, W) float32 over the whole picture, 0 outside of what the model sees of the face.
        `method` is any of `trainer.attribution.METHODS` that the model can serve, or
        "action_units", where the expression shows on a face by FACS; by default Grad × Input, or
        what a model without gradients has instead. `target` is a class, by name
        or number, "predicted" or "runner_up". Raises UsageError that lists the known ones.
        """
        found = self._attribution(method, target)
        size = self.origin.width, self.origin.height
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        placed = cv2.warpAffine(found.maps[0], found.from_frame, size, flags=flags)
        return np.asarray(placed, np.float32)

    def explained(self, method: str, target: str | int) -> types.Face:
        """The pipeline's face with that map, to be drawn."""
        result = self.origin.result
        assert result.prediction is not None
        attribution = self._attribution(method, target)
        predictions = (replace(result.prediction, attribution=attribution),)
        return replace(result, predictions=predictions)

    def _attribution(self, method: str, target: str | int) -> Attribution:
        crops, prediction = self.origin.crops, self.origin.result.prediction
        assert prediction is not None
        number = _class_number(prediction, target)
        classifier = self.origin.classifier
        method = method or classifier.default_method
        explained = classifier.explain(crops.whole, method, number, crops.points)
        return place_maps(explained[None], np.array([number]), crops)

    def __repr__(self) -> str:
        x, y, width, height = self.box
        doubts = f", doubts: {', '.join(self.quality.doubts)}" if self.quality.doubts else ""
        return (
            f"<Face {self.label} {self.confidence:.0%}, {width:.0f} × {height:.0f} px "
            f"at ({x:.0f}, {y:.0f}){doubts}>"
        )

    def _repr_html_(self) -> str:
        return face_html(self)


def _class_number(prediction: Prediction, target: str | int) -> int:
    """The class that `target` names for this face. Raises UsageError."""
    names = prediction.classes
    if isinstance(target, str):
        ranked = np.argsort(prediction.probabilities)[::-1].tolist()
        if target in names:
            return names.index(target)
        if target == "predicted":
            return int(ranked[0])
        if target == "runner_up" and len(names) > 1:
            return int(ranked[1])
    elif isinstance(target, int | np.integer) and 0 <= target < len(names):
        return int(target)
    raise UsageError(
        f"there is no class {target!r} to explain",
        f"Known: predicted, runner_up, {', '.join(names)}, or a number below {len(names)}.",
    )


def _quality(result: types.Face) -> FaceQuality:
    measured = result.measures
    assert measured is not None
    return FaceQuality(
        detection_score=measured.detection_score,
        face_px=measured.face_px,
        sharpness=measured.sharpness,
        brightness=measured.brightness,
        turned_deg=measured.turned_deg,
        doubts=tuple(str(issue.kind) for issue in result.issues()),
    )
