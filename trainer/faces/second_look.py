"""Faces that MediaPipe misses or gets wrong: small ones in a large picture, and turned ones.

MediaPipe's detector sees the whole picture as 128 by 128 px, so that a face needs about a sixth of
its width. `SecondLook` moves it over overlapping tiles of the picture and of its halvings. Every
place that it finds is cut out, turned by 0, 90, 180 and 270 degrees, and detected again: the
detector finds turned faces too, but is most certain of upright ones. The landmarker then gets the
upright crop, and its points must lie where the detector sees eyes, nose and mouth.
The limits are measured by `tests/benchmarks/small_faces.py`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.faces.align import transform_points
from trainer.faces.face_detector import FaceDetector, FoundFace
from trainer.faces.landmarker import DetectedFace, FaceLandmarker

Picture = NDArray[np.uint8]
Matrix = NDArray[np.float64]  # (2, 3)

PICTURE_TILE = 160  # px: faces from 24 px on
VIDEO_TILE = 216  # px: from 32 px on, with half as many tiles
OVERLAP = 0.3  # of a tile: px: the largest face that the next halving may miss, twice the smallest
FLAT = 3.0  # grey levels of deviation: no face in such a tile
CANDIDATE = 0.3  # detector's score of a place to examine; turned and tiny faces have little
ACCEPTED = 0.6  # and of its upright crop
CERTAIN = 0.8  # of an upright face whose mesh agrees: other turns are not tried
CHECK_SIDE = 128  # px of the crop for the detector, whose input it is
MESH_SIDE = 320  # px of the crop for the landmarker
SHARE = 0.5  # of a crop's side that the face takes
QUARTERS = (0.5 * math.pi, math.pi, 1.5 * math.pi)
TURN_MARGIN = 0.1  # score by which a turned face must be more certain than the upright mesh
TURNED = math.radians(60)
DISAGREEMENT = 0.12  # of mesh and detector, as a share of the face's side
SAME_BOX = 0.3  # intersection over union of detections of one face
SAME_FACE = 0.5  # share of the smaller of two meshes' boxes that the other covers
MESH_CHECKED = ((33, 133), (263, 362), (1,), (13, 14))  # the detector's eyes, nose, mouth
FACE_SHARE = 0.95  # detector's box as a share of the mesh's mean side


@dataclass(frozen=True, slots=True)
class Place:
    """Where a face may be, in pixels; `roll` is clockwise in radians, 0 for upright."""

    x: float
    y: float
    side: float
    roll: float = 0.0

    @property
    def is_turned(self) -> bool:
        """Whether the face is turned further than the landmarker finds faces reliably."""
        return math.cos(self.roll) < math.cos(TURNED)

    def is_within(self, face: DetectedFace) -> bool:
        """Whether it is a part of a known face, or that face."""
        half = self.side / 2
        box = self.x - half, self.y - half, self.side, self.side
        return _intersection(box, face.box) > SAME_FACE * min(_area(box), _area(face.box))

    def to_crop(self, size: int) -> Matrix:
        """The map from the picture to an upright crop of `size` px around the face."""
        scale = size * SHARE / self.side
        c, s = scale * math.cos(self.roll), scale * math.sin(self.roll)
        middle = (size - 1) / 2
        return np.array(
            [
                (c, s, middle - c * self.x - s * self.y),
                (-s, c, middle + s * self.x - c * self.y),
            ]
        )


def place_of_mesh(face: DetectedFace) -> Place:
    """Where the detector would see the face of a mesh, turned as the mesh is."""
    right, left, mouth = (
        _mean(face.mesh, points) for points in (MESH_CHECKED[i] for i in (0, 1, 3))
    )
    down = mouth - (right + left) / 2
    x, y, width, height = face.box
    side = FACE_SHARE * (width + height) / 2
    return Place(x + width / 2, y + height / 2, side, math.atan2(-down[0], down[1]))


class Pyramid:
    """A picture and its halvings down to one tile of `tile` px."""

    def __init__(self, rgb: Picture, tile: int = PICTURE_TILE) -> None:
        self.levels, self.tile = [rgb], tile
        while max(self.levels[-1].shape[:2]) > tile:
            height, width = self.levels[-1].shape[:2]
            size = max(1, width // 2), max(1, height // 2)
            half = cv2.resize(self.levels[-1], size, interpolation=cv2.INTER_AREA)
            self.levels.append(np.asarray(half, np.uint8))

    def scale(self, level: int) -> tuple[float, float]:
        """Pixels of the picture for one of the level, across and down."""
        height, width = self.levels[level].shape[:2]
        return self.levels[0].shape[1] / width, self.levels[0].shape[0] / height

    def crop(self, to_crop: Matrix, size: int) -> Picture:
        """The part of the picture that `to_crop` maps to `size` by `size` px, edges replicated."""
        shrinking = 1 / max(math.hypot(to_crop[0, 0], to_crop[1, 0]), 1e-6)
        level = min(max(int(math.log2(max(shrinking, 1.0))), 0), len(self.levels) - 1)
        x, y = self.scale(level)
        from_level = np.array([(x, 0, x / 2 - 0.5), (0, y, y / 2 - 0.5), (0, 0, 1)])
        return np.asarray(
            cv2.warpAffine(
                self.levels[level],
                to_crop @ from_level,
                (size, size),
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )


class SecondLook:
    """Examines places of single RGB pictures, and searches whole ones. Close it explicitly."""

    def __init__(self) -> None:
        self._detector = FaceDetector(CANDIDATE)
        self._landmarker: FaceLandmarker | None = None  # most videos never need it

    def search_coarsely(self, picture: Pyramid) -> list[Place]:
        """Places of large faces, as `search`: from a sixth of the picture's longer side on."""
        return self._search(picture, len(picture.levels) - 1)

    def search(self, picture: Pyramid) -> list[Place]:
        """Places in all tiles that may hold a face, the most certain first."""
        return self._search(picture, 0)

    def _search(self, picture: Pyramid, finest: int) -> list[Place]:
        found: list[FoundFace] = []
        for level, image in enumerate(picture.levels):
            if level < finest:
                continue
            scale = picture.scale(level)
            for left, top in _tile_corners(image.shape[1], image.shape[0], picture.tile):
                tile = image[top : top + picture.tile, left : left + picture.tile]
                if float(np.max(cv2.meanStdDev(tile)[1])) < FLAT:
                    continue
                found += [_moved(face, left, top, scale) for face in self._detector(tile)]
        return [_place(face) for face in _distinct(found)]

    def examine(self, picture: Pyramid, place: Place) -> DetectedFace | None:
        """The face at a place, whichever quarter it is turned by; None where there is none."""
        seen = self._as_turned(picture, place)
        # of a face it sees something in any turn
        return (
            self._mesh(picture, self._upright(picture, place, seen)) if seen is not None else None
        )

    def certainty(self, picture: Pyramid, place: Place) -> float:
        """The detector's score, 0 to 1, of a place turned by the quarter of which it is most
        certain.
        """
        seen = self._upright(picture, place, self._as_turned(picture, place))
        return seen.score if seen is not None else 0.0

    def confirm(self, picture: Pyramid, face: DetectedFace) -> DetectedFace:
        """A face of the landmarker with its score, or the turned face that is really there."""
        place = place_of_mesh(face)
        seen = self._as_turned(picture, place)
        score = seen.score if seen is not None else 0.0
        is_plausible = seen is not None and seen.disagreement(face) < DISAGREEMENT
        if is_plausible and score > CERTAIN:
            return replace(face, score=score)
        best = self._upright(picture, place, seen)
        needed = score + TURN_MARGIN if is_plausible else score
        if best is not None and best.score >= max(ACCEPTED, needed):
            turned = self._mesh(picture, best)
            if turned is not None:
                return turned
        return replace(face, score=score)

    def follow(self, picture: Pyramid, face: DetectedFace) -> DetectedFace | None:
        """The face in the next picture, without its score; None where it is gone."""
        now = self._landmarks(picture, place_of_mesh(face))
        return now if now is not None and is_same_face(now, face) else None

    def _upright(
        self, picture: Pyramid, place: Place, seen: "_Upright | None"
    ) -> "_Upright | None":
        """What the detector sees at a place turned by the quarter of which it is most certain.

        `seen` is what it sees at the place as it is.
        """
        views = [
            self._as_turned(picture, replace(place, roll=place.roll + quarter))
            for quarter in QUARTERS
        ]
        found = [view for view in (seen, *views) if view is not None]
        return max(found, key=lambda view: view.score, default=None)

    def _as_turned(self, picture: Pyramid, place: Place) -> "_Upright | None":
        """What the detector sees at a place that is turned upright."""
        to_crop = place.to_crop(CHECK_SIDE)
        found = self._detector(picture.crop(to_crop, CHECK_SIDE))
        face = next((face for face in found if _is_central(face)), None)
        if face is None:
            return None
        back = np.asarray(cv2.invertAffineTransform(to_crop), np.float64)
        points = np.asarray(transform_points(back, face.keypoints), np.float64)
        return _Upright(face.score, points, place.side * face.box[2] / (CHECK_SIDE * SHARE))

    def _mesh(self, picture: Pyramid, upright: "_Upright | None") -> DetectedFace | None:
        if upright is None or upright.score < ACCEPTED:
            return None
        face = self._landmarks(picture, upright.place)
        seen = self._as_turned(picture, place_of_mesh(face)) if face is not None else None
        if face is None or seen is None or seen.score < ACCEPTED:
            return None
        return replace(face, score=seen.score) if seen.disagreement(face) < DISAGREEMENT else None

    def _landmarks(self, picture: Pyramid, place: Place) -> DetectedFace | None:
        to_crop = place.to_crop(MESH_SIDE)
        if self._landmarker is None:
            self._landmarker = FaceLandmarker(details=True)
        faces = self._landmarker(picture.crop(to_crop, MESH_SIDE))
        if not faces:
            return None
        return faces[0].mapped(np.asarray(cv2.invertAffineTransform(to_crop), np.float64))

    def close(self) -> None:
        if self._landmarker is not None:
            self._landmarker.close()
        self._detector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> Literal[False]:
        self.close()
        return False


