"""Each cause gives its own quality issue on a real face, and a clean face has none."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from ferapp.sources.base import Frame
from ferapp.vision import quality as measures
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.classifier import Classifier
from ferapp.vision.pipeline import Analyzer
from ferapp.vision.quality import (
    RIGID,
    SHAPE,
    angle_to_camera,
    measure_face,
    quality_issues,
    sharpness,
    unsure_issue,
)
from ferapp.vision.types import AppliedModel, Face, Prediction, QualityIssue, QualityKind
from trainer.faces.align import align_face
from trainer.faces.landmarker import DetectedFace, FaceLandmarker
from trainer.faces.points import mirror_points
from trainer.labels import EXPRESSIONS


@pytest.fixture(scope="module")
def landmarker() -> Iterator[FaceLandmarker]:
    with FaceLandmarker(max_faces=AnalysisOptions().max_faces) as pictures:
        yield pictures


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier("default", "cpu")


@pytest.fixture(scope="module")
def detection(demo_frame: np.ndarray, landmarker: FaceLandmarker) -> DetectedFace:
    (face,) = landmarker(np.ascontiguousarray(demo_frame[..., ::-1]))
    return face


def kinds(faces: tuple[Face, ...]) -> list[QualityKind]:
    (face,) = faces
    return [issue.kind for issue in face.issues()]


def about(image: np.ndarray, landmarks: np.ndarray, size: int = 48) -> tuple[QualityIssue, ...]:
    """Issues with known landmarks."""
    crop = align_face(image, landmarks, size).crop
    return quality_issues(measure_face(crop, landmarks, (image.shape[1], image.shape[0])))


def turned(yaw: float, pitch: float, scale: float = 100.0) -> np.ndarray:
    """(68, 2) landmarks whose rigid points are the mean face's, from the front or the side."""
    a, b = np.radians([yaw, pitch])
    sideways = np.array([(np.cos(a), 0, np.sin(a)), (0, 1, 0), (-np.sin(a), 0, np.cos(a))])
    up = np.array([(1, 0, 0), (0, np.cos(b), -np.sin(b)), (0, np.sin(b), np.cos(b))])
    points = np.zeros((68, 2), np.float32)
    points[RIGID] = ((SHAPE @ sideways.T @ up.T) * scale)[:, :2] * (1, -1) + 200
    return points


class TestThroughTheAnalyzer:
    """Frames as of a camera; the landmarks are detected in each."""

    def seen(
        self, image: np.ndarray, landmarker: FaceLandmarker, classifier: Classifier | None
    ) -> list[QualityKind]:
        frame = Frame(np.ascontiguousarray(image), 0, 0.0, 0.0)
        options = AnalysisOptions(attribution=False)
        return kinds(Analyzer(landmarker).analyze(frame, classifier, options, paint=False).faces)

    def test_clean(
        self, demo_frame: np.ndarray, landmarker: FaceLandmarker, classifier: Classifier
    ) -> None:
        assert self.seen(demo_frame, landmarker, classifier) == []
        assert self.seen(demo_frame, landmarker, None) == []

    def test_dark(
        self, demo_frame: np.ndarray, landmarker: FaceLandmarker, classifier: Classifier
    ) -> None:
        noise = np.random.default_rng(0).normal(0, 3, demo_frame.shape)
        half = np.clip(0.3 * demo_frame + noise, 0, 255).astype(np.uint8)
        night = np.clip(0.1 * demo_frame + noise, 0, 255).astype(np.uint8)
        assert self.seen(half, landmarker, classifier) == []
        assert self.seen(night, landmarker, classifier) == [QualityKind.DARK]

    def test_blurred(self, demo_frame: np.ndarray, landmarker: FaceLandmarker) -> None:
        """σ in pixels of the frame, in which the outer eye corners are 140 px apart."""
        slightly, badly = (cv2.GaussianBlur(demo_frame, (0, 0), sigma) for sigma in (3, 12))
        assert self.seen(slightly, landmarker, None) == []
        assert self.seen(badly, landmarker, None) == [QualityKind.BLURRED]

    def test_cut_off(self, demo_frame: np.ndarray, landmarker: FaceLandmarker) -> None:
        (box,) = (face.box for face in landmarker(np.ascontiguousarray(demo_frame[..., ::-1])))
        forehead, mouth = (int(box[1] + share * box[3]) for share in (0.1, 0.72))
        assert self.seen(demo_frame[forehead:], landmarker, None) == []
        assert self.seen(demo_frame[:mouth], landmarker, None) == [QualityKind.CUT_OFF]


