"""The arrays are those of MediaPipe's public call."""

import cv2
import numpy as np
import pytest

from trainer.faces.landmark_arrays import detect_arrays
from trainer.faces.landmarker import FaceLandmarker
from trainer.faces.mediapipe_import import import_mediapipe


@pytest.mark.parametrize("details", [True, False])
def test_same_numbers_as_the_public_call(demo_frame: np.ndarray, details: bool) -> None:
    two_faces = np.concatenate([demo_frame, demo_frame[:, ::-1]], axis=1)
    mediapipe = import_mediapipe().image
    rgb = np.ascontiguousarray(cv2.cvtColor(two_faces, cv2.COLOR_BGR2RGB))
    image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)
    with FaceLandmarker(max_faces=3, details=details) as landmarker:
        expected = landmarker._task.detect(image)
        faces = detect_arrays(landmarker._task, image, None)
    assert len(faces) == len(expected.face_landmarks) == 2
    for index, face in enumerate(faces):
        points = [(point.x, point.y) for point in expected.face_landmarks[index]]
        np.testing.assert_array_equal(face.points, np.array(points, np.float32))
        if not details:
            assert face.pose is None
            assert face.blendshapes == {}
            continue
        assert face.pose is not None
        np.testing.assert_array_equal(face.pose, expected.facial_transformation_matrixes[index])
        shapes = expected.face_blendshapes[index]
        assert face.blendshapes == {shape.category_name: shape.score for shape in shapes}


def test_a_time_that_goes_back_is_refused_as_by_the_public_call(demo_frame: np.ndarray) -> None:
    mediapipe = import_mediapipe().image
    image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=demo_frame.copy())
    with FaceLandmarker(video=True) as landmarker:
        detect_arrays(landmarker._task, image, 1000)
        with pytest.raises(ValueError, match="monotonically increasing"):
            detect_arrays(landmarker._task, image, 500)
