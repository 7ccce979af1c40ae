"""Sentences and numbers for the user, in one place."""

import math

from ferapp.live.status import LiveStatus, ModelState, RecordingStatus
from ferapp.overlays.label_text import change_text, face_label, hidden_text, percent
from ferapp.recording.session import BACK, HIDDEN, LOST, PAUSED, PRIOR
from ferapp.sources.recorded import Mark
from ferapp.vision.hidden_areas import face_share
from ferapp.vision.tracking import face_number
from ferapp.vision.types import Analysis, Face, QualityIssue, QualityKind
from trainer.card import ModelCard
from trainer.prior import BALANCED

# kind → its name, the measurement, and advice
_QUALITY: dict[QualityKind, tuple[str, str, str]] = {
    QualityKind.SMALL: (
        "too small",
        "The face is {value} px wide at the temples; below {limit} px the model is often wrong.",
        "Come closer, or choose a higher resolution.",
    ),
    QualityKind.TURNED: (
        "turned away",
        "The face is turned {value}° from the camera; beyond {limit}° the model is often wrong.",
        "Look towards the camera.",
    ),
    QualityKind.DARK: (
        "too dark",
        "The mean brightness is {value} of 255; below {limit} the model is often wrong.",
        "Light the face from the front.",
    ),
    QualityKind.BLURRED: (
        "blurred",
        "The face has {value} % of the usual detail; below {limit} % the model is often wrong.",
        "Hold still, clean the lens, or focus the camera.",
    ),
    QualityKind.CUT_OFF: (
        "cut off",
        "{value} % of the landmarks are outside the picture; the limit is {limit} %.",
        "Bring the whole face into the picture.",
    ),
    QualityKind.UNSURE: (
        "unsure",
        "The model gives its first choice {value} %; below {limit} % it is often wrong.",
        "Several expressions are about as probable: see the bars.",
    ),
}
NO_CLASS_SHARES = (
    "This model's file does not say how frequent the expressions were in its training pictures,\n"
    "so its probabilities stay as trained."
)
_EVENTS = {LOST: "Source lost", PAUSED: "Source paused", BACK: "Source back"}
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


def issue_name(kind: QualityKind) -> str:
    return _QUALITY[kind][0]


def issue_tip(issue: QualityIssue) -> str:
    """The reason with its numbers, and what to do about it."""
    name, reason, advice = _QUALITY[issue.kind]
    if math.isnan(issue.value):
        return f"In doubt: {name}.\n{advice}"
    unit = 100 if "%" in reason else 1
    # rounded away from the limit, so that it is visibly beyond
    away = math.floor if issue.value < issue.limit else math.ceil
    value, limit = away(unit * issue.value), f"{unit * issue.limit:.3g}"
    sentence = reason.format(value=value, limit=limit).replace(" %", "\u00a0%")
    return f"In doubt: {name}.\n{sentence}\n{advice}"


def face_tip(face: Face, analysis: Analysis, model: int = 0) -> str:
    """Details of a face; no probabilities, because they change while the tip is open."""
    width, height = face.box[2:]
    paragraphs = [f"A face of {width:.0f} × {height:.0f} px"]
    if len(analysis.faces) > 1:
        which = face_number(face.face_id)
        follow = f"Click: bars and plots follow face {which} (key: {which}).\n"
        paragraphs.append(f"{follow}Click again: they follow the largest face (key: 0).")
    return "\n\n".join([*paragraphs, *map(issue_tip, face.issues(model))])


def effect_of_hiding(analysis: Analysis | None) -> str:
    """`Without the mouth: Happy 92 → 31 %`, `Without 12 % of the face: …`; empty if all is visible.

    The expression is the predicted one of the selected face with nothing hidden.
    """
    face = analysis.selected_face if analysis is not None else None
    prediction = face.prediction if face is not None else None
    if analysis is None or prediction is None or prediction.unmasked is None:
        return ""
    hidden = analysis.hidden
    what = hidden_text(hidden)
    if hidden.is_painted:
        what = f"{percent(max(face_share(hidden.areas), 0.01))} of the face"
    elif len(hidden.parts) == 1:
        what = f"the {what}"
    return f"Without {what}: {change_text(prediction)}"


def points(change: float) -> str:
    """A change of a probability in points, with its sign: `−41`, `+3`, `0`."""
    value = round(100 * change)
    return f"{value:+d}".replace("-", "−") if value else "0"


def count_faces(count: int) -> str:
    number = _COUNTS[count] if count < len(_COUNTS) else str(count)
    return f"{number} face" if count == 1 else f"{number} faces"


def summary(analysis: Analysis | None) -> str:
    """The picture as text: `Happy 87 %, one face. In doubt: too small. Hidden: eyes, mouth`."""
    if analysis is None:
        return "No picture yet"
    if not analysis.faces:
        return "No face"
    face = analysis.selected_face
    faces = count_faces(len(analysis.faces))
    if face is None:
        return f"The followed face is out of sight, {faces}"
    label = face_label(face.prediction) if face.prediction is not None else ""
    sentences = [f"{label}, {faces}" if label else faces.capitalize()]
    if analysis.selected_id is not None and len(analysis.faces) > 1:
        sentences.append(f"Followed: face {face_number(face.face_id)}")
    if face.issues():
        sentences.append("In doubt: " + ", ".join(issue_name(i.kind) for i in face.issues()))
    if analysis.hidden:
        sentences.append(f"Hidden from the model: {hidden_text(analysis.hidden)}")
    return ". ".join(sentences)


