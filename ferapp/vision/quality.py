"""Why a prediction deserves less trust, measured on the face itself.

The limits are where a model starts to fail clearly more often: `default` of 2026-11-26 is right on
70.7 % of the 3366 faces with landmarks in FER2013's val split, and the comment of each limit has
the share near it. `tests/benchmarks/quality_limits.py` measures them, and synthesises such faces
where there are too few.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.types import FaceMeasures, QualityIssue, QualityKind

if TYPE_CHECKING:
    from cv2.typing import MatLike

CUT_OFF = 0.2  # share of the points outside; 64 % at 0.20 to 0.25, 60 % at 0.25 to 0.30
TURNED = 35.0  # degrees; 64 % at 30° to 35°, 59 % at 35° to 45° (100 faces)
DARK = 15.0  # grey; 67 % at 15 to 20, 65 % at 10 to 15, 62 % at 5 to 10, 43 % below
SMALL = 14.0  # frame pixels; 62 to 65 % at 13 to 15, 60 % at 11 to 13, 53 % at 10 to 11
BLURRED = 0.35  # 1 is typical; 63 % at 0.30 to 0.35, 59 % at 0.20 to 0.25, 51 % below
UNSURE = 0.5  # probability; 39 % of the 19 % below are right, 78 % of the others

# Rigid landmarks: temples, eye corners, nose.
RIGID: NDArray[np.intp] = np.array([0, 1, 15, 16, 36, 39, 42, 45, 27, 28, 29, 30, 31, 33, 35])
# Their mean shape (x right in the picture, y up, z towards the camera; unit: distance of the
# outer eye corners), fitted by least squares to 2207 pictures of FER2013's training split and
# MediaPipe's rotations of them, and made symmetric.
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
TYPICAL_DETAIL = 0.113  # median of FER2013's val split


def measure_face(
    crop: NDArray[np.uint8],
    landmarks: NDArray[np.float32],
    frame_size: tuple[int, int],
    detection_score: float | None = None,
) -> FaceMeasures:
    """Measure one face.

    `crop` (S, S) is the aligner's, with nothing hidden; `landmarks` (68, 2) and `frame_size`
    (width, height) are in frame pixels.
    """
    return FaceMeasures(
        face_width(landmarks),
        sharpness(crop),
        brightness(crop),
        angle_to_camera(landmarks),
        share_outside(landmarks, frame_size),
        detection_score,
    )


def quality_issues(face: FaceMeasures) -> tuple[QualityIssue, ...]:
    """The issues of one face, those about missing pixels first."""
    issues = (
        _above(QualityKind.CUT_OFF, face.outside, CUT_OFF),
        _above(QualityKind.TURNED, face.turned_deg, TURNED),
        _below(QualityKind.DARK, face.brightness, DARK),
        _below(QualityKind.SMALL, face.face_px, SMALL),
        # enlarging a small face blurs it; report one issue for one cause
        _below(QualityKind.BLURRED, face.sharpness, BLURRED) if face.face_px >= SMALL else None,
    )
    return tuple(issue for issue in issues if issue is not None)


def unsure_issue(probabilities: NDArray[np.float32]) -> QualityIssue | None:
    """Set where the highest of the probabilities (K,) is low."""
    return _below(QualityKind.UNSURE, float(probabilities.max()), UNSURE)


def share_outside(landmarks: NDArray[np.float32], frame_size: tuple[int, int]) -> float:
    """Share of the 68 landmarks outside the frame, where the landmarker guesses them.

    Better than the share of the crop's area: the lower half of a face matters more. Where the chin
    is cut off, the landmarker moves some points into the frame, so even more is missing.
    """
    edge = np.array(frame_size, np.float32) - 0.5
    outside = (landmarks < -0.5) | (landmarks > edge)
    return float(outside.any(axis=1).mean())


def angle_to_camera(landmarks: NDArray[np.float32]) -> float:
    """Degrees between the direction of the face and that to the camera, up or sideways.

    From the affine camera that maps the mean shape of the rigid points to the landmarks, by least
    squares (the first step of POSIT: DeMenthon and Davis 1995); the axis of the face is normal to
    the two rows of its matrix. On FER2013's val split it differs by 2.4° on average from
    MediaPipe's own rotation (r = 0.95).
    """
    points = landmarks[RIGID].astype(np.float64)
    points -= points.mean(axis=0)
    (ax, ay, az), (bx, by, bz) = np.einsum("in,nj->ji", _FIT, points).tolist()
    x, y, z = by * az - bz * ay, bz * ax - bx * az, bx * ay - by * ax
    return math.degrees(math.atan2(math.hypot(x, y), z))


def brightness(crop: NDArray[np.uint8]) -> float:
    """Mean grey, 0 to 255."""
    import cv2

    return float(cv2.mean(crop)[0])


def face_width(landmarks: NDArray[np.float32]) -> float:
    """Frame pixels from temple to temple."""
    return math.dist(landmarks[0].tolist(), landmarks[16].tolist())


def sharpness(crop: NDArray[np.uint8]) -> float:
    """Fine detail as a share of all contrast; 1 is typical of FER2013.

    Deviation of what a Gaussian of 1 px removes, in the direction that has less of it (motion
    blurs only one), over the deviation of the crop. At the template's size: blur that is invisible
    in the model's small crop does not matter.
    """
    import cv2

    from trainer.faces.align import TEMPLATE_SIDE

    small = crop
    if crop.shape[0] > TEMPLATE_SIDE:
        size = (TEMPLATE_SIDE, TEMPLATE_SIDE)
        small = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
    grey = small.astype(np.float32)
    fine = min(
        _deviation(cv2.subtract(grey, cv2.GaussianBlur(grey, kernel, 1.0)))
        for kernel in ((9, 1), (1, 9))
    )
    return fine / max(_deviation(grey), 1e-6) / TYPICAL_DETAIL


def _deviation(grey: "NDArray[np.floating] | MatLike") -> float:
    import cv2

    return float(cv2.meanStdDev(grey)[1][0, 0])


def _above(kind: QualityKind, value: float, limit: float) -> QualityIssue | None:
    return QualityIssue(kind, value, limit) if value > limit else None


def _below(kind: QualityKind, value: float, limit: float) -> QualityIssue | None:
    return QualityIssue(kind, value, limit) if value < limit else None
