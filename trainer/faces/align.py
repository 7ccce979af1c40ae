"""The aligner: one map from landmarks to a model's crop, for training data and live frames.

The template is the median of FER2013's training landmarks, made symmetric, so that alignment
hardly changes FER2013 pictures and a mirrored face gives the mirrored crop.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.card import Preprocessing

TEMPLATE_SIDE = 48
# points 36, 39, 42, 45 (eye corners), 27-31, 33, 35 (nose), 48, 54 (mouth corners):
# many points average out the landmarker's jitter; brows and lips are left out, as they move
ANCHORS: NDArray[np.intp] = np.array([36, 39, 42, 45, 27, 28, 29, 30, 31, 33, 35, 48, 54])
# fmt: off
TEMPLATE: NDArray[np.float64] = np.array([
    (11.06, 18.18), (18.50, 18.89), (28.50, 18.89), (35.94, 18.18),
    (23.50, 17.70), (23.50, 22.00), (23.50, 25.50), (23.50, 27.59),
    (20.10, 29.80), (23.50, 30.80), (26.90, 29.80),
    (16.18, 36.60), (30.82, 36.60),
])
# fmt: on
BROWS_TO_FOREHEAD = 0.3  # of the points' height: detectors' boxes begin above the brows
BLUR = 0.35  # σ of the low-pass filter before shrinking, in pixels of the crop


@dataclass(frozen=True, slots=True)
class AlignedFace:
    """`crop` (size, size) uint8 grey, or (size, size, 3) RGB.

    `matrix` (2, 3) maps pixels of the picture to the crop's.
    """

    crop: NDArray[np.uint8]
    matrix: NDArray[np.float32]


def similarity_to_template(landmarks: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """The (2, 3) similarity that maps (68, 2) landmarks closest to the template.

    Least squares in closed form (Umeyama 1991, in complex numbers), for a crop of `size` px.
    """
    source = _complex(landmarks[ANCHORS])
    target = _complex((TEMPLATE + 0.5) * (size / TEMPLATE_SIDE) - 0.5)
    centred = source - source.mean()
    spread = np.vdot(centred, centred).real
    turn = np.vdot(centred, target - target.mean()) / max(spread, 1e-12)  # and scale
    shift = target.mean() - turn * source.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def box_to_crop(
    landmarks: NDArray[np.float32], size: int, padding: float = 0.0
) -> NDArray[np.float64]:
    """The (2, 3) map of the upright square around a face's box to a crop of `size` px.

    The box is that of the landmarks (68, 2) and of the forehead above them, as face detectors draw
    it; `padding` is added on each side, as a share of the square.
    """
    low, high = landmarks.min(axis=0).astype(np.float64), landmarks.max(axis=0).astype(np.float64)
    low[1] -= BROWS_TO_FOREHEAD * (high[1] - low[1])
    side = max(float((high - low).max()), 1e-6) * (1 + 2 * padding)
    scale = size / side
    shift = (size - 1) / 2 - scale * (low + high) / 2
    return np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])


def crop_matrix(landmarks: NDArray[np.float32], sizes: Preprocessing) -> NDArray[np.float64]:
    """The (2, 3) map from the picture of these landmarks to the crop of a model."""
    if sizes.template == "box":
        return box_to_crop(landmarks, sizes.crop_size, sizes.padding)
    return similarity_to_template(landmarks, sizes.crop_size)


def align_face(
    picture: NDArray[np.uint8], landmarks: NDArray[np.float32], size: int = TEMPLATE_SIDE
) -> AlignedFace:
    """The canonical grey crop of a face in a grey or BGR picture, edges replicated."""
    return _cut_out(picture, similarity_to_template(landmarks, size), size, is_grey=True)


def _cut_out(
    picture: NDArray[np.uint8], matrix: NDArray[np.float64], size: int, *, is_grey: bool
) -> AlignedFace:
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    region, origin = _region(picture, matrix, size)
    region = _in_colours(region, is_grey=is_grey)
    if scale < 1:
        region = cv2.GaussianBlur(  # type: ignore[assignment]
            region, (0, 0), BLUR / scale, borderType=cv2.BORDER_REPLICATE
        )
    local = matrix.copy()
    local[:, 2] = transform_points(matrix, origin)
    crop = cv2.warpAffine(
        region, local, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return AlignedFace(np.asarray(crop, dtype=np.uint8), matrix.astype(np.float32))


def _in_colours(picture: NDArray[np.uint8], *, is_grey: bool) -> NDArray[np.uint8]:
    """Of a grey or BGR picture: grey, or RGB where it has colours."""
    if picture.ndim == 2:
        return picture
    code = cv2.COLOR_BGR2GRAY if is_grey else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(picture, code), dtype=np.uint8)


def unaligned_crop(
    picture: NDArray[np.uint8], size: int = TEMPLATE_SIDE, *, is_grey: bool = True
) -> AlignedFace:
    """The whole picture as the crop, for pictures without landmarks."""
    height, width = picture.shape[:2]
    shrink = size < max(height, width)
    method = cv2.INTER_AREA if shrink else cv2.INTER_LINEAR
    crop = cv2.resize(_in_colours(picture, is_grey=is_grey), (size, size), interpolation=method)
    x, y = size / width, size / height
    matrix = np.array([[x, 0, x / 2 - 0.5], [0, y, y / 2 - 0.5]], np.float32)
    return AlignedFace(np.asarray(crop, dtype=np.uint8), matrix)


def crop_face(
    picture: NDArray[np.uint8], landmarks: NDArray[np.float32], sizes: Preprocessing
) -> AlignedFace:
    """The crop of a model where the landmarks (68, 2) are known, else the whole picture.

    Of a grey or BGR picture. The crop is grey, or RGB for a model and a picture with colours.
    """
    is_grey = sizes.colour == "grey"
    if np.isfinite(landmarks).all():
        matrix = crop_matrix(landmarks, sizes)
        return _cut_out(picture, matrix, sizes.crop_size, is_grey=is_grey)
    return unaligned_crop(picture, sizes.crop_size, is_grey=is_grey)


def transform_points(
    matrix: NDArray[np.floating], points: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Apply a (2, 3) map to (…, 2) points."""
    # einsum, not @: such small products would wake BLAS's threads 30 times a second
    return np.asarray(np.einsum("...j,ij->...i", points, matrix[:, :2]) + matrix[:, 2])


def _complex(points: NDArray[np.floating]) -> NDArray[np.complex128]:
    return np.asarray(points[:, 0] + 1j * points[:, 1], np.complex128)


def _region(
    picture: NDArray[np.uint8], matrix: NDArray[np.float64], size: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of the picture that the crop depends on, and its origin (x, y)."""
    inverse = np.asarray(cv2.invertAffineTransform(matrix), np.float64)
    corners = np.array([(-1, -1), (size, -1), (-1, size), (size, size)], np.float64)
    inside = transform_points(inverse, corners)
    margin = 2 + 3 * BLUR / max(float(np.hypot(matrix[0, 0], matrix[1, 0])), 1e-6)
    height, width = picture.shape[:2]
    low = np.clip(np.floor(inside.min(axis=0) - margin), 0, (width - 1, height - 1)).astype(int)
    high = np.clip(np.ceil(inside.max(axis=0) + margin) + 1, low + 1, (width, height)).astype(int)
    return picture[low[1] : high[1], low[0] : high[0]], low.astype(np.float64)
