"""The table of faces that `ferapp analyze` and a recording write: a row a face."""

import math
from collections.abc import Iterable

from ferapp.vision.analysis import Analysis
from ferapp.vision.signals import COLUMNS as SIGNAL_COLUMNS

COLUMNS = (
    "frame",
    "time_s",
    "face_id",
    "box_x",
    "box_y",
    "box_w",
    "box_h",
    "label",
    "confidence",
)
PROBABILITY = "p_"  # before the name of a class


def table_head(classes: tuple[str, ...]) -> list[str]:
    return [*COLUMNS, *(f"{PROBABILITY}{name}" for name in classes), *SIGNAL_COLUMNS]


def table_rows(analysis: Analysis) -> Iterable[list[str]]:
    """A row a face; one row with an empty face_id for a frame without any."""
    frame = [str(analysis.frame.index), f"{analysis.frame.time_s:.3f}"]
    if not analysis.faces:
        yield frame + [""] * (len(COLUMNS) - 2 + len(analysis.classes) + len(SIGNAL_COLUMNS))
    for face in analysis.faces:
        best = int(face.probabilities.argmax())
        yield [
            *frame,
            str(face.face_id),
            *(f"{value:.1f}" for value in face.box),
            analysis.classes[best],
            f"{face.probabilities[best]:.4f}",
            *(f"{value:.4f}" for value in face.probabilities),
            *("" if math.isnan(value) else f"{value:.4f}" for value in face.signals),
        ]
