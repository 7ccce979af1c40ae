"""What is drawn over a picture, and how: one value for the view, the snapshot and the video."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.types import FaceAnalysis
from trainer.attribution_methods import DEFAULT_METHOD


@dataclass(frozen=True, slots=True)
class Look:
    """`target` is "predicted", "runner_up" or the name of a class."""

    boxes: bool = True
    landmarks: bool = True
    attribution: bool = True
    method: str = DEFAULT_METHOD  # of the maps, a name in OVERLAY_METHODS
    target: str = "predicted"
    signed: bool = True  # for and against, or the strength alone
    palette: str = "ember"
    opacity: float = 0.6
    full_scale: float = 0.0  # the attribution that has the full colour; 0: each map's own peak
    mirror: bool = False  # of the view only; snapshots and videos stay true


def explained_class(face: FaceAnalysis, classes: tuple[str, ...], target: str) -> int | None:
    """The class that `target` means for this face, by its smoothed probabilities."""
    if not face.smoothed.size:
        return None
    if target in classes:
        return classes.index(target)
    order = np.argsort(face.smoothed)[::-1]
    return int(order[1 if target == "runner_up" and len(order) > 1 else 0])


def map_of(
    face: FaceAnalysis, classes: tuple[str, ...], target: str
) -> tuple[int, NDArray[np.float32]] | None:
    """The class and the map (S, S) to show: the one asked for, else the one that there is."""
    wanted = explained_class(face, classes, target)
    if face.maps is None or not face.mapped or wanted is None:
        return None
    index = face.mapped.index(wanted) if wanted in face.mapped else 0
    return face.mapped[index], face.maps[index]
