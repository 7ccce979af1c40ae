"""Which overlays are drawn and how: one value for the view, snapshots and videos."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.types import Prediction
from trainer.attribution_methods import DEFAULT_METHOD


@dataclass(frozen=True, slots=True)
class OverlayStyle:
    """`target` is "predicted", "runner_up" or the name of a class."""

    boxes: bool = True
    landmarks: bool = True
    attribution: bool = True
    crop_frame: bool = False
    method: str = DEFAULT_METHOD  # of the maps, a name in OVERLAY_METHODS
    target: str = "predicted"
    signed: bool = True  # for and against the class, or the magnitude alone
    palette: str = "ember"  # one of `colour_maps.MAP_PALETTES`
    opacity: float = 0.6
    full_scale: float = 0.0  # attribution shown in full colour; 0: each map's own peak
    mirror: bool = False  # of the view only, never of snapshots and videos


@dataclass(frozen=True, slots=True)
class Overlay:
    """An overlay that can be switched off: its field of the style, its action in the window."""

    field: str
    title: str
    shortcut: str
    tip: str
    in_table: bool = False  # the tables of a recording suffice for it


OVERLAYS = (
    Overlay(
        "boxes",
        "Boxes",
        "B",
        "A box around each face with its label and confidence.",
        in_table=True,
    ),
    Overlay(
        "landmarks",
        "Landmarks",
        "L",
        "The 68 landmarks of each face. They also align the face for the model.",
    ),
    Overlay(
        "attribution",
        "Attribution",
        "A",
        "Which parts of the face speak for and against an expression.",
    ),
    Overlay(
        "crop_frame",
        "Crop frame",
        "V",
        "A thin line around what the model sees of each face.\n"
        "Attribution fades out towards it: beyond it the model knows nothing.",
    ),
)


def without_overlays(style: OverlayStyle) -> OverlayStyle:
    """The bare picture, as `style` shows it."""
    return replace(style, boxes=False, landmarks=False, attribution=False, crop_frame=False)


def target_class(prediction: Prediction, target: str) -> int:
    """Index of the class that `target` names for this face, by the displayed probabilities."""
    if target in prediction.classes:
        return prediction.classes.index(target)
    order = np.argsort(prediction.smoothed)[::-1]
    return int(order[1 if target == "runner_up" and len(order) > 1 else 0])


def displayed_map(
    prediction: Prediction | None, target: str
) -> tuple[int, NDArray[np.float32]] | None:
    """Class and map (S, S) to display: those of `target`, else the only one there is.

    None without a map.
    """
    attribution = prediction.attribution if prediction is not None else None
    if prediction is None or attribution is None or not attribution.targets:
        return None
    class_index = target_class(prediction, target)
    index = attribution.targets.index(class_index) if class_index in attribution.targets else 0
    return attribution.targets[index], attribution.maps[index]
