"""Stored results that are played back: those of a recording, or of a table with its source."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from pathlib import Path

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
    """One face of a recorded frame.

    `doubts` are names of `QualityKind`; `measures` has face_px, sharpness, brightness, turned_deg
    and detection_score as in `FaceMeasures`, NaN where unknown.
    """

    face_id: int
    box: tuple[float, float, float, float]  # x, y, width, height in frame pixels
    probabilities: NDArray[np.float32]  # (K,) of the classes, unsmoothed
    signals: NDArray[np.float32]  # (S,) of `vision.signals.SIGNALS`, NaN where unknown
    doubts: tuple[str, ...]
    measures: NDArray[np.float32]  # (5,)
    valence_arousal: NDArray[np.float32] | None = None  # (2,), of a model that has learned them
    details: RecordedDetails | None = None


@dataclass(frozen=True, slots=True)
class RecordedResults:
    """The results that were recorded for a frame."""

    classes: tuple[str, ...] = ()  # () where the model failed on the frame
    faces: tuple[RecordedFace, ...] = ()
    valence_arousal: bool = False  # whether the model has learned them


@dataclass(frozen=True, slots=True, eq=False)
class RecordedTable:
    """n faces in m frames, by time. The faces of frame i are `first[i]` up to `first[i + 1]`.

    `numbers` (m,) and `times` (m,) are those of the frames; a table at a rate of its own has no
    `numbers`. `files` (m,) are the pictures of a folder, else (). Of the faces: `face_ids` (n,),
    as corrected, `boxes` (n, 4), `probabilities` (n, K), `signals` (n, S), `measures` (n, 5),
    `valence_arousal` (n, 2) of a model that has learned them, and `doubts` (n,) joined by ";".
    """

    file: Path
    classes: tuple[str, ...]
    numbers: tuple[int, ...]
    times: tuple[float, ...]
    files: tuple[str, ...]
    first: NDArray[np.int64]
    face_ids: NDArray[np.int64]
    boxes: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    signals: NDArray[np.float32]
    measures: NDArray[np.float32]
    valence_arousal: NDArray[np.float32] | None
    doubts: tuple[str, ...]

    @property
    def step_s(self) -> float:
        """From one frame to the next, mostly; 0 with fewer than two."""
        return float(np.median(np.diff(self.times))) if len(self.times) > 1 else 0.0

    def by_number(self, number: int) -> int | None:
        """The frame with this number, or the last one before it."""
        place = bisect_right(self.numbers, number) - 1
        return place if place >= 0 else None

    def by_time(self, time_s: float) -> int | None:
        """The frame nearest to a time."""
        after = bisect_left(self.times, time_s)
        near = [place for place in (after - 1, after) if 0 <= place < len(self.times)]
        return min(near, key=lambda place: abs(self.times[place] - time_s), default=None)

    def results(self, place: int) -> RecordedResults:
        """Those of the frame with this index in the table."""
        affect = self.valence_arousal
        return RecordedResults(
            self.classes,
            tuple(
                RecordedFace(
                    int(self.face_ids[row]),
                    tuple(self.boxes[row].tolist()),
                    self.probabilities[row],
                    self.signals[row],
                    tuple(self.doubts[row].split(";")) if self.doubts[row] else (),
                    self.measures[row],
                    affect[row] if affect is not None else None,
                )
                for row in range(int(self.first[place]), int(self.first[place + 1]))
            ),
            affect is not None,
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """What happened at a moment: `mark` by a person, `hidden` areas, a source `lost`."""

    time_s: float
    kind: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ShownStimulus:
    """A stimulus that a person saw while a recording ran; times are the recording's.

    From `begin_s` until `onset_s` the fixation cross was on the screen, then the stimulus until
    `end_s`: inf where a crash cut the recording. `is_cut_short`: it was ended before its time.
    `fixation` and `seconds` are how long the list asks for; NaN where that is not known any more.
    """

    file: str  # as the list of stimuli names it
    condition: str
    begin_s: float
    onset_s: float
    end_s: float
    fixation: float
    seconds: float
    is_cut_short: bool = False


@dataclass(frozen=True, slots=True)
class MissingPictures:
    """Why a table plays without its pictures, and what to do about it.

    `can_locate`: the file or folder may be chosen, see `locate_pictures`.
    """

    message: str
    hint: str
    can_locate: bool = False


@dataclass(frozen=True, slots=True)
class Replay:
    """A recording, or a table with its source, that is played back with its `table` of results."""

    name: str
    model: str  # whose results were recorded
    table: RecordedTable
    marks: tuple[Mark, ...] = ()
    is_recording: bool = True  # False: a table of an analysis
    has_overlays: bool = False  # there is only the video with the results drawn into it
    is_complete: bool = True  # False when it was cut short, by a crash for example
    has_details: bool = False  # landmarks and maps were recorded, too
    model_hash: str = ""  # SHA-256 of the model's file; "": it does not replace the results
    missing: MissingPictures | None = None  # grey stands for the pictures
    stimuli: tuple[ShownStimulus, ...] = ()  # by time; those that were shown meanwhile
    is_reanalysed: bool = False  # a model analyses it, in place of the recorded results

    @property
    def can_reanalyse(self) -> bool:
        """Whether there are pictures that a model can see."""
        return not self.has_overlays and self.missing is None

    @property
    def shows_recorded_results(self) -> bool:
        """Whether no model analyses it."""
        return not (self.can_reanalyse and self.is_reanalysed)