def headline(
    analysis: Analysis | None, status: LiveStatus, chosen: int | None = None
) -> tuple[str, str]:
    """Headline and the line below it: always one line, so that the layout stays.

    `chosen` is the id of the face that the user chose to follow.
    """
    face = analysis.selected_face if analysis is not None else None
    if analysis is not None and face is not None and face.prediction is not None:
        several = len(analysis.faces) > 1
        why = "largest" if chosen is None else "chosen"
        which = f", {why} of {count_faces(len(analysis.faces))}" if several else ""
        assumed = ", balanced" if face.prediction.model.prior == BALANCED else ""
        return face_label(face.prediction), f"Apparent expression{which}{assumed}"
    if not status.model.name:
        if status.model.state is ModelState.LOADING:
            return "Loading the model…", "This takes a few seconds, once."
        return "No model", "Open a model to begin (M)."
    if analysis is None:
        if status.source.notice or not (status.source.name or status.source.opening):
            return "No picture yet", "Demo clip (D), camera (C) or a file (O)."
        return "Loading…", "Waiting for the first result."
    if chosen is not None and face is None:
        return "Out of sight", f"Face {face_number(chosen)} is followed again if it returns soon."
    if analysis.faces and status.analysis_notice:
        return "No result", "The message below the picture says why."
    if analysis.faces:  # seen before the model was ready
        return "Loading…", "Waiting for the first result."
    return "No face", "Show a face, lit and turned to the camera."


def class_balance_tip(card: ModelCard | None) -> str:
    """Why another prior than that of the training pictures may be expected."""
    trained = "training pictures"
    if card is not None and card.prior:
        often, rarely = (choose(card.prior, key=lambda n: card.prior[n]) for choose in (max, min))
        shares = (f"{100 * card.prior[name]:.2g}\u00a0% {name}" for name in (often, rarely))
        trained = f"training pictures ({', '.join(shares)})"
    return (
        f"People in front of a camera are not like the {trained}:\n"
        "“Balanced” expects every expression equally often, so that rare ones are found more\n"
        "often, and also predicted by mistake more often. The attribution stays the same."
    )


def model_notice(status: LiveStatus) -> str:
    """Why the requested model does not run, and which one does; "" when all is well."""
    if status.model.state is ModelState.LOADING and status.model.name:
        return f"Loading another model. “{status.model.name}” runs until it is ready."
    if status.model.state is not ModelState.FAILED:
        return ""
    reason = status.model.notice or "The model could not be loaded."
    if status.model.name:
        return f"{reason}\n“{status.model.name}” keeps running."
    return f"{reason}\nOpen another model to continue (M)."


def waiting(status: LiveStatus) -> str:
    """The message in place of the first picture."""
    if status.source.name:
        return f"Waiting for the first picture of “{status.source.name}”…"
    return "Starting…"


def duration(seconds: float) -> str:
    """`0:42`, `1:02:03`."""
    whole = max(0, int(seconds))
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def size(count: int) -> str:
    """Bytes, in decimal units like file managers: `12 MB`, `1.3 GB`."""
    if count >= 1e9:
        return f"{count / 1e9:.1f}\u00a0GB"
    return f"{count / 1e6:.0f}\u00a0MB" if count >= 1e7 else f"{count / 1e6:.1f}\u00a0MB"


def count(number: int, what: str) -> str:
    """`1 mark`, `1,234 pictures`."""
    return f"{number:,}\u00a0{what}{'s' * (number != 1)}"


def recording(status: RecordingStatus) -> str:
    """Its duration and size so far, and whether frames arrive."""
    extent = f"{duration(status.seconds)}  ·  {size(status.bytes)}"
    return f"{extent}  ·  waiting for the source" if status.waiting else extent


def no_crop(status: LiveStatus) -> str:
    """Why no crop is displayed while stored results are shown."""
    replay = status.source.replay
    if replay is None or not replay.shows_recorded_results:
        return ""
    if replay.has_overlays:
        return "The overlays are part of this video. No model analyses it."
    if replay.missing is not None:
        return "The pictures of this table are missing. No model analyses them."
    return "The model's input was not stored. Press Analyse again to see it."


def mark(marked: Mark) -> str:
    """A moment of a recording as text: `0:12 Mark: a laugh`, `0:20 Hidden: mouth`."""
    if marked.kind == HIDDEN:
        return f"{duration(marked.time_s)} Hidden from the model: {marked.note or 'nothing'}"
    if marked.kind == PRIOR:
        return f"{duration(marked.time_s)} Class balance: {marked.note}"
    note = f": {marked.note}" if marked.note else ""
    kind = _EVENTS.get(marked.kind, marked.kind.capitalize())
    return f"{duration(marked.time_s)} {kind}{note}"


def milliseconds(value: float) -> str:
    return f"{value:.1f}\u00a0ms" if value < 10 else f"{value:.0f}\u00a0ms"
