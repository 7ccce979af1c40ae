"""Every head of a frame that nobody may recognise: found more thoroughly than faces to analyse.

Whoever is covered too often loses little, and whoever is missed once is seen. So every frame is
searched whole and in tiles, with lower thresholds and for more faces than are analysed; and after a
face is gone the frames count as `is_lost` for a second, because it may still be there.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.vision.analysis_options import MAX_ANALYZED_FACES
from ferapp.vision.seen_faces import MEMORY_S, SeenFaces
from ferapp.vision.types import Box
from trainer.faces.landmarker import FaceLandmarker
from trainer.faces.points import to_ibug68
from trainer.faces.second_look import CERTAIN, PICTURE_TILE, VIDEO_TILE, Pyramid, SecondLook

CONFIDENCE = 0.3  # of MediaPipe's landmarker; 0.5 in analyses
REACH = 0.8  # sizes of a face that it may move from one frame to the next,
SPEED = 3.0  # and further ones in a second
NEARBY = 0.65  # sizes of a face from its middle: 0.5 are on it
SAME = 0.5  # share of the smaller of two boxes that the other covers
_NO_POINTS = np.empty((0, 2), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The `box` of a face, and its 478 mesh points or 68 landmarks, in pixels of the frame.

    `points` is (0, 2) where only the box is known; the face may then be turned in any way.
    """

    box: Box
    points: NDArray[np.float32]

    @classmethod
    def of_points(cls, points: NDArray[np.float32]) -> "Head":
        low, high = points.min(axis=0), points.max(axis=0)
        width, height = float(high[0] - low[0]), float(high[1] - low[1])
        return cls((float(low[0]), float(low[1]), width, height), points)

    @classmethod
    def of_box(cls, box: Box) -> "Head":
        return cls(box, _NO_POINTS)

    @property
    def landmarks(self) -> NDArray[np.float32] | None:
        """The 68 iBUG points."""
        if not len(self.points):
            return None
        return self.points if len(self.points) == 68 else to_ibug68(self.points)

    def surrounds(self, x: float, y: float) -> bool:
        """Whether a point is on the face or just beside it, where the head is."""
        left, top, width, height = self.box
        off_x, off_y = abs(x - left - width / 2) / width, abs(y - top - height / 2) / height
        return max(off_x, off_y) < NEARBY

    def is_same(self, other: "Head") -> bool:
        """Whether the boxes cover each other, or one most of the other."""
        (ax, ay, aw, ah), (bx, by, bw, bh) = self.box, other.box
        width, height = min(ax + aw, bx + bw) - max(ax, bx), min(ay + ah, by + bh) - max(ay, by)
        return max(width, 0) * max(height, 0) > SAME * min(aw * ah, bw * bh)


@dataclass(frozen=True, slots=True)
class HeadsOfFrame:
    """`is_lost`: a face of the last second is not among the heads, and may be anywhere."""

    heads: tuple[Head, ...]
    is_lost: bool = False


@dataclass(slots=True)
class _SeenFace:
    box: Box
    seen_s: float


class HeadSearch:
    """Finds the heads of frames, in their order; `video=True` takes larger tiles, for speed.

    Close it explicitly, as the landmarker.
    """

    def __init__(self, *, video: bool = False) -> None:
        self._landmarker = FaceLandmarker(max_faces=MAX_ANALYZED_FACES, min_confidence=CONFIDENCE)
        self._second = SecondLook()
        self._tile = VIDEO_TILE if video else PICTURE_TILE
        self._segment: int | None = None
        self._seen: list[_SeenFace] = []  # within the last second

    def recall(self, seen: Iterable[SeenFaces]) -> None:
        """Faces of earlier frames, which count as lost where they are not found again."""
        for one in seen:
            self._forget(one.time_s, one.segment)
            self._follow(list(map(Head.of_box, one.boxes)), one.time_s)

    def __call__(
        self,
        image: NDArray[np.uint8],
        faces: Sequence[NDArray[np.float32]] = (),
        time_s: float = 0.0,
        segment: int = 0,
    ) -> HeadsOfFrame:
        """The heads of a BGR picture (H, W, 3).

        `faces` are the landmarks (68, 2) of those that an analysis has found in it.
        """
        self._forget(time_s, segment)
        rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
        heads = [Head.of_points(face.mesh) for face in self._landmarker(rgb)]
        analysed = [Head.of_points(points) for points in faces]
        heads += [one for one in analysed if not _any_same(one, heads)]
        heads += self._search_tiles(rgb, heads)
        faces_with_mesh = [head for head in heads if len(head.points)]
        return HeadsOfFrame(tuple(heads), self._follow(faces_with_mesh, time_s))

    def _search_tiles(self, rgb: NDArray[np.uint8], known: list[Head]) -> list[Head]:
        """More heads: with a mesh that agrees with the detector, or of which that is certain."""
        picture = Pyramid(rgb, self._tile)
        found: list[Head] = []
        for place in self._second.search(picture):
            half = place.side / 2
            head = Head.of_box((place.x - half, place.y - half, place.side, place.side))
            is_part = any(one.surrounds(place.x, place.y) for one in (*known, *found))
            if is_part or _any_same(head, (*known, *found)):
                continue
            face = self._second.examine(picture, place)
            if face is not None:
                head = Head.of_points(face.mesh)
            elif self._second.certainty(picture, place) < CERTAIN:
                continue
            found.append(head)
        return found

    def _forget(self, time_s: float, segment: int) -> None:
        if segment != self._segment:
            self._segment, self._seen = segment, []
        self._seen = [one for one in self._seen if time_s - one.seen_s <= MEMORY_S]

    def _follow(self, heads: list[Head], time_s: float) -> bool:
        """Whether a face of the last second is missing. Each head can be one of them."""
        pairs = sorted(
            (_sizes_apart(head.box, old.box), index, at)
            for index, head in enumerate(heads)
            for at, old in enumerate(self._seen)
            if _is_near(head.box, old, time_s)
        )
        taken: set[int] = set()
        found: set[int] = set()
        for _, index, at in pairs:
            if index not in taken and at not in found:
                taken.add(index)
                found.add(at)
                self._seen[at] = _SeenFace(heads[index].box, time_s)
        missing = len(self._seen) - len(found)
        self._seen += [
            _SeenFace(head.box, time_s) for at, head in enumerate(heads) if at not in taken
        ]
        return missing > 0

    def close(self) -> None:
        self._landmarker.close()
        self._second.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> Literal[False]:
        self.close()
        return False


def _is_near(box: Box, old: _SeenFace, time_s: float) -> bool:
    return _sizes_apart(box, old.box) < REACH + SPEED * (time_s - old.seen_s)


def _any_same(head: Head, others: Iterable[Head]) -> bool:
    return any(head.is_same(other) for other in others)


def _sizes_apart(one: Box, other: Box) -> float:
    """The distance of the centres, in sides of the larger box."""
    dx = one[0] + one[2] / 2 - other[0] - other[2] / 2
    dy = one[1] + one[3] / 2 - other[1] - other[3] / 2
    return math.hypot(dx, dy) / max(*one[2:], *other[2:], 1e-6)
