"""Text of the label beside a face."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.face_regions import PARTS, Part
from ferapp.vision.tracking import number
from ferapp.vision.types import Analysis, FaceAnalysis


def class_title(class_name: str) -> str:
    return class_name[:1].upper() + class_name[1:]


def percent(share: float) -> str:
    """`87 %`, with a non-breaking space."""
    return f"{round(100 * share)}\u00a0%"


def top_class(probabilities: NDArray[np.float32]) -> int | None:
    """The most probable class; None without a model."""
    return int(np.argmax(probabilities)) if probabilities.size else None


def parts_text(parts: Collection[Part]) -> str:
    """`brows, eyes and mouth`, from top to bottom."""
    names = [part for part in PARTS if part in parts]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def box_label(face: FaceAnalysis, analysis: Analysis) -> str:
    """`Happy? 31 %, mouth hidden`; with several faces the number comes first: `2  Happy 87 %`.

    Empty for a single face without a prediction.
    """
    which = str(number(face.face_id)) if len(analysis.faces) > 1 else ""
    top = top_class(face.smoothed)
    if top is None or top >= len(analysis.classes):
        return which
    sign = "?" if face.doubts else ""
    label = f"{class_title(analysis.classes[top])}{sign} {percent(float(face.smoothed[top]))}"
    if analysis.hidden:
        what = parts_text(analysis.hidden) if len(analysis.hidden) == 1 else "parts"
        label = f"{label}, {what} hidden"
    return f"{which}  {label}" if which else label
