"""MediaPipe's FaceLandmarker: 478 points per face and, on request, pose and blendshapes.

MediaPipe is imported on first use.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.errors import FerError
from trainer.faces.align import transform_points
from trainer.faces.landmark_arrays import detect_arrays
from trainer.faces.mediapipe_import import import_mediapipe
from trainer.faces.points import to_ibug68
from trainer.files import asset

MIN_CONFIDENCE = 0.5  # of detection, presence and tracking
SEGMENT_GAP_MS = 1  # between the last picture of a segment and the first of the next
CROP_SIDE = 192  # px: small face crops are enlarged to about this before detection
CROP_BORDER = 0.25  # replicated border around a face crop, as a share of its side


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """One face: `mesh` (478, 2) float32 in pixels of the picture (pixel centres are integers).

    With `details` also `pose` (3, 3), the rotation of MediaPipe's upright face (x to the right of
    the picture, y up, z towards the camera), and `blendshapes`, 52 activations from 0 to 1 by name;
    left and right are the subject's own. `score`, from 0 to 1, is how certain MediaPipe's detector
    is of the upright face; None where it was not asked.
    """

    mesh: NDArray[np.float32]
    pose: NDArray[np.float64] | None = None
    blendshapes: Mapping[str, float] = field(default_factory=dict)
    score: float | None = None

    @property
    def landmarks(self) -> NDArray[np.float32]:
        """The 68 iBUG points, (68, 2) float32."""
        return to_ibug68(self.mesh)

    def mapped(self, matrix: NDArray[np.float64]) -> "DetectedFace":
        """The face in the pixels of another picture, by a similarity (2, 3) of pixels."""
        mesh = np.asarray(transform_points(matrix, self.mesh), np.float32)
        if self.pose is None:
            return replace(self, mesh=mesh)
        c, s = matrix[:, 0] / np.hypot(*matrix[:, 0])
        clockwise = np.array([(c, s, 0), (-s, c, 0), (0, 0, 1)])  # as y points up
        return replace(self, mesh=mesh, pose=np.asarray(clockwise @ self.pose, np.float64))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x, y, width, height of the mesh's bounding box in pixels."""
        low, high = self.mesh.min(axis=0), self.mesh.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def landmark_model() -> Path:
    """The bundle of MediaPipe's detector and landmark models. Raises FerError if it is missing."""
    model = asset("face_landmarker.task")
    if not model.is_file():
        raise FerError(f"{model}: the landmark model is missing")
    return model


class VideoClock:
    """Timestamps in ms for MediaPipe's video mode, which must increase.

    Within a segment they differ by as much as the given times, whatever the times of earlier
    segments were.
    """

    def __init__(self) -> None:
        self._last_ms = -1
        self._offset_ms: int | None = 0  # None before the first picture of a segment

    def begin_segment(self) -> None:
        self._offset_ms = None

    def stamp(self, time_s: float) -> int:
        """The timestamp for `time_s`, at least 1 ms after the last one."""
        now_ms = int(1000 * time_s)
        if self._offset_ms is None:
            self._offset_ms = self._last_ms + SEGMENT_GAP_MS - now_ms
        self._last_ms = max(now_ms + self._offset_ms, self._last_ms + 1)
        return self._last_ms


