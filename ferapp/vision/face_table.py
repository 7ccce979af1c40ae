"""The table of faces that `ferapp analyze` and a recording write: a row a face."""

import math
from collections.abc import Iterable

from ferapp.vision.signals import COLUMNS as SIGNAL_COLUMNS
from ferapp.vision.signals import SIGNALS
from ferapp.vision.types import Analysis

BOX = "of the face's box, in pixels of the source's picture, unmirrored"
EDGE = "0 is the middle of the first pixel; negative where the face reaches beyond the picture"
NO_FACE = "Empty in the row of a frame without a face."
# name → what it means; what `frame` and `time_s` count differs from source to source
FACE_COLUMNS = {
    "face_id": "Number of the face, from 0, the same as long as it is followed from frame to frame;"
    " out of sight for longer than about a second it gets another one. It tells nobody's identity,"
    f" and no two pictures of a folder have one in common. {NO_FACE}",
    "box_x": f"Left edge {BOX}; {EDGE}.",
    "box_y": f"Upper edge {BOX}; {EDGE}.",
    "box_w": f"Width {BOX}.",
    "box_h": f"Height {BOX}.",
    "label": "The class of the highest probability.",
    "confidence": "The probability of the label, from 1 / number of classes to 1.",
}
COLUMNS = ("frame", "time_s", *FACE_COLUMNS)
PROBABILITY = "p_"  # before the name of a class
COORDINATES = "pixels of the source's picture, unmirrored; 0, 0 is the centre of the first one"


def table_head(classes: tuple[str, ...]) -> list[str]:
    return [*COLUMNS, *(f"{PROBABILITY}{name}" for name in classes), *SIGNAL_COLUMNS]


def column_meanings(
    classes: tuple[str, ...], temperature: float, frame: str, time_s: str
) -> dict[str, str]:
    """What each column of `table_head` means, its unit and range; `frame` and `time_s` as given.

    `temperature` is that of the model's card.
    """
    calibrated = "not calibrated" if temperature == 1 else "calibrated by the model's temperature"
    probabilities = {
        f"{PROBABILITY}{name}": f"Probability of {name}, from 0 to 1; those of all classes add up "
        f"to 1. Of this frame alone, unsmoothed: softmax(logits / {temperature:g}), {calibrated}."
        for name in classes
    }
    signals = {
        each.column: f"{each.meaning} Mostly from {each.extent[0]:g} to {each.extent[1]:g}; empty "
        "where unknown."
        for each in SIGNALS
    }
    return {"frame": frame, "time_s": time_s, **FACE_COLUMNS, **probabilities, **signals}


def table_rows(analysis: Analysis) -> Iterable[list[str]]:
    """A row a face; one row with an empty face_id for a frame without any."""
    frame = [str(analysis.frame.index), f"{analysis.frame.time_s:.3f}"]
    if not analysis.faces:
        yield frame + [""] * (len(COLUMNS) - 2 + len(analysis.classes) + len(SIGNAL_COLUMNS))
    for face in analysis.faces:
        if face.prediction is None:
            raise ValueError("the table is made of faces with a prediction")
        probabilities = face.prediction.probabilities
        best = int(probabilities.argmax())
        yield [
            *frame,
            str(face.face_id),
            *(f"{value:.1f}" for value in face.box),
            face.prediction.classes[best],
            f"{probabilities[best]:.4f}",
            *(f"{value:.4f}" for value in probabilities),
            *("" if math.isnan(value) else f"{value:.4f}" for value in face.signals),
        ]
