"""The detector inside the bundle, by itself."""

import cv2
import numpy as np

from trainer.faces.face_detector import FaceDetector
from trainer.faces.landmarker import FaceLandmarker


def test_its_keypoints_lie_on_the_landmarks(demo_frame: np.ndarray) -> None:
    rgb = np.asarray(cv2.cvtColor(demo_frame, cv2.COLOR_BGR2RGB), np.uint8)
    with FaceDetector(0.5) as detector, FaceLandmarker() as landmarker:
        (found,), (face,) = detector(rgb), landmarker(rgb)
        assert detector(np.full((64, 64, 3), 120, np.uint8)) == []
    points = face.landmarks
    right, left, nose, mouth = found.keypoints[:4]
    assert found.score > 0.9
    for seen, true in (
        (right, points[36:42].mean(axis=0)),
        (left, points[42:48].mean(axis=0)),
        (nose, points[30]),
        (mouth, points[60:68].mean(axis=0)),
    ):
        assert np.hypot(*(seen - true)) < 0.06 * face.box[2]
    x, y, width, height = found.box
    assert x < points[36, 0] < points[45, 0] < x + width
    assert y < points[36, 1] < points[57, 1] < y + height
