"""What is sent of a face: its numbers in a fixed order, with a label and a unit each.

The labels and the values are those of the table of faces (`ferapp.vision.face_table`), unsmoothed.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.face_table import AFFECT_COLUMNS, PROBABILITY
from ferapp.vision.quality import unsure_issue
from ferapp.vision.signals import SIGNALS
from ferapp.vision.types import Face, QualityKind

FACE_ID = "face_id"
DOUBTS = tuple(QualityKind)
DOUBT = "doubt_"  # before the name of a doubt


@dataclass(frozen=True, slots=True)
class SentModel:
    """The model whose answers are sent; its classes decide the channels."""

    name: str
    classes: tuple[str, ...]
    valence_arousal: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """`kind` and `unit` are the channel's `type` and `unit` in XDF's conventions."""

    label: str
    kind: str
    unit: str


@dataclass(frozen=True, slots=True)
class FaceValues:
    """The numbers of one face in one frame; nothing that holds a picture.

    `probabilities` (K,) are of this frame alone, None where the model failed; `signals` (S,) are
    those of `vision.signals.SIGNALS`, NaN where unknown; `affect` (2,) is valence and arousal.
    """

    face_id: int
    probabilities: NDArray[np.float32] | None
    signals: NDArray[np.float32]
    affect: NDArray[np.float32] | None
    doubts: frozenset[QualityKind]


def channels(model: SentModel) -> tuple[Channel, ...]:
    """The channels of a face, in the order of `values_in_order`."""
    affect = AFFECT_COLUMNS if model.valence_arousal else ()
    return (
        Channel(FACE_ID, "ObjectId", "number"),
        *(Channel(f"{PROBABILITY}{name}", "Probability", "normalized") for name in model.classes),
        *(
            Channel(signal.column, *_kind_and_unit(signal.column, signal.degrees))
            for signal in SIGNALS
        ),
        *(Channel(name, "Affect", "normalized") for name in affect),
        *(Channel(f"{DOUBT}{kind}", "Doubt", "boolean") for kind in DOUBTS),
    )


def values_in_order(model: SentModel, face: FaceValues) -> list[float]:
    """One value for each of `channels`; NaN where it is unknown."""
    return [
        float(face.face_id),
        *probabilities_of(model, face),
        *face.signals.tolist(),
        *affect_of(model, face),
        *(float(kind in face.doubts) for kind in DOUBTS),
    ]


def probabilities_of(model: SentModel, face: FaceValues) -> list[float]:
    """(K,), NaN where the model failed on the frame."""
    if face.probabilities is None:
        return [math.nan] * len(model.classes)
    return list(face.probabilities.tolist())


def affect_of(model: SentModel, face: FaceValues) -> list[float]:
    """Valence and arousal; [] of a model that has not learned them."""
    if not model.valence_arousal:
        return []
    return [math.nan] * len(AFFECT_COLUMNS) if face.affect is None else list(face.affect.tolist())


def face_values(face: Face) -> FaceValues:
    """The numbers of the first model; doubts are judged as in the table, by this frame alone."""
    prediction = face.prediction
    issues = list(face.quality)
    unsure = unsure_issue(prediction.probabilities) if prediction is not None else None
    if unsure is not None:
        issues.append(unsure)
    return FaceValues(
        face.face_id,
        prediction.probabilities if prediction is not None else None,
        face.signals,
        prediction.affect.values if prediction is not None and prediction.affect else None,
        frozenset(issue.kind for issue in issues),
    )


class Seats:
    """Gives each face a number, from 1 on, that stays while it is tracked.

    The numbers name streams and addresses, so they are few and start again at the lowest one that
    is free: one person alone is always number 1, whatever becomes of the tracking. Who comes back
    sits where they sat, unless somebody else does now.
    """

    def __init__(self) -> None:
        self._last: dict[int, int] = {}  # seat → the face that sat there last

    def assign(self, face_ids: Iterable[int]) -> dict[int, int]:
        """The seat of each of the faces of one frame."""
        present = list(face_ids)
        seats = {face: seat for seat, face in self._last.items() if face in present}
        taken = set(seats.values())
        for face in present:
            if face not in seats:
                seats[face] = next(n for n in range(1, len(present) + 1) if n not in taken)
                taken.add(seats[face])
                self._last[seats[face]] = face
        return seats


def _kind_and_unit(column: str, is_angle: bool) -> tuple[str, str]:
    if is_angle:
        return "Orientation", "degrees"
    return ("ActionUnit", "normalized") if column.startswith("au") else ("EyeOpenness", "ratio")
