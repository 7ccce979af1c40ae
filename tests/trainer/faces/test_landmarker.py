"""MediaPipe's points on a real face, and the face crops of data sets."""

import cv2
import numpy as np

from trainer.faces.landmarker import FaceLandmarker, VideoClock, face_of_crop


def test_stamps_grow_and_differ_by_the_true_times_within_a_segment() -> None:
    clock = VideoClock()
    hours = [clock.stamp(3600 + i / 25) for i in range(3)]
    assert np.diff(hours).tolist() == [40, 40]
    clock.begin_segment()
    later = [clock.stamp(i / 25) for i in range(50)]  # a new source begins at 0
    assert later[0] > hours[-1]
    assert np.diff(later).tolist() == [40] * 49


def test_stamps_grow_where_times_do_not() -> None:
    clock = VideoClock()
    stamps = [clock.stamp(time_s) for time_s in (0.0, 0.0, 0.0002, 0.040, 0.080)]
    assert stamps == [0, 1, 2, 40, 80]  # the true difference again as soon as there is room


def test_landmarks_lie_on_the_face(demo_frame: np.ndarray) -> None:
    with FaceLandmarker() as landmarker:
        faces = landmarker(cv2.cvtColor(demo_frame, cv2.COLOR_BGR2RGB))
        assert len(faces) == 1
        points = faces[0].landmarks
        # the pupils are dark: the mean of each eye's box is darker than the cheek below it
        grey = cv2.cvtColor(demo_frame, cv2.COLOR_BGR2GRAY)
        for eye in (points[36:42], points[42:48]):
            x0, y0 = eye.min(axis=0).astype(int)
            x1, y1 = eye.max(axis=0).astype(int)
            height = y1 - y0 + 1
            drop = 2 * height
            inside = grey[y0 : y1 + 1, x0 : x1 + 1].mean()
            below = grey[y0 + drop : y1 + drop + 1, x0 : x1 + 1].mean()
            assert inside < below - 10
        assert points[36, 0] < points[45, 0]  # the person's right eye is on the picture's left
        assert points[27, 1] < points[33, 1] < points[51, 1] < points[57, 1] < points[8, 1]


def test_landmarks_of_a_small_crop_are_in_its_pixels(demo_frame: np.ndarray) -> None:
    with FaceLandmarker() as landmarker:
        face = landmarker(cv2.cvtColor(demo_frame, cv2.COLOR_BGR2RGB))[0]
        x, y, w, h = (round(v) for v in face.box)
        side = max(w, h)
        crop = demo_frame[y : y + side, x : x + side]
        small = cv2.resize(crop, (48, 48), interpolation=cv2.INTER_AREA)
        cut = face_of_crop(landmarker, cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
        assert cut is not None
        expected = (face.landmarks - (x, y) + 0.5) * (48 / side) - 0.5
        assert np.abs(cut.landmarks - expected)[17:].mean() < 1.2  # pixels of 48; the jaw is cut
        assert face_of_crop(landmarker, np.full((48, 48), 128, np.uint8)) is None


def test_the_bundled_model_is_the_one_in_the_notice() -> None:
    import hashlib

    from trainer.files import asset

    digest = hashlib.sha256(asset("face_landmarker.task").read_bytes()).hexdigest()
    assert digest in asset("NOTICE.md").read_text(encoding="utf-8")


def test_at_most_the_requested_number_of_faces(demo_frame: np.ndarray) -> None:
    rgb = cv2.cvtColor(np.hstack([demo_frame, demo_frame]), cv2.COLOR_BGR2RGB)
    with FaceLandmarker(video=True, max_faces=2) as landmarker:
        assert len(landmarker(rgb, 0.0)) == 2
        landmarker.set_max_faces(1)
        assert len(landmarker(rgb, 0.1)) == 1
        landmarker.set_max_faces(4)
        left, right = sorted(face.box[0] for face in landmarker(rgb, 0.2))
    assert right - left > 600
