"""Text of the label beside a face."""

from collections.abc import Collection

from ferapp.vision.face_regions import PARTS, Part
from ferapp.vision.tracking import face_number
from ferapp.vision.types import Analysis, Face, Prediction


def class_title(class_name: str) -> str:
    return class_name[:1].upper() + class_name[1:]


def percent(share: float) -> str:
    """`87 %`, with a non-breaking space."""
    return f"{round(100 * share)}\u00a0%"


def parts_text(parts: Collection[Part]) -> str:
    """`brows, eyes and mouth`, from top to bottom."""
    names = [part for part in PARTS if part in parts]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def face_label(prediction: Prediction, doubtful: bool = False) -> str:
    """`Happy 87 %`; `Happy? 87 %` if it is doubtful."""
    name, share = prediction.classes[prediction.top], float(prediction.smoothed[prediction.top])
    return f"{class_title(name)}{'?' * doubtful} {percent(share)}"


def box_label(face: Face, analysis: Analysis, model: int = 0) -> str:
    """`Happy? 31 %, mouth hidden`; with several faces the number comes first: `2  Happy 87 %`.

    By the model with that index. Empty for a single face without a prediction.
    """
    number = str(face_number(face.face_id)) if len(analysis.faces) > 1 else ""
    prediction = face.predicted_by(model)
    if prediction is None:
        return number
    label = face_label(prediction, doubtful=bool(face.issues(model)))
    if analysis.hidden:
        what = parts_text(analysis.hidden) if len(analysis.hidden) == 1 else "parts"
        label = f"{label}, {what} hidden"
    return f"{number}  {label}" if number else label
