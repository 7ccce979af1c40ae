"""What the Inspect page shows: an opened evaluation, and one sample of it looked at closely."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.review.evaluation import Evaluation

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Inspected:
    """An evaluation, its samples' pictures and the model, where they are still there.

    `source` is what opens it again, `picture` reads one of a row (h, w) grey from the disk, `note`
    says what is missing, and why. `classified_by` is the model's name, where it is known.
    """

    source: str
    evaluation: Evaluation
    picture: Callable[[int], NDArray[np.uint8] | None]
    model: Path | None
    review: Path
    note: str = ""
    classified_by: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """Why one class: its signed `map` (s, s), and how far that lies where it should.

    `action_units` (s, s) in 0–1 are those of the class; `au_cosine` is the cosine with the map's
    positive part, `landmark_r` Pearson's r with the landmarks' heatmap at the layer's resolution.
    They are None where the picture has no landmarks or the class no action units.
    """

    name: str
    map: Map
    action_units: Map | None
    au_cosine: float | None
    landmark_r: float | None


@dataclass(frozen=True, slots=True)
class Examined:
    """`crop` (s, s) is what the model saw, `landmarks` (68, 2) lie in its px.

    `true` is None for a sample without a label. `heat` (s, s) is the landmarks' heatmap.
    `attention` (d,) are the weights of the features, of models that have them.
    """

    crop: NDArray[np.uint8]
    landmarks: Map | None
    true: Explained | None
    predicted: Explained
    heat: Map | None
    attention: Map
    method: str