class FaceLandmarker:
    """Detects faces in RGB pictures; `video=True` tracks them from picture to picture.

    `details` adds pose and blendshapes, for about 1 ms per face. Close it explicitly (or use
    `with`): MediaPipe raises if the interpreter's shutdown closes it.
    """

    def __init__(
        self,
        *,
        video: bool = False,
        max_faces: int = 1,
        min_confidence: float = MIN_CONFIDENCE,
        details: bool = False,
    ) -> None:
        mediapipe = import_mediapipe()
        self._image = mediapipe.image
        modes = mediapipe.running_mode.VisionTaskRunningMode
        self._video = video
        self._clock = VideoClock()
        self._is_tracking = False  # a picture was searched since the start of a segment
        self._options = mediapipe.landmarker.FaceLandmarkerOptions(
            base_options=mediapipe.base_options.BaseOptions(
                model_asset_buffer=landmark_model().read_bytes()
            ),
            running_mode=modes.VIDEO if video else modes.IMAGE,
            num_faces=max_faces,
            min_face_detection_confidence=min_confidence,
            min_face_presence_confidence=min_confidence,
            min_tracking_confidence=min_confidence,
            output_face_blendshapes=details,
            output_facial_transformation_matrixes=details,
        )
        self._create = mediapipe.landmarker.FaceLandmarker.create_from_options
        self._task: Any = None
        self._start()

    def _start(self) -> None:
        with silence_native_messages():
            self._task = self._create(self._options)
            self._search_black()  # the first call completes the set-up

    def set_max_faces(self, max_faces: int) -> None:
        """Detect at most this many faces from now on.

        A change restarts MediaPipe. With fewer faces in view than the maximum, it searches every
        picture for more: 1 to 2 ms.
        """
        if max_faces != self._options.num_faces:
            self._options.num_faces = max_faces
            self.close()
            self._start()

    def begin_segment(self) -> None:
        """Stop tracking: the next picture does not follow the last one.

        A black picture makes MediaPipe lose all faces, as if restarted, in 10 ms.
        """
        if self._video and self._is_tracking:
            self._search_black()
            self._clock.begin_segment()

    def _search_black(self) -> None:
        self(np.zeros((64, 64, 3), np.uint8), 0.0)
        self._is_tracking = False

    def __call__(self, rgb: NDArray[np.uint8], time_s: float | None = None) -> list[DetectedFace]:
        """Faces of one (H, W, 3) RGB picture, largest first; `time_s` grows within a segment."""
        image = self._image.Image(
            image_format=self._image.ImageFormat.SRGB, data=np.ascontiguousarray(rgb)
        )
        stamp = None
        if self._video:
            stamp = self._clock.stamp(time.monotonic() if time_s is None else time_s)
            self._is_tracking = True
        size = np.array(rgb.shape[1::-1], np.float32)
        # normalised coordinates count from the pixels' outer edges
        faces = [
            DetectedFace(
                face.points * size - np.float32(0.5),
                None if face.pose is None else _rotation(face.pose),
                face.blendshapes,
            )
            for face in detect_arrays(self._task, image, stamp)
        ]
        return sorted(faces, key=lambda face: face.box[2] * face.box[3], reverse=True)

    def close(self) -> None:
        if self._task is not None:
            self._task.close()
            self._task = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> Literal[False]:
        self.close()
        return False


def _rotation(matrix: NDArray[np.floating]) -> NDArray[np.float64]:
    """The (3, 3) rotation in a (4, 4) matrix of rotation, scale and shift."""
    scaled = matrix[:3, :3].astype(np.float64)
    return np.asarray(scaled / np.linalg.norm(scaled, axis=0), np.float64)


@contextlib.contextmanager
def silence_native_messages() -> Iterator[None]:
    """MediaPipe logs its set-up to file descriptor 2; no option silences it."""
    sys.stderr.flush()
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


def face_of_crop(landmarker: FaceLandmarker, picture: NDArray[np.uint8]) -> DetectedFace | None:
    """The face that fills a small grey or BGR `picture`, in the picture's own pixels, or None.

    FER2013's 48 px are too few for the detector, so the picture is first enlarged (bicubic) and
    given a replicated border.
    """
    height, width = picture.shape[:2]
    scale = max(1.0, CROP_SIDE / max(height, width))
    big = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    border = round(CROP_BORDER * max(big.shape[:2]))
    big = cv2.copyMakeBorder(big, border, border, border, border, cv2.BORDER_REPLICATE)
    code = cv2.COLOR_GRAY2RGB if big.ndim == 2 else cv2.COLOR_BGR2RGB
    faces = landmarker(np.asarray(cv2.cvtColor(big, code), dtype=np.uint8))
    if not faces:
        return None
    return replace(faces[0], mesh=(faces[0].mesh - border + 0.5) / np.float32(scale) - 0.5)
