"""The table of faces that `ferapp analyze` and recordings write: one row per face."""

import math
from collections.abc import Iterable

from ferapp.vision import quality
from ferapp.vision.quality import unsure_issue
from ferapp.vision.signals import COLUMNS as SIGNAL_COLUMNS
from ferapp.vision.signals import SIGNALS
from ferapp.vision.types import Analysis, AppliedModel, Face, Prediction, QualityKind
from trainer.prior import TRAINED

# kind → what it means in the table
DOUBTS = {
    QualityKind.SMALL: f"face_px below {quality.SMALL:g}",
    QualityKind.TURNED: f"turned_deg above {quality.TURNED:g}",
    QualityKind.DARK: f"brightness below {quality.DARK:g}",
    QualityKind.BLURRED: f"sharpness below {quality.BLURRED:g}, where not small",
    QualityKind.CUT_OFF: f"more than {quality.CUT_OFF:.0%} of the landmarks outside the picture",
    QualityKind.UNSURE: f"confidence below {quality.UNSURE:g}",
}
BOX = "of the face's box, in pixels of the source, unmirrored"
ORIGIN = "0 is the centre of the first pixel; negative where the face extends beyond the picture"
NO_FACE = "Empty in the row of a frame without a face."
# name → meaning; that of `frame` and `time_s` differs between sources
FACE_COLUMNS = {
    "face_id": "Number of the face, from 0, constant while it is tracked from frame to frame;"
    " whoever comes back looking as before keeps it for five minutes, and gets a new one where that"
    " is in doubt. It identifies nobody beyond this source, and is never shared by two pictures of"
    f" a folder. {NO_FACE}",
    "box_x": f"Left edge {BOX}; {ORIGIN}.",
    "box_y": f"Upper edge {BOX}; {ORIGIN}.",
    "box_w": f"Width {BOX}.",
    "box_h": f"Height {BOX}.",
    "label": "The class of the highest probability.",
    "confidence": "The probability of the label, from 1 / number of classes to 1.",
}
COLUMNS = ("frame", "time_s", *FACE_COLUMNS)
PROBABILITY = "p_"  # before the name of a class
RATED = "from -1 to 1, as people rated the pictures that the model learned from, unsmoothed"
AFFECT_COLUMNS = {  # of models that have learned them
    "valence": f"How pleasant the face appears, {RATED}.",
    "arousal": f"How excited the face appears, {RATED}.",
}
# of the face's picture; the last columns
QUALITY_COLUMNS = {
    "detection_score": "How certain MediaPipe's detector is that there is a face, turned upright, "
    "from 0 to 1; empty where it was not asked, as for a face that was merely followed from the "
    "frame before. Faces of pictures have one; of a video, faces have one about every two seconds.",
    "face_px": "Width of the face from temple to temple, in pixels of the source.",
    "sharpness": "Fine detail as a share of all contrast; 1 is typical, less is blurred.",
    "brightness": "Mean grey of the face, from 0 to 255.",
    "turned_deg": "Degrees by which the face is turned away from the camera, up or sideways, from "
    "0; leaning does not count.",
    "doubts": "Why the label deserves less trust, joined by ';', empty where nothing is known: "
    + "; ".join(f"{kind}: {reason}" for kind, reason in DOUBTS.items())
    + ". The limits are those of the live view.",
}
COORDINATES = "pixels of the source, unmirrored; 0, 0 is the centre of the first pixel"


def table_head(model: AppliedModel) -> list[str]:
    """The names of the columns, in their order."""
    probabilities = (f"{PROBABILITY}{name}" for name in model.classes)
    affect = AFFECT_COLUMNS if model.valence_arousal else ()
    return [*COLUMNS, *probabilities, *SIGNAL_COLUMNS, *affect, *QUALITY_COLUMNS]


def column_meanings(
    model: AppliedModel,
    temperature: float,
    frame: str,
    time_s: str,
    prior: str = TRAINED,
) -> dict[str, str]:
    """Meaning, unit and range of each column of `table_head`; `frame` and `time_s` as given.

    `temperature` is that of the model's card, `prior` the class shares that probabilities assume.
    """
    calibrated = "not calibrated" if temperature == 1 else "calibrated by the model's temperature"
    formula = f"softmax(logits / {temperature:g})"
    assumed = ""
    if prior != TRAINED:
        formula = f"softmax((logits + log p_assumed - log p_trained) / {temperature:g})"
        assumed = f" Class shares assumed: {prior}."
    probabilities = {
        f"{PROBABILITY}{name}": f"Probability of {name}, from 0 to 1; all classes add up "
        f"to 1. Of this frame alone, unsmoothed: {formula}, {calibrated}.{assumed}"
        for name in model.classes
    }
    signals = {
        signal.column: f"{signal.meaning} Mostly from {signal.extent[0]:g} to "
        f"{signal.extent[1]:g}; empty where unknown."
        for signal in SIGNALS
    }
    meanings = {"frame": frame, "time_s": time_s, **FACE_COLUMNS, **probabilities, **signals}
    return meanings | (AFFECT_COLUMNS if model.valence_arousal else {}) | QUALITY_COLUMNS


def table_rows(analysis: Analysis) -> Iterable[list[str]]:
    """One row per face; one row with an empty face_id for a frame without faces."""
    frame = [str(analysis.frame.index), f"{analysis.frame.time_s:.3f}"]
    if not analysis.faces:
        model = analysis.model or AppliedModel(())
        yield frame + [""] * (len(table_head(model)) - 2)
    for face in analysis.faces:
        if face.prediction is None:
            raise ValueError("the table is made of faces with a prediction")
        probabilities = face.prediction.probabilities
        best, affect = int(probabilities.argmax()), face.prediction.affect
        yield [
            *frame,
            str(face.face_id),
            *(f"{value:.1f}" for value in face.box),
            face.prediction.classes[best],
            f"{probabilities[best]:.4f}",
            *(f"{value:.4f}" for value in probabilities),
            *("" if math.isnan(value) else f"{value:.4f}" for value in face.signals),
            *(f"{value:.4f}" for value in (affect.values if affect is not None else ())),
            *_quality_cells(face, face.prediction),
        ]


def _quality_cells(face: Face, prediction: Prediction) -> tuple[str, ...]:
    """The values of QUALITY_COLUMNS; probabilities are judged as they are written, unsmoothed."""
    issues = [*face.quality, unsure_issue(prediction.probabilities)]
    doubts = ";".join(issue.kind for issue in issues if issue is not None)
    measured = face.measures
    if measured is None:
        return "", "", "", "", "", doubts
    score = measured.detection_score
    return (
        "" if score is None else f"{score:.3f}",
        f"{measured.face_px:.1f}",
        f"{measured.sharpness:.3f}",
        f"{measured.brightness:.1f}",
        f"{measured.turned_deg:.1f}",
        doubts,
    )
