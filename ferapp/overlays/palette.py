"""Colours of faces, of expressions, and of everything drawn over a picture."""

from PySide6.QtGui import QColor

from ferapp.vision.tracking import face_number
from ferapp.vision.types import Face

# A picture looks the same in both themes, and so does what is drawn over it.
VIDEO_BACKGROUND = "#0d0f11"
VIDEO_PLATE = "#0d0f11d8"  # #rrggbbaa, see `to_qcolor`
VIDEO_TEXT = "#f0f2f4"
VIDEO_MUTED = "#b4bcc4"
VIDEO_RECORDING = "#c62828"
LANDMARK = "#ffffff"  # with an edge: seen on every colour of a map
LANDMARK_EDGE = "#0d0f11"
FACE_GREY = "#80786f"  # a face in a picture, as the ground of the key to the colours
FACE_COLOURS = (  # see `vision.face_colours`; distinct for colour-blind viewers too
    "#a8fff0",
    "#ff9c00",
    "#c09cff",
    "#e44818",
    "#fff000",
    "#c03cff",
    "#54d8a8",
    "#3c9090",
)
ON_FACE_COLOUR = "#0d1216"
# Bars and curves on a dark and on a light background; distinct for colour-blind viewers too.
EXPRESSIONS_ON_DARK = {
    "angry": "#d9621a",
    "disgust": "#61ca58",
    "fear": "#da99ff",
    "happy": "#f7ef43",
    "sad": "#5569ee",
    "surprise": "#71feed",
    "neutral": "#8e959b",
    "contempt": "#985098",
}
EXPRESSIONS_ON_LIGHT = {
    "angry": "#b05a52",
    "disgust": "#3c5400",
    "fear": "#8b0078",
    "happy": "#a08f00",
    "sad": "#4651cb",
    "surprise": "#009cb7",
    "neutral": "#2b2f36",
    "contempt": "#9068f8",
}


def to_qcolor(colour: str, alpha: float | None = None) -> QColor:
    """The QColor of "#rrggbb" or "#rrggbbaa"; `alpha` 0–1 replaces its opacity."""
    result = QColor(colour[:7])
    if len(colour) == 9:
        result.setAlpha(int(colour[7:], 16))
    if alpha is not None:
        result.setAlphaF(alpha)
    return result


def face_colour(face: Face) -> QColor:
    index = face.colour if face.colour is not None else face_number(face.face_id) - 1
    return QColor(FACE_COLOURS[index])
