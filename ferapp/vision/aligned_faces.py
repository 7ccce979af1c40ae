"""A detected face, as a model is fed: aligned crops; and what is measured on it besides."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.face_regions import region_map
from ferapp.vision.hidden_areas import NOTHING_HIDDEN, Hidden
from ferapp.vision.masking import hide
from ferapp.vision.quality import measure_face, quality_issues
from ferapp.vision.signals import measure_signals
from ferapp.vision.types import Attribution, Crop, Face, Prediction
from trainer.card import Preprocessing
from trainer.faces.align import TEMPLATE_SIDE, align_face, crop_face, transform_points
from trainer.faces.landmarker import DetectedFace

if TYPE_CHECKING:  # imports torch: video and landmarks run before it is loaded
    from ferapp.vision.classifier import Classifier


_TEMPLATE = Preprocessing(crop_size=TEMPLATE_SIDE, input_size=TEMPLATE_SIDE)  # without a model


@dataclass(frozen=True, slots=True)
class FaceCrops:
    """A detection aligned for one model, whose input is the crop less `margin` px on each side.

    `grey` is aligned to the template whatever the model sees: what is measured on a face does not
    depend on the model.
    """

    whole: NDArray[np.uint8]  # (S, S) grey or (S, S, 3) RGB, nothing hidden
    masked: NDArray[np.uint8]  # the same without the hidden areas
    grey: NDArray[np.uint8]  # (T, T)
    points: NDArray[np.float32]  # (68, 2) landmarks in pixels of the crop
    input_crop: Crop
    margin: int


def align_faces(
    image: NDArray[np.uint8],
    detections: list[DetectedFace],
    classifier: "Classifier | None",
    hidden: Hidden = NOTHING_HIDDEN,
) -> list[FaceCrops]:
    """The crops of the faces in a BGR (H, W, 3) image; without a model of the template's size."""
    sizes = _TEMPLATE if classifier is None else classifier.card.preprocessing
    is_usual = sizes.template == _TEMPLATE.template and sizes.colour == _TEMPLATE.colour
    size, margin = sizes.crop_size, sizes.margin
    faces = []
    for detection in detections:
        aligned = crop_face(image, detection.landmarks, sizes)
        grey = aligned.crop if is_usual else align_face(image, detection.landmarks).crop
        points = transform_points(aligned.matrix, detection.landmarks).astype(np.float32)
        masked, covered = aligned.crop, None
        if hidden:
            masked, covered = hide(aligned.crop, points, hidden)
        from_frame = aligned.matrix.copy()
        from_frame[:, 2] -= margin
        inner = slice(margin, size - margin)
        shown = covered[inner, inner] if covered is not None else None
        crop = Crop(masked[inner, inner], from_frame, shown)
        faces.append(FaceCrops(aligned.crop, masked, grey, points, crop, margin))
    return faces


def place_maps(
    maps: NDArray[np.float32], targets: NDArray[np.int64], face: FaceCrops
) -> Attribution:
    """Maps (M, s, s) of the classes `targets` (M,), with their place in the frame.

    s is the side of the model's input, or more where they reach beyond it on each side.
    """
    crop = face.input_crop
    beyond = (maps.shape[-1] - len(crop.pixels)) // 2
    regions = region_map(face.points - face.margin + beyond, maps.shape[-1])
    from_frame = crop.from_frame.copy()
    from_frame[:, 2] += beyond
    return Attribution(maps, tuple(targets.tolist()), regions, from_frame)


def describe_face(
    image: NDArray[np.uint8],
    face_id: int,
    detection: DetectedFace,
    crops: FaceCrops,
    prediction: Prediction | None,
) -> Face:
    """The face of an image (H, W, 3) with its signals, and how good its picture is."""
    height, width = image.shape[:2]
    measures = measure_face(crops.grey, detection.landmarks, (width, height), detection.score)
    return Face(
        face_id=face_id,
        box=detection.box,
        landmarks=detection.landmarks,
        crop=crops.input_crop,
        signals=measure_signals(detection.landmarks, detection.pose, detection.blendshapes),
        quality=quality_issues(measures),
        predictions=() if prediction is None else (prediction,),
        measures=measures,
    )
