"""Coordinates of a face's own: a place on it stays the same when the head turns or the mouth opens.

A place is a point (x, y) on a typical, upright face in the 48-px template of the aligner. In a
picture, the triangles between the 68 landmarks carry it along; a frame of further points around
the face, which follows the whole head, continues them over forehead and surroundings.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Place = tuple[float, float]

# fmt: off
# Medians of the landmarks of 545 training pictures of FER2013 in the template, made symmetric.
TYPICAL_FACE: NDArray[np.float64] = np.array([
    (5.1, 14.4), (4.8, 21.9), (5, 25.7), (6.8, 34.3), (8.5, 38), (10.3, 40.7), (14.9, 44.7),
    (20, 47.3), (23.5, 47.7), (27, 47.3), (32.1, 44.7), (36.7, 40.7), (38.5, 38), (40.2, 34.3),
    (42, 25.7), (42.2, 21.9), (41.9, 14.4), (6.9, 12.7), (9.6, 12.7), (12.1, 12), (15.5, 12.2),
    (19.3, 13), (27.7, 13), (31.5, 12.2), (34.9, 12), (37.4, 12.7), (40.1, 12.7), (23.5, 17.8),
    (23.5, 21.9), (23.5, 25.4), (23.5, 27.5), (20.2, 29.8), (21.4, 30.6), (23.5, 30.8),
    (25.6, 30.6), (26.8, 29.8), (11.3, 18.4), (13.2, 17.3), (15.9, 17.2), (18.7, 19), (16.3, 19.4),
    (13.6, 19.4), (28.3, 19), (31.1, 17.2), (33.8, 17.3), (35.7, 18.4), (33.4, 19.4), (30.7, 19.4),
    (16.5, 36.6), (19.4, 34.7), (21.4, 34.2), (23.5, 34.5), (25.6, 34.2), (27.6, 34.7),
    (30.5, 36.6), (27.7, 39.5), (25.8, 40.2), (23.5, 40.4), (21.2, 40.2), (19.3, 39.5),
    (17.2, 36.6), (21.8, 35.9), (23.5, 36), (25.2, 35.9), (29.8, 36.6), (25.3, 37.8), (23.5, 37.9),
    (21.7, 37.8),
])
_NEAR, _FAR = -9.0, 56.0  # the square around the face
_FRAME: NDArray[np.float64] = np.array([
    (_NEAR, _NEAR), (12.7, _NEAR), (34.3, _NEAR), (_FAR, _NEAR), (_FAR, 12.7), (_FAR, 34.3),
    (_FAR, _FAR), (34.3, _FAR), (12.7, _FAR), (_NEAR, _FAR), (_NEAR, 34.3), (_NEAR, 12.7),
])
# The Delaunay triangulation of both; the frame's points are 68 to 79.
TRIANGLES: NDArray[np.intp] = np.array([
    (0, 1, 36), (0, 1, 79), (0, 17, 18), (0, 17, 79), (0, 18, 36), (1, 2, 36), (1, 2, 78),
    (1, 78, 79), (2, 3, 31), (2, 3, 78), (2, 31, 41), (2, 36, 41), (3, 4, 48), (3, 4, 78),
    (3, 31, 48), (4, 5, 48), (4, 5, 77), (4, 77, 78), (5, 6, 48), (5, 6, 76), (5, 76, 77),
    (6, 7, 59), (6, 7, 76), (6, 48, 59), (7, 8, 57), (7, 8, 76), (7, 57, 58), (7, 58, 59),
    (8, 9, 57), (8, 9, 75), (8, 75, 76), (9, 10, 55), (9, 10, 75), (9, 55, 56), (9, 56, 57),
    (10, 11, 54), (10, 11, 75), (10, 54, 55), (11, 12, 54), (11, 12, 74), (11, 74, 75),
    (12, 13, 54), (12, 13, 73), (12, 73, 74), (13, 14, 35), (13, 14, 73), (13, 35, 54),
    (14, 15, 45), (14, 15, 73), (14, 35, 46), (14, 45, 46), (15, 16, 45), (15, 16, 72),
    (15, 72, 73), (16, 25, 26), (16, 25, 45), (16, 26, 72), (17, 18, 19), (17, 19, 69),
    (17, 68, 69), (17, 68, 79), (18, 19, 37), (18, 36, 37), (19, 20, 37), (19, 20, 69),
    (20, 21, 38), (20, 21, 69), (20, 37, 38), (21, 22, 27), (21, 22, 70), (21, 27, 39),
    (21, 38, 39), (21, 69, 70), (22, 23, 43), (22, 23, 70), (22, 27, 42), (22, 42, 43),
    (23, 24, 44), (23, 24, 70), (23, 43, 44), (24, 25, 26), (24, 25, 44), (24, 26, 70),
    (25, 44, 45), (26, 70, 71), (26, 71, 72), (27, 28, 39), (27, 28, 42), (28, 29, 39),
    (28, 29, 42), (29, 30, 31), (29, 30, 35), (29, 31, 40), (29, 35, 47), (29, 39, 40),
    (29, 42, 47), (30, 31, 32), (30, 32, 33), (30, 33, 34), (30, 34, 35), (31, 32, 49),
    (31, 40, 41), (31, 48, 49), (32, 33, 50), (32, 49, 50), (33, 34, 52), (33, 50, 51),
    (33, 51, 52), (34, 35, 53), (34, 52, 53), (35, 46, 47), (35, 53, 54), (36, 37, 41),
    (37, 38, 41), (38, 39, 40), (38, 40, 41), (42, 43, 47), (43, 44, 46), (43, 46, 47),
    (44, 45, 46), (48, 49, 60), (48, 59, 60), (49, 50, 61), (49, 60, 67), (49, 61, 67),
    (50, 51, 61), (51, 52, 63), (51, 61, 62), (51, 62, 63), (52, 53, 63), (53, 54, 64),
    (53, 63, 65), (53, 64, 65), (54, 55, 64), (55, 56, 65), (55, 64, 65), (56, 57, 65),
    (57, 58, 67), (57, 65, 66), (57, 66, 67), (58, 59, 67), (59, 60, 67), (61, 62, 67),
    (62, 63, 65), (62, 65, 66), (62, 66, 67),
])
# fmt: on
_VERTICES: NDArray[np.float64] = np.concatenate([TYPICAL_FACE, _FRAME])


def to_picture(places: tuple[Place, ...], landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Where `places` are in a picture, (N, 2), whose face has these `landmarks` (68, 2)."""
    corners, weights = _locate(places)
    moved = _vertices(landmarks)[corners]  # (N, 3, 2)
    return np.asarray((weights[..., None] * moved).sum(axis=1))


