"""What a recording that is played back brings along: its results, its marks, what it is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class RecordedMap:
    """The displayed map (S, S) of a face, of the class with index `target`, by `method`.

    `from_frame` (2, 3) maps frame pixels (x, y, 1) to those of the map.
    """

    values: NDArray[np.float32]
    target: int
    from_frame: NDArray[np.float32]
    method: str


@dataclass(frozen=True, slots=True)
class RecordedDetails:
    """What a table does not hold of a face: `landmarks` (68, 2) in frame pixels, and its map."""

    landmarks: NDArray[np.float32]
    map: RecordedMap | None = None


@dataclass(frozen=True, slots=True)
class RecordedFace:
    """One face of a recorded frame."""

    face_id: int
    box: tuple[float, float, float, float]  # x, y, width, height in frame pixels
    probabilities: NDArray[np.float32]  # (K,) of the classes, unsmoothed
    signals: NDArray[np.float32]  # (S,) of `vision.signals.SIGNALS`, NaN where unknown
    valence_arousal: NDArray[np.float32] | None = None  # (2,), of a model that has learned them
    details: RecordedDetails | None = None


@dataclass(frozen=True, slots=True)
class RecordedResults:
    """The results that were recorded for a frame."""

    classes: tuple[str, ...] = ()  # () where the model failed on the frame
    faces: tuple[RecordedFace, ...] = ()
    valence_arousal: bool = False  # whether the model has learned them


@dataclass(frozen=True, slots=True)
class Mark:
    """What happened at a moment: `mark` by a person, `hidden` areas, a source `lost`."""

    time_s: float
    kind: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """A recording that is played back."""

    name: str
    model: str  # whose results were recorded
    marks: tuple[Mark, ...] = ()
    has_overlays: bool = False  # there is only the video with the results drawn into it
    is_complete: bool = True  # False when the recording was cut short, by a crash for example
    has_details: bool = False  # landmarks and maps were recorded, too
    model_hash: str = ""  # SHA-256 of the model's file; "" where it is not known
    is_reanalysed: bool = False  # a model analyses it, in place of the recorded results

    @property
    def shows_recorded_results(self) -> bool:
        """Whether no model analyses it."""
        return self.has_overlays or not self.is_reanalysed