@dataclass(frozen=True, slots=True)
class _Upright:
    """The detector's view of an upright crop, in pixels of the picture."""

    score: float
    keypoints: NDArray[np.float64]  # (6, 2)
    side: float

    @property
    def place(self) -> Place:
        eyes = self.keypoints[:2].mean(axis=0)
        x, y = (eyes + self.keypoints[3]) / 2
        down = self.keypoints[3] - eyes
        return Place(float(x), float(y), self.side, math.atan2(-down[0], down[1]))

    def disagreement(self, face: DetectedFace) -> float:
        """Mean distance of the mesh from the eyes, nose and mouth, as a share of the side."""
        points = np.array([_mean(face.mesh, indices) for indices in MESH_CHECKED])
        return float(np.hypot(*(points - self.keypoints[:4]).T).mean() / self.side)


def is_same_face(one: DetectedFace, other: DetectedFace) -> bool:
    """Whether the boxes of two meshes cover each other, or one most of the other."""
    shared, smaller = _intersection(one.box, other.box), min(_area(one.box), _area(other.box))
    return shared > SAME_FACE * smaller


def _mean(mesh: NDArray[np.float32], points: Iterable[int]) -> NDArray[np.float32]:
    return np.asarray(mesh[list(points)].mean(axis=0), np.float32)