def to_place(x: float, y: float, landmarks: NDArray[np.floating]) -> Place:
    """The place on the face of a point of the picture; those far away are moved to its edge."""
    triangles = _vertices(landmarks)[TRIANGLES]
    weights = _weights(triangles, np.array([[x, y]]))[0]
    best = int(weights.min(axis=1).argmax())  # where triangles overlap, the one it is deepest in
    place = weights[best] @ _VERTICES[TRIANGLES[best]]
    across, down = np.clip(place, _NEAR, _FAR).tolist()
    return across, down


@lru_cache(maxsize=256)
def _locate(places: tuple[Place, ...]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Corners (N, 3) of the triangles of some places, and their weights (N, 3) in these."""
    weights = _weights(_VERTICES[TRIANGLES], np.array(places, np.float64))  # (N, T, 3)
    best = weights.min(axis=2).argmax(axis=1)
    return TRIANGLES[best], weights[np.arange(len(best)), best]


def _weights(triangles: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Barycentric coordinates (N, T, 3) of points (N, 2) in triangles (T, 3, 2)."""
    origin, one, two = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    u, v = one - origin, two - origin
    area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    area = np.where(np.abs(area) < 1e-9, 1e-9, area)  # a triangle seen from its edge
    d = points[:, None] - origin
    second = (d[..., 0] * v[:, 1] - d[..., 1] * v[:, 0]) / area
    third = (u[:, 0] * d[..., 1] - u[:, 1] * d[..., 0]) / area
    return np.stack([1 - second - third, second, third], axis=-1)


def _vertices(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """The landmarks and the frame, (80, 2); the frame by the similarity that fits best."""
    source, target = _complex(TYPICAL_FACE), _complex(np.asarray(landmarks, np.float64))
    centred = source - source.mean()
    turn = np.vdot(centred, target - target.mean()) / np.vdot(centred, centred).real
    frame = target.mean() + turn * (_complex(_FRAME) - source.mean())
    return np.concatenate([landmarks, np.column_stack([frame.real, frame.imag])])


def _complex(points: NDArray[np.float64]) -> NDArray[np.complex128]:
    return np.asarray(points[:, 0] + 1j * points[:, 1])
