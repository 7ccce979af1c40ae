"""Why the label of a face deserves less trust, from what can be measured on the face itself.

The limits lie where a model begins to fail clearly more often: `default` of 2026-11-26 is right
on 70.7 % of the 3366 faces with landmarks in FER2013's val split, and each limit's line says on
how many near it, as `tests/benchmarks/quality_limits.py` measures; it makes them where there are
too few.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.vision.types import Doubt, DoubtKind
from trainer.faces.align import TEMPLATE_SIDE

CUT_OFF = 0.2  # share of the points outside; 64 % at 0.20 to 0.25, 60 % at 0.25 to 0.30
TURNED = 35.0  # degrees; 64 % at 30° to 35°, 59 % at 35° to 45° (100 faces)
DARK = 15.0  # grey; 67 % at 15 to 20, 65 % at 10 to 15, 62 % at 5 to 10, 43 % below
SMALL = 14.0  # frame pixels; 62 to 65 % at 13 to 15, 60 % at 11 to 13, 53 % at 10 to 11
BLURRED = 0.35  # 1 is usual; 63 % at 0.30 to 0.35, 59 % at 0.20 to 0.25, 51 % below
UNSURE = 0.5  # probability; 39 % of the 19 % below are right, 78 % of the others

# The rigid points of a face: temples, eye corners, nose.
RIGID: NDArray[np.intp] = np.array([0, 1, 15, 16, 36, 39, 42, 45, 27, 28, 29, 30, 31, 33, 35])
# Their mean shape (x right in the picture, y up, z towards the camera; unit: distance of the
# outer eye corners), by least squares from 2207 pictures of FER2013's training split and the
# rotations that MediaPipe finds in them, made symmetric.
# fmt: off
SHAPE: NDArray[np.float64] = np.array([
    (-0.759, 0.270, -0.551), (-0.764, -0.044, -0.669), (0.764, -0.044, -0.669),
    (0.759, 0.270, -0.551),
    (-0.500, 0.146, -0.065), (-0.199, 0.131, 0.039), (0.199, 0.131, 0.039),
    (0.500, 0.146, -0.065),
    (0.000, 0.190, 0.202), (0.000, 0.028, 0.337), (0.000, -0.105, 0.469), (0.000, -0.188, 0.524),
    (-0.136, -0.298, 0.304), (0.000, -0.334, 0.354), (0.136, -0.298, 0.304),
])
# fmt: on
_FIT: NDArray[np.float64] = np.linalg.pinv(SHAPE - SHAPE.mean(axis=0))  # (3, 15)
USUAL_DETAIL = 0.113  # median of FER2013's val split


def doubts(
    crop: NDArray[np.uint8],
    landmarks: NDArray[np.float32],
    frame_size: tuple[int, int],
    probabilities: NDArray[np.float32],
) -> tuple[Doubt, ...]:
    """The doubts about one face: first what is not in the picture, last the model's own.

    `crop` (S, S) is the aligner's, with nothing hidden; `landmarks` (68, 2) and `frame_size`
    (width, height) are in frame pixels; `probabilities` (K,) are the displayed ones, empty
    without a model.
    """
    width = face_width(landmarks)
    found = [
        _over(DoubtKind.CUT_OFF, share_outside(landmarks, frame_size), CUT_OFF),
        _over(DoubtKind.TURNED, angle_to_camera(landmarks), TURNED),
        _under(DoubtKind.DARK, brightness(crop), DARK),
        _under(DoubtKind.SMALL, width, SMALL),
        # enlarging a small face blurs it: one cause, one doubt
        _under(DoubtKind.BLURRED, sharpness(crop), BLURRED) if width >= SMALL else None,
    ]
    if probabilities.size:
        found.append(_under(DoubtKind.UNSURE, float(probabilities.max()), UNSURE))
    return tuple(doubt for doubt in found if doubt is not None)


def share_outside(landmarks: NDArray[np.float32], frame_size: tuple[int, int]) -> float:
    """Share of the 68 points outside the frame, where the landmarker guesses them.

    Fairer than the share of the crop's area: what is below a face's middle matters more. Where a
    chin is cut, the landmarker draws some points into the frame: more is missing than this says.
    """
    edge = np.array(frame_size, np.float32) - 0.5
    outside = (landmarks < -0.5) | (landmarks > edge)
    return float(outside.any(axis=1).mean())


def angle_to_camera(landmarks: NDArray[np.float32]) -> float:
    """Degrees between where the face looks and the direction to the camera, up or sideways.

    The affine camera that takes the mean shape of the rigid points to the landmarks, by least
    squares (the first step of POSIT: DeMenthon and Davis 1995); the face's axis is normal to the
    planes that its two rows span. On FER2013's val split it is 2.4° off MediaPipe's own rotation
    on average (r = 0.95).
    """
    points = landmarks[RIGID].astype(np.float64)
    points -= points.mean(axis=0)
    (ax, ay, az), (bx, by, bz) = np.einsum("in,nj->ji", _FIT, points).tolist()
    x, y, z = by * az - bz * ay, bz * ax - bx * az, bx * ay - by * ax
    return math.degrees(math.atan2(math.hypot(x, y), z))


def brightness(crop: NDArray[np.uint8]) -> float:
    """Mean grey, 0 to 255."""
    return float(cv2.mean(crop)[0])


def face_width(landmarks: NDArray[np.float32]) -> float:
    """Frame pixels from temple to temple."""
    return math.dist(landmarks[0].tolist(), landmarks[16].tolist())


def sharpness(crop: NDArray[np.uint8]) -> float:
    """Fine detail as a share of all contrast; 1 is usual in FER2013.

    Deviation of what a Gaussian of 1 px removes, in the direction that has less of it (motion
    blurs one only), over the deviation of the crop, at the template's size: blur that the model's
    small crop does not show is none.
    """
    small = crop
    if crop.shape[0] > TEMPLATE_SIDE:
        size = (TEMPLATE_SIDE, TEMPLATE_SIDE)
        small = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
    grey = small.astype(np.float32)
    fine = min(
        _deviation(cv2.subtract(grey, cv2.GaussianBlur(grey, kernel, 1.0)))
        for kernel in ((9, 1), (1, 9))
    )
    return fine / max(_deviation(grey), 1e-6) / USUAL_DETAIL


def _deviation(grey: NDArray[np.floating] | cv2.typing.MatLike) -> float:
    return float(cv2.meanStdDev(grey)[1][0, 0])


def _over(kind: DoubtKind, value: float, limit: float) -> Doubt | None:
    return Doubt(kind, value, limit) if value > limit else None


def _under(kind: DoubtKind, value: float, limit: float) -> Doubt | None:
    return Doubt(kind, value, limit) if value < limit else None
