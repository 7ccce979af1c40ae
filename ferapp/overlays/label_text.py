"""Text of the label beside a face."""

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


def effect_text(prediction: Prediction | None) -> str:
    """`Sad 83 → 38 %`, and `Sad → Fear` if that leads instead; empty while nothing is hidden.

    The expression is the predicted one of the whole face.
    """
    if prediction is None or prediction.unmasked is None:
        return ""
    top = int(prediction.unmasked.argmax())
    before, after = (round(100 * float(p[top])) for p in (prediction.unmasked, prediction.smoothed))
    name, new = (class_title(prediction.classes[i]) for i in (top, prediction.top))
    return f"{name} {before} → {after}\u00a0%" + (f"   {name} → {new}" if new != name else "")


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
        names = analysis.hidden.names
        what = "parts" if len(names) > 1 else "area" if analysis.hidden.is_painted else names[0]
        label = f"{label}, {what} hidden"
    return f"{number}  {label}" if number else label
