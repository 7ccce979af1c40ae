"""Every face of a picture or video: MediaPipe's landmarker, and the second look for what it misses.

Slower than the landmarker alone: for analyses that need not keep up with a camera.
"""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.faces.landmarker import DetectedFace, FaceLandmarker
from trainer.faces.second_look import (
    PICTURE_TILE,
    VIDEO_TILE,
    Place,
    Pyramid,
    SecondLook,
    is_same_face,
    place_of_mesh,
)

LOOK_S = 2.0  # of a video, from one second look to the next: 2 to 3 % of the time of an analysis
TURNS: dict[int, int] = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


class FaceSource(Protocol):
    """Finds the faces of the pictures of a segment, one after the other."""

    def __call__(
        self, rgb: NDArray[np.uint8], time_s: float | None = None
    ) -> list[DetectedFace]: ...

    def set_max_faces(self, max_faces: int) -> None: ...

    def begin_segment(self) -> None: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class LookCount:
    """What second looks cost and found."""

    looks: int = 0
    seconds: float = 0.0
    faces: int = 0  # that the landmarker missed, or saw upright although they are not

    @property
    def ms_per_look(self) -> float:
        return 1000 * self.seconds / max(1, self.looks)


class FaceFinder:
    """Finds faces in RGB pictures; `video=True` follows them from picture to picture.

    Every picture gets a second look; of a video, the first of a segment and one every LOOK_S,
    and what it found is followed in between. `small_faces` searches tiles of the picture, too.
    `turn`: degrees by which the pictures are turned clockwise to be upright. Faces are in pixels
    of the pictures as given. Close it explicitly, as the landmarker.
    """

    def __init__(
        self,
        *,
        video: bool = False,
        max_faces: int = 1,
        small_faces: bool = True,
        turn: int = 0,
    ) -> None:
        self._landmarker = FaceLandmarker(video=video, max_faces=max_faces, details=True)
        try:
            self._second = SecondLook()
        except BaseException:
            self._landmarker.close()
            raise
        self._video, self._max_faces = video, max_faces
        self._small_faces, self._turn = small_faces, turn
        self._followed: list[DetectedFace] = []  # in the last picture, upright as that was
        self._last_look: int | None = None
        self.count = LookCount()

    def set_max_faces(self, max_faces: int) -> None:
        self._max_faces = max_faces
        self._landmarker.set_max_faces(max_faces)

    def begin_segment(self) -> None:
        """The next picture does not follow the last one."""
        self._landmarker.begin_segment()
        self._followed, self._last_look = [], None

    def __call__(self, rgb: NDArray[np.uint8], time_s: float | None = None) -> list[DetectedFace]:
        """Faces of one (H, W, 3) RGB picture, largest first; `time_s` grows within a segment."""
        if self._turn:
            upright = np.asarray(cv2.rotate(rgb, TURNS[self._turn]), np.uint8)
            back = _turned_back(self._turn, rgb.shape[1], rgb.shape[0])
            faces = [face.mapped(back) for face in self._upright_faces(upright, time_s)]
        else:
            faces = self._upright_faces(rgb, time_s)
        faces.sort(key=lambda face: face.box[2] * face.box[3], reverse=True)
        return faces[: self._max_faces]

    def _upright_faces(self, rgb: NDArray[np.uint8], time_s: float | None) -> list[DetectedFace]:
        faces = self._landmarker(rgb, time_s)
        if self._is_due(time_s):
            began = time.perf_counter()
            faces = self._look(self._pyramid(rgb), faces)
            self.count.looks += 1
            self.count.seconds += time.perf_counter() - began
        elif self._followed:
            faces = self._follow(self._pyramid(rgb), faces)
        return faces

    def _pyramid(self, rgb: NDArray[np.uint8]) -> Pyramid:
        return Pyramid(rgb, VIDEO_TILE if self._video else PICTURE_TILE)

    def _is_due(self, time_s: float | None) -> bool:
        """Whether this picture gets a second look: by its time, so that a repetition agrees."""
        if not self._video:
            return True
        look = math.floor((time.monotonic() if time_s is None else time_s) / LOOK_S)
        before, self._last_look = self._last_look, look
        return look != before

    def _look(self, picture: Pyramid, faces: list[DetectedFace]) -> list[DetectedFace]:
        """The landmarker's faces, corrected, and those that it missed."""
        known: list[DetectedFace] = []
        missed: list[DetectedFace] = []
        for face in faces:
            confirmed = self._second.confirm(picture, face)
            if confirmed.mesh is face.mesh:
                known.append(confirmed)
            elif _is_new(confirmed, missed):
                missed.append(confirmed)
        room = self._max_faces - len(known)
        for place in self._places(picture, len(faces)) if len(missed) < room else ():
            if len(missed) >= room:
                break
            if any(place.is_within(face) for face in (*known, *missed)):
                continue
            found = self._second.examine(picture, place)
            if found is not None and _is_new(found, (*known, *missed)):
                missed.append(found)
        self.count.faces += len(missed)
        self._followed = missed if self._video else []
        return known + missed

    def _places(self, picture: Pyramid, seen: int) -> Iterator[Place]:
        """Where to look for more faces than the `seen` ones, those of the last look first."""
        yield from map(place_of_mesh, self._followed)
        if self._small_faces:
            yield from self._second.search(picture)
        elif not seen:
            yield from self._second.search_coarsely(picture)

    def _follow(self, picture: Pyramid, faces: list[DetectedFace]) -> list[DetectedFace]:
        """Those faces of the last look that are still there, before what the landmarker sees of
        turned ones.
        """
        before, self._followed = self._followed, []
        for one in before:
            face = self._second.follow(picture, one)
            if face is None or not _is_new(face, self._followed):
                continue
            if place_of_mesh(face).is_turned or _is_new(face, faces):
                self._followed.append(face)
        return [face for face in faces if _is_new(face, self._followed)] + self._followed

    def close(self) -> None:
        self._landmarker.close()
        self._second.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> Literal[False]:
        self.close()
        return False


def _is_new(face: DetectedFace, known: Iterable[DetectedFace]) -> bool:
    return not any(is_same_face(face, other) for other in known)


def _turned_back(turn: int, width: int, height: int) -> NDArray[np.float64]:
    """The map from the turned picture to the one of `width` by `height` px as given."""
    maps = {
        90: [(0, 1, 0), (-1, 0, height - 1)],
        180: [(-1, 0, width - 1), (0, -1, height - 1)],
        270: [(0, -1, width - 1), (1, 0, 0)],
    }
    return np.array(maps[turn], np.float64)