def _tile_corners(width: int, height: int, tile: int) -> list[tuple[int, int]]:
    """Upper left corners of tiles that overlap enough and reach the edges."""

    def starts(size: int) -> list[int]:
        shared = round(OVERLAP * tile)
        count = max(1, -(-(size - shared) // (tile - shared)))
        return [round(at) for at in np.linspace(0, max(0, size - tile), count).tolist()]

    return [(left, top) for top in starts(height) for left in starts(width)]


def _moved(face: FoundFace, left: int, top: int, scale: tuple[float, float]) -> FoundFace:
    """A face of a tile in pixels of the picture."""
    x, y, width, height = face.box
    across, down = scale
    box = (x + left) * across, (y + top) * down, width * across, height * down
    return replace(face, box=box)


def _distinct(found: list[FoundFace]) -> list[FoundFace]:
    """The most certain of those that lie on each other."""
    kept: list[FoundFace] = []
    for face in sorted(found, key=lambda face: face.score, reverse=True):
        if all(_overlap(face.box, other.box) < SAME_BOX for other in kept):
            kept.append(face)
    return kept


def _place(face: FoundFace) -> Place:
    x, y, width, height = face.box
    return Place(x + width / 2, y + height / 2, (width + height) / 2)


def _is_central(face: FoundFace) -> bool:
    """Whether it is the face of a check's crop and not its neighbour."""
    x, y, width, height = face.box
    off = math.hypot(x + width / 2 - CHECK_SIDE / 2, y + height / 2 - CHECK_SIDE / 2)
    return off < CHECK_SIDE * SHARE / 2


Box = tuple[float, float, float, float]


def _area(box: Box) -> float:
    return box[2] * box[3]


def _intersection(a: Box, b: Box) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def _overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    shared = _intersection(a, b)
    return shared / max(_area(a) + _area(b) - shared, 1e-6)
