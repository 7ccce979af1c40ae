"""Signals of a face besides its expression: pose, eyes, action units. No OpenCV, no Qt.

Head pose is MediaPipe's, in degrees, of the head relative to the camera's axis. Left and right are
the subject's, even if the window mirrors the picture:
  yaw    positive: turned to the subject's own left, which is to the right of the picture
  pitch  positive: looking up
  roll   positive: leaning to the subject's own left shoulder, clockwise in the picture
The rotations are in that order (yaw about the vertical, then pitch, then roll).

Eye openness is the eye aspect ratio of Soukupova and Cech 2016, eq. 1: the mean of two distances
between the lids over the eye's width. About 0.3 for an open eye, less as it closes.

Action units are MediaPipe's blendshapes, from 0 to 1, the mean of left and right. They are ARKit's,
named after what they move; UNITS maps those movements to the action units of FACS (Ekman,
Friesen and Hager 2002) with the same movement. No certified coder checked the mapping, and an
activation is not a FACS intensity. Blendshapes without such a unit are omitted.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# unit → its FACS name, and the blendshapes whose mean it is
UNITS: dict[int, tuple[str, tuple[str, ...]]] = {
    1: ("inner brow raiser", ("browInnerUp",)),
    2: ("outer brow raiser", ("browOuterUpLeft", "browOuterUpRight")),
    4: ("brow lowerer", ("browDownLeft", "browDownRight")),
    5: ("upper lid raiser", ("eyeWideLeft", "eyeWideRight")),
    6: ("cheek raiser", ("cheekSquintLeft", "cheekSquintRight")),
    7: ("lid tightener", ("eyeSquintLeft", "eyeSquintRight")),
    9: ("nose wrinkler", ("noseSneerLeft", "noseSneerRight")),
    10: ("upper lip raiser", ("mouthUpperUpLeft", "mouthUpperUpRight")),
    12: ("lip corner puller", ("mouthSmileLeft", "mouthSmileRight")),
    14: ("dimpler", ("mouthDimpleLeft", "mouthDimpleRight")),
    15: ("lip corner depressor", ("mouthFrownLeft", "mouthFrownRight")),
    16: ("lower lip depressor", ("mouthLowerDownLeft", "mouthLowerDownRight")),
    17: ("chin raiser", ("mouthShrugLower",)),
    18: ("lip pucker", ("mouthPucker",)),
    20: ("lip stretcher", ("mouthStretchLeft", "mouthStretchRight")),
    22: ("lip funneler", ("mouthFunnel",)),
    24: ("lip presser", ("mouthPressLeft", "mouthPressRight")),
    26: ("jaw drop", ("jawOpen",)),
    28: ("lip suck", ("mouthRollLower", "mouthRollUpper")),
    45: ("blink", ("eyeBlinkLeft", "eyeBlinkRight")),
}
# hardly ever above 0 in MediaPipe (google-ai-edge/mediapipe#4450, #4436)
WEAK = (6, 9)


@dataclass(frozen=True, slots=True)
class Signal:
    """`column` is its name in tables; values are mostly within `extent`."""

    column: str
    name: str  # for the user
    meaning: str
    extent: tuple[float, float]
    degrees: bool = False


def _unit(number: int) -> Signal:
    name, shapes = UNITS[number]
    meaning = f"AU{number}, {name}: MediaPipe's {' and '.join(shapes)}"
    meaning += ", their mean, from 0 to 1." if len(shapes) > 1 else ", from 0 to 1."
    meaning += " An activation, not the intensity (A to E) of a FACS coder."
    if number in WEAK:
        meaning += " It is hardly ever above 0 in MediaPipe."
    return Signal(f"au{number:02}", f"AU{number}", meaning, (0, 1))


_POSE = "From MediaPipe's face pose."
_EYE = (
    "distance between the lids over the width, without unit. About 0.3 for an open eye. "
    "The eye aspect ratio of Soukupova and Cech 2016."
)
SIGNALS: tuple[Signal, ...] = (
    Signal(
        "yaw_deg",
        "Yaw",
        "Head rotation in degrees; positive is to the person's own left. " + _POSE,
        (-60, 60),
        degrees=True,
    ),
    Signal(
        "pitch_deg",
        "Pitch",
        "Degrees that the head looks up; negative is down. " + _POSE,
        (-60, 60),
        True,
    ),
    Signal(
        "roll_deg",
        "Roll",
        "Degrees that the head leans; positive is to the person's own left shoulder. " + _POSE,
        (-60, 60),
        True,
    ),
    Signal(
        "eye_left",
        "Left eye",
        "The person's own left eye: " + _EYE,
        (0, 0.5),
    ),
    Signal(
        "eye_right",
        "Right eye",
        "The person's own right eye: " + _EYE,
        (0, 0.5),
    ),
    *(_unit(number) for number in UNITS),
)
COLUMNS = tuple(signal.column for signal in SIGNALS)
# signals that are plotted together, as indices into SIGNALS
GROUPS: dict[str, tuple[int, ...]] = {
    name: tuple(COLUMNS.index(column) for column in columns)
    for name, columns in {
        "Head": ("yaw_deg", "pitch_deg", "roll_deg"),
        "Eyes": ("eye_left", "eye_right"),
        "Brows": ("au01", "au02", "au04"),
        "Lids": ("au05", "au07", "au45"),
        "Cheeks, nose": ("au06", "au09", "au10"),
        "Lip corners": ("au12", "au14", "au15", "au20"),
        "Lips": ("au16", "au18", "au22", "au24", "au28"),
        "Jaw, chin": ("au17", "au26"),
    }.items()
}


def measure_signals(
    landmarks: NDArray[np.float32],
    pose: NDArray[np.float64] | None,
    blendshapes: Mapping[str, float],
) -> NDArray[np.float32]:
    """The values (S,) of SIGNALS; NaN where unknown.

    `landmarks` are the 68 points (68, 2), `pose` and `blendshapes` those of a DetectedFace.
    """
    angles = head_angles(pose) if pose is not None else (np.nan,) * 3
    eyes = eye_openness(landmarks[42:48]), eye_openness(landmarks[36:42])
    units = [
        sum(blendshapes.get(shape, np.nan) for shape in shapes) / len(shapes)
        for _, shapes in UNITS.values()
    ]
    return np.array([*angles, *eyes, *units], np.float32)


def head_angles(pose: NDArray[np.float64]) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a rotation (3, 3): x to the right of the picture, y up,
    z towards the camera.
    """
    gaze = pose[:, 2]  # where the nose points
    yaw = np.arctan2(gaze[0], gaze[2])
    pitch = np.arcsin(np.clip(gaze[1], -1, 1))
    roll = np.arctan2(-pose[1, 0], pose[1, 1])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def eye_openness(points: NDArray[np.float32]) -> float:
    """The aspect ratio of the six points (6, 2) of an eye: corner, lid, lid, corner, lid, lid."""
    high = np.hypot(*(points[1] - points[5])) + np.hypot(*(points[2] - points[4]))
    return float(high / (2 * max(float(np.hypot(*(points[0] - points[3]))), 1e-6)))
