"""The face detector inside MediaPipe's landmark model, by itself: BlazeFace for short range.

Bazarevsky et al. 2019. It sees any picture as 128 by 128 px, and finds faces from about an eighth
of that on, whatever size the picture has; also turned ones, with a lower score.
"""

import zipfile
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from trainer.errors import FerError
from trainer.faces.landmarker import landmark_model, silence_native_messages
from trainer.faces.mediapipe_import import import_mediapipe

DETECTOR = "face_detector.tflite"  # its name in the bundle


@dataclass(frozen=True, slots=True)
class FoundFace:
    """`score` from 0 to 1; `box` is x, y, width, height, and `keypoints` (6, 2) are the eyes (the
    person's right one first), nose tip, mouth and ears, in pixels of the picture.
    """

    score: float
    box: tuple[float, float, float, float]
    keypoints: NDArray[np.float32]


class FaceDetector:
    """Finds faces in single RGB pictures, in about 1 ms; close it explicitly, as the landmarker."""

    def __init__(self, min_score: float) -> None:
        mediapipe = import_mediapipe()
        self._image = mediapipe.image
        with zipfile.ZipFile(landmark_model()) as bundle:
            try:
                model = bundle.read(DETECTOR)
            except KeyError as error:
                raise FerError(f"{bundle.filename}: it has no {DETECTOR}") from error
        options = mediapipe.detector.FaceDetectorOptions(
            base_options=mediapipe.base_options.BaseOptions(model_asset_buffer=model),
            min_detection_confidence=min_score,
        )
        self._task: Any
        with silence_native_messages():
            self._task = mediapipe.detector.FaceDetector.create_from_options(options)
            self(np.zeros((64, 64, 3), np.uint8))  # the first call completes the set-up

    def __call__(self, rgb: NDArray[np.uint8]) -> list[FoundFace]:
        """Faces of one (H, W, 3) picture, the most certain first."""
        image = self._image.Image(
            image_format=self._image.ImageFormat.SRGB, data=np.ascontiguousarray(rgb)
        )
        height, width = rgb.shape[:2]
        found = []
        for face in self._task.detect(image).detections:
            box = face.bounding_box
            points = [(p.x * width - 0.5, p.y * height - 0.5) for p in face.keypoints]
            found.append(
                FoundFace(
                    float(face.categories[0].score),
                    (box.origin_x - 0.5, box.origin_y - 0.5, float(box.width), float(box.height)),
                    np.array(points, np.float32),
                )
            )
        return sorted(found, key=lambda face: face.score, reverse=True)

    def close(self) -> None:
        if self._task is not None:
            self._task.close()
            self._task = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> Literal[False]:
        self.close()
        return False
