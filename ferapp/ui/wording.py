"""Sentences and numbers for a person, made in one place."""

import numpy as np
from numpy.typing import NDArray

from ferapp.live.state import LiveStatus, ModelState
from ferapp.vision.analysis import Analysis, FaceAnalysis

_COUNTS = ("no", "one", "two", "three", "four", "five", "six")


def title(class_name: str) -> str:
    return class_name[:1].upper() + class_name[1:]


def percent(value: float) -> str:
    """`87 %`, with a space that does not break."""
    return f"{round(100 * value)}\u00a0%"


def top_class(probabilities: NDArray[np.float32]) -> int | None:
    """The most probable class; None without a model."""
    return int(np.argmax(probabilities)) if probabilities.size else None


def face_label(face: FaceAnalysis, classes: tuple[str, ...]) -> str:
    """`Happy 87 %`; empty without a model."""
    top = top_class(face.smoothed)
    if top is None or top >= len(classes):
        return ""
    return f"{title(classes[top])} {percent(float(face.smoothed[top]))}"


def count_faces(count: int) -> str:
    number = _COUNTS[count] if count < len(_COUNTS) else str(count)
    return f"{number} face" if count == 1 else f"{number} faces"


def summary(analysis: Analysis | None) -> str:
    """The picture in words: `Happy 87 %, one face`."""
    if analysis is None:
        return "No picture yet"
    if not analysis.faces:
        return "No face"
    label = face_label(analysis.faces[0], analysis.classes)
    faces = count_faces(len(analysis.faces))
    return f"{label}, {faces}" if label else title(faces)


def headline(analysis: Analysis | None, status: LiveStatus) -> tuple[str, str]:
    """The large words of the page and the quiet line below them: one line, so nothing jumps."""
    if analysis is not None and analysis.faces:
        label = face_label(analysis.faces[0], analysis.classes)
        if label:
            several = len(analysis.faces) > 1
            which = f", largest of {count_faces(len(analysis.faces))}" if several else ""
            return label, f"Apparent expression{which}"
    if not status.model_name:
        if status.model_state is ModelState.LOADING:
            return "Loading the model…", "This takes a few seconds, once."
        return "No model", "Open a model to begin (M)."
    if analysis is None:
        return "No picture yet", "Demo clip (D), camera (C) or a file (O)."
    return "No face", "Show a face, lit and turned to the camera."


def model_notice(status: LiveStatus) -> str:
    """Why the model asked for does not run, and what does; empty when all is well."""
    if status.model_state is ModelState.LOADING and status.model_name:
        return f"Loading another model. “{status.model_name}” goes on until it is ready."
    if status.model_state is not ModelState.FAILED:
        return ""
    reason = status.model_notice or "The model could not be loaded."
    if status.model_name:
        return f"{reason}\n“{status.model_name}” goes on."
    return f"{reason}\nOpen another model to go on (M)."


def waiting(status: LiveStatus) -> str:
    """What stands where the picture will be."""
    if status.source_name:
        return f"Waiting for the first picture of “{status.source_name}”…"
    return "Starting…"


def milliseconds(value: float) -> str:
    return f"{value:.1f}\u00a0ms" if value < 10 else f"{value:.0f}\u00a0ms"
