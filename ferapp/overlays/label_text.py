"""Text of the labels beside a face."""

from collections.abc import Callable

from ferapp.vision.hidden_areas import Hidden
from ferapp.vision.tracking import face_number
from ferapp.vision.types import Analysis, Face, Prediction


def class_title(class_name: str) -> str:
    return class_name[:1].upper() + class_name[1:]


def percent(share: float) -> str:
    """`87 %`, with a non-breaking space."""
    return f"{round(100 * share)}\u00a0%"


def hidden_text(hidden: Hidden) -> str:
    """`brows, eyes and mouth`, `painted area (12 % of the face)`."""
    names = list(hidden.names)
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def face_label(prediction: Prediction, doubtful: bool = False) -> str:
    """`Happy 87 %`; `Happy? 87 %` if it is doubtful."""
    name, share = prediction.classes[prediction.top], float(prediction.smoothed[prediction.top])
    return f"{class_title(name)}{'?' * doubtful} {percent(share)}"


def change_text(prediction: Prediction, word: Callable[[str], str] = class_title) -> str:
    """`Sad 83 → 38 %`: what hiding does to the answer for the whole face; "" if nothing is hidden.

    `word` names a class.
    """
    if prediction.unmasked is None:
        return ""
    top = int(prediction.unmasked.argmax())
    before, after = (round(100 * float(p[top])) for p in (prediction.unmasked, prediction.smoothed))
    return f"{word(prediction.classes[top])} {before} → {after}\u00a0%"


def effect_text(prediction: Prediction) -> str:
    """`change_text`, followed by `Sad → Fear` if hiding changes the answer."""
    if prediction.unmasked is None:
        return ""
    old, new = int(prediction.unmasked.argmax()), prediction.top
    titles = [class_title(prediction.classes[index]) for index in (old, new)]
    return change_text(prediction) + (f"   {' → '.join(titles)}" if new != old else "")


def box_label(face: Face, analysis: Analysis, model: int = 0) -> str:
    """`Happy? 31 %`; with several faces the number comes first: `2  Happy 87 %`.

    By the model with that index. Empty for a single face without a prediction.
    """
    number = str(face_number(face.face_id)) if len(analysis.faces) > 1 else ""
    prediction = face.predicted_by(model)
    if prediction is None:
        return number
    label = face_label(prediction, doubtful=bool(face.issues(model)))
    return f"{number}  {label}" if number else label