class TestOnKnownLandmarks:
    def test_clean(self, demo_frame: np.ndarray, detection: DetectedFace) -> None:
        assert about(demo_frame, detection.landmarks) == ()

    def test_small(self, demo_frame: np.ndarray, detection: DetectedFace) -> None:
        for width, expected in ((30, []), (17, []), (11, [QualityKind.SMALL])):
            scale = width / measures.face_width(detection.landmarks)
            image = cv2.resize(demo_frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            scale = image.shape[1] / demo_frame.shape[1]
            points = (detection.landmarks + 0.5) * scale - 0.5
            assert [issue.kind for issue in about(np.asarray(image), points)] == expected

    def test_cut_off_on_every_side(self, demo_frame: np.ndarray, detection: DetectedFace) -> None:
        """The inner points count: a chin may leave the frame, a mouth may not."""
        low, high = detection.landmarks.min(axis=0), detection.landmarks.max(axis=0)
        width, height = (high - low).tolist()
        for share, expected in ((0.03, []), (0.5, [QualityKind.CUT_OFF])):
            x, y = int(low[0] + share * width), int(low[1] + share * height)
            right, bottom = int(high[0] - share * width), int(high[1] - share * height)
            for image, shift in (
                (demo_frame[:, x:], (x, 0)),
                (demo_frame[y:], (0, y)),
                (demo_frame[:, :right], (0, 0)),
                (demo_frame[:bottom], (0, 0)),
            ):
                points = detection.landmarks - np.array(shift, np.float32)
                assert [issue.kind for issue in about(image, points)] == expected

    def test_turned(self, demo_frame: np.ndarray, detection: DetectedFace) -> None:
        crop = align_face(demo_frame, detection.landmarks).crop
        for yaw, pitch, expected in ((0, 0, False), (-30, 0, False), (40, 0, True), (0, -45, True)):
            issues = quality_issues(measure_face(crop, turned(yaw, pitch), (640, 360)))
            assert [issue.kind for issue in issues] == [QualityKind.TURNED] * expected

    def test_unsure(self) -> None:
        issue = unsure_issue(np.array([0.45, 0.40, 0.15], np.float32))
        assert issue == QualityIssue(QualityKind.UNSURE, pytest.approx(0.45), measures.UNSURE)
        assert unsure_issue(np.array([0.9, 0.1], np.float32)) is None

    def test_the_model_comes_last(self, demo_frame: np.ndarray, detection: DetectedFace) -> None:
        crop = align_face(demo_frame, detection.landmarks).crop // 12
        quality = quality_issues(measure_face(crop, detection.landmarks - 250, (640, 360)))
        low = np.full(7, 1 / 7, np.float32)
        prediction = Prediction(AppliedModel(EXPRESSIONS), low, low, unsure=unsure_issue(low))
        face = Face(0, detection.box, detection.landmarks, None, low, quality, (None, prediction))
        assert [issue.kind for issue in face.issues()] == [QualityKind.CUT_OFF, QualityKind.DARK]
        assert [issue.kind for issue in face.issues(1)][2:] == [QualityKind.UNSURE]


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (20, 0), (-35, 0), (0, 25), (30, -20)])
def test_the_angle_is_in_degrees(yaw: float, pitch: float) -> None:
    expected = np.degrees(np.arccos(np.cos(np.radians(yaw)) * np.cos(np.radians(pitch))))
    assert angle_to_camera(turned(yaw, pitch)) == pytest.approx(expected, abs=0.1)
    tilted = turned(yaw, pitch) @ np.array([(0.8, 0.6), (-0.6, 0.8)], np.float32)
    assert angle_to_camera(tilted) == pytest.approx(expected, abs=0.1)  # in the picture's plane
    assert angle_to_camera(mirror_points(turned(yaw, pitch), 640)) == pytest.approx(
        expected, abs=0.1
    )


def test_sharpness_depends_neither_on_light_nor_on_the_input_size(
    demo_frame: np.ndarray, detection: DetectedFace
) -> None:
    usual = sharpness(align_face(demo_frame, detection.landmarks).crop)
    assert 0.8 < usual < 1.6
    dimmed = (0.5 * demo_frame + 40).astype(np.uint8)
    assert sharpness(align_face(dimmed, detection.landmarks).crop) == pytest.approx(usual, rel=0.05)
    large = align_face(demo_frame, detection.landmarks, 224).crop
    assert sharpness(large) == pytest.approx(usual, rel=0.25)


def test_motion_in_one_direction_is_blur(demo_frame: np.ndarray, detection: DetectedFace) -> None:
    crop = align_face(demo_frame, detection.landmarks).crop
    streak = np.full((1, 7), 1 / 7, np.float32)
    for kernel in (streak, streak.T):
        moved = np.asarray(cv2.filter2D(crop, -1, kernel), np.uint8)
        (issue,) = quality_issues(measure_face(moved, detection.landmarks, (640, 360)))
        assert issue.kind is QualityKind.BLURRED


def test_a_distant_webcam_face_is_not_blurred(
    demo_frame: np.ndarray, detection: DetectedFace
) -> None:
    """640 × 360, compressed, the face as wide as the crop of the model: few pixels, all sharp."""
    for width in (80, 50, 38):
        scale = width / measures.face_width(detection.landmarks)
        image = cv2.resize(demo_frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])
        picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
        points = (detection.landmarks + 0.5) * (image.shape[1] / demo_frame.shape[1]) - 0.5
        assert about(picture, points) == ()


def test_a_blank_crop_has_no_detail_and_no_light() -> None:
    points = turned(0, 0)
    issues = quality_issues(measure_face(np.zeros((48, 48), np.uint8), points, (640, 360)))
    assert [issue.kind for issue in issues] == [QualityKind.DARK, QualityKind.BLURRED]
