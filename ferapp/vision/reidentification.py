"""Whether a face that comes into view was there before: cheap measures, no recognition network.

A look is gradients, proportions and pose. The gradients are a histogram of orientations (Dalal and
Triggs 2005) of the aligned crop, hardly changed by light, less what all faces have in common. The
proportions are distances of points that expressions move little, with the pose undone. They tell
the few people of one clip apart, and nobody among many; looks are forgotten with the clip.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.signals import head_angles

SIDE = 48  # px of the crop that is measured
CELLS, BINS = 6, 8  # on a side of the crop; orientations from 0 to 180°
LOWER = 0.35  # weight of the lowest two rows of cells: the mouth moves
FACING = 0.7  # cosine of the largest turn away from the camera that can be compared, 45°
PROPORTIONS_WEIGHT = 0.1  # likeness lost for one standard deviation between people
TURN_WEIGHT = 0.003  # and for a degree of yaw or pitch
ALBUM_SIZE = 8  # looks of a person
# an album keeps looks that are neither as good as there already, nor perhaps those of another face
# or of a hand before it
KEPT_LIKENESS = 0.3, 0.85

# fmt: off
# Square roots of gradients in the cells of a mean face, in thousandths of their norm: the left
# three columns, row by row; the right ones mirror them. `tests/benchmarks/mean_face.py` prints it.
MEAN_GRADIENTS = (
    74, 56, 39, 25, 43, 22, 21, 36, 79, 61, 52, 34, 25, 20, 21, 34, 56, 34, 34, 35, 35, 28, 25, 28,
    71, 69, 45, 32, 56, 28, 28, 42, 59, 61, 59, 64, 69, 54, 39, 41, 37, 34, 35, 43, 63, 72, 59, 44,
    74, 61, 39, 32, 59, 33, 35, 52, 63, 62, 64, 76, 86, 74, 58, 55, 71, 72, 69, 67, 62, 56, 55, 59,
    67, 41, 30, 29, 56, 32, 40, 62, 56, 41, 39, 36, 34, 34, 44, 60, 61, 66, 61, 55, 58, 55, 51, 51,
    56, 37, 32, 34, 60, 33, 43, 62, 62, 46, 40, 34, 34, 37, 58, 77, 47, 48, 57, 77, 94, 78, 61, 52,
    65, 37, 30, 32, 51, 27, 36, 41, 82, 40, 30, 27, 29, 40, 65, 66, 70, 37, 34, 42, 54, 55, 58, 53,
)
# point of the mesh → its depth in outer eye distances from the eyes towards the viewer, of a mean
# face: least squares over the poses of 474 pictures
DEPTH = {
    33: -0.048, 263: -0.048, 133: 0.048, 362: 0.048,  # corners of the eyes
    234: -0.63, 454: -0.63, 127: -0.60, 356: -0.60,  # cheek and temple at the ears
    172: -0.45, 397: -0.45,  # corners of the jaw
    129: 0.192, 358: 0.192, 2: 0.346,  # nostrils, and below the nose
    151: 0.147,  # forehead
}
# between the inner eye corners, the ears, the temples, the corners of the jaw, the nostrils
WIDTHS = ((133, 362), (234, 454), (127, 356), (172, 397), (129, 358))
HEIGHTS = (2, 151)  # nose and forehead, from the middle of the eyes
# standard deviation of the logarithms of WIDTHS and HEIGHTS between 363 people of FER2013
SPREAD = np.array([0.050, 0.056, 0.053, 0.076, 0.085, 0.119, 0.105])
# fmt: on

_POINTS = np.array(list(DEPTH))
_DEPTHS = np.array(list(DEPTH.values()))
_ROW = {point: row for row, point in enumerate(DEPTH)}
_WIDTHS = np.array([[_ROW[point] for point in pair] for pair in WIDTHS])
_HEIGHTS = np.array([_ROW[point] for point in HEIGHTS])
_EYES = slice(0, 4)

_CELL = np.arange(SIDE) * CELLS // SIDE
_BIN_0 = (_CELL[:, None] * CELLS + _CELL) * BINS  # of each pixel's cell


def _mean_and_weights() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both (CELLS, CELLS, BINS); weights are 0 in the corners, which show hair and background."""
    left = np.array(MEAN_GRADIENTS, np.float64).reshape(CELLS, CELLS // 2, BINS) / 1000
    mean = np.concatenate([left, _mirrored(left)], axis=1)
    weights = np.ones_like(mean)
    weights[[0, 0, -1, -1], [0, -1, 0, -1]] = 0
    weights[-2:] *= LOWER
    return mean, np.sqrt(weights)


def _mirrored(gradients: NDArray[np.float64]) -> NDArray[np.float64]:
    """Those of the mirrored crop, (rows, columns, BINS): an angle a becomes 180° − a."""
    return gradients[:, ::-1, -np.arange(BINS) % BINS]


_MEAN, _WEIGHTS = _mean_and_weights()


@dataclass(frozen=True, slots=True)
class Look:
    """`gradients` (D,) and `mirrored` (D,), those of the mirror image, are of length 1.

    `proportions` (7,) are logarithms of WIDTHS and HEIGHTS over the outer eye distance, in SPREAD;
    `turn` (2,) is yaw and pitch in degrees.
    """

    gradients: NDArray[np.float64]
    mirrored: NDArray[np.float64]
    proportions: NDArray[np.float64]
    turn: NDArray[np.float64]


def measure_look(
    crop: NDArray[np.uint8], mesh: NDArray[np.float32], pose: NDArray[np.float64] | None
) -> Look | None:
    """The look of an aligned grey crop (S, S), with the mesh (478, 2) and pose (3, 3) that a
    DetectedFace has; None without a pose, or where the face is turned too far.
    """
    if pose is None or pose[2, 2] < FACING:
        return None
    raw = _gradients(crop)
    centred = (raw - _MEAN) * _WEIGHTS
    flat = centred.ravel() / max(float(np.linalg.norm(centred)), 1e-9)
    yaw, pitch, _ = head_angles(pose)
    return Look(
        flat,
        _mirrored(flat.reshape(centred.shape)).ravel(),
        _proportions(mesh, pose),
        np.array([yaw, pitch]),
    )


def _gradients(crop: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Square roots of the orientation histograms, (CELLS, CELLS, BINS), together of length 1."""
    import cv2  # the window knows numbers of faces, and starts without OpenCV

    if crop.shape[0] != SIDE:
        side = (SIDE, SIDE)
        crop = np.asarray(cv2.resize(crop, side, interpolation=cv2.INTER_AREA), np.uint8)
    light = np.sqrt(crop.astype(np.float32))
    dx, dy = (cv2.Sobel(light, cv2.CV_32F, x, 1 - x, ksize=1) for x in (1, 0))
    size, angle = cv2.cartToPolar(dx, dy)
    position = np.asarray(angle, np.float64) * (BINS / np.pi)
    lower = np.floor(position).astype(np.intp)
    share = position - lower  # shared among the two nearest orientations
    where = np.stack([_BIN_0 + lower % BINS, _BIN_0 + (lower + 1) % BINS])
    weight = np.stack([size * (1 - share), size * share])
    sums = np.bincount(where.ravel(), weight.ravel(), CELLS * CELLS * BINS)
    roots = np.sqrt(sums).reshape(CELLS, CELLS, BINS)
    return np.asarray(roots / max(float(np.linalg.norm(roots)), 1e-9))


def _proportions(mesh: NDArray[np.float32], pose: NDArray[np.float64]) -> NDArray[np.float64]:
    """With the pose undone: seen = scale · (R · upright + r · depth), (R r) the pose's two rows."""
    seen = mesh[_POINTS].astype(np.float64) * (1, -1)  # y up, as the pose
    undo = np.linalg.inv(pose[:2, :2])
    scale = float(np.hypot(*(seen[0] - seen[1])))
    upright = seen
    for _ in range(2):  # the scale is known when the pose is undone
        flat = seen / max(scale, 1e-9) - _DEPTHS[:, None] * pose[:2, 2]
        upright = np.einsum("ij,nj->ni", undo, flat)
        scale *= float(np.hypot(*(upright[0] - upright[1])))
    upright = upright - upright[_EYES].mean(axis=0)
    widths = upright[_WIDTHS[:, 0]] - upright[_WIDTHS[:, 1]]
    lengths = np.concatenate([np.hypot(*widths.T), np.hypot(*upright[_HEIGHTS].T)])
    eyes = np.hypot(*(upright[0] - upright[1]))
    return np.asarray(np.log(np.maximum(lengths / max(float(eyes), 1e-9), 1e-3)) / SPREAD)


class Album:
    """A few looks of one person, as different as possible."""

    def __init__(self) -> None:
        self._looks: list[Look] = []
        self._stacked: tuple[NDArray[np.float64], ...] = ()

    def __len__(self) -> int:
        return len(self._looks)

    def likeness(self, look: Look) -> float:
        """How much `look` is like one of the looks here, at most 1; -1 for an empty album.

        Also -1 where its mirror image is more like them: that is somebody else, or a reflection.
        """
        if not self._looks:
            return -1.0
        gradients, mirrored, proportions, turn = self._stacked
        apart = np.sqrt(((proportions - look.proportions) ** 2).mean(axis=1))
        lost = PROPORTIONS_WEIGHT * apart
        same = _along(gradients, look.gradients) - lost
        same -= TURN_WEIGHT * np.abs(turn - look.turn).sum(axis=1)
        other = _along(mirrored, look.gradients) - lost
        other -= TURN_WEIGHT * np.abs(turn * (-1, 1) - look.turn).sum(axis=1)
        best = float(same.max())
        return best if best > other.max() else -1.0

    def add(self, look: Look) -> None:
        """Keep a look with something new; of a full album the most redundant one is dropped."""
        if self._looks:
            least, most = KEPT_LIKENESS
            likeness = self.likeness(look)
            if likeness > most or (likeness < least and len(self) > 1):
                return
        self._looks.append(look)
        if len(self._looks) > ALBUM_SIZE:
            stacked = np.stack([kept.gradients for kept in self._looks])
            alike = np.einsum("id,jd->ij", stacked, stacked)
            np.fill_diagonal(alike, -1)
            # of the two that are most alike, the older
            self._looks.pop(min(divmod(int(alike.argmax()), len(alike))))
        self._stacked = tuple(
            np.stack([getattr(kept, name) for kept in self._looks])
            for name in ("gradients", "mirrored", "proportions", "turn")
        )


def _along(rows: NDArray[np.float64], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    # einsum, not @: such small products would wake BLAS's threads
    return np.asarray(np.einsum("nd,d->n", rows, vector))
