"""Head pose, eyes and action units of rotated and mirrored faces."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from ferapp.vision.signals import COLUMNS, GROUPS, SIGNALS, UNITS, head_angles, measure_signals
from tests.support import ROOT
from trainer.faces.landmarker import DetectedFace, FaceLandmarker

CLIP = ROOT / "assets" / "demo" / "demo.mp4"


@pytest.fixture(scope="module")
def landmarker() -> Iterator[FaceLandmarker]:
    with FaceLandmarker(details=True) as landmarker:
        yield landmarker


@pytest.fixture(scope="module")
def frames() -> dict[int, np.ndarray]:
    """RGB frames of the clip: eyes closed, open and turned, laughing, head leaning."""
    capture = cv2.VideoCapture(str(CLIP))
    frames = {}
    for index in range(401):
        image = capture.read()[1]
        if index in (0, 60, 160, 240, 320, 400):
            frames[index] = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
    capture.release()
    return frames


def the_face(landmarker: FaceLandmarker, rgb: np.ndarray) -> DetectedFace:
    (face,) = landmarker(np.ascontiguousarray(rgb))
    return face


def signals(landmarker: FaceLandmarker, rgb: np.ndarray) -> dict[str, float]:
    face = the_face(landmarker, rgb)
    values = measure_signals(face.landmarks, face.pose, face.blendshapes)
    return dict(zip(COLUMNS, values.tolist(), strict=True))


def turned(axis: str, degrees: float) -> np.ndarray:
    """A right-handed rotation; x to the right of the picture, y up, z towards the camera."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array(
        {
            "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
            "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
            "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
        }[axis]
    )


@pytest.mark.parametrize("angles", [(0, 0, 0), (30, 0, 0), (0, -20, 0), (0, 0, 25), (-40, 15, -10)])
def test_angles_of_a_rotation(angles: tuple[float, float, float]) -> None:
    yaw, pitch, roll = angles
    pose = turned("y", yaw) @ turned("x", -pitch) @ turned("z", -roll)
    assert head_angles(pose) == pytest.approx(angles, abs=1e-6)


@pytest.mark.parametrize("index", [0, 160, 320, 400])
def test_a_mirrored_face_has_left_and_right_exchanged(
    landmarker: FaceLandmarker, frames: dict[int, np.ndarray], index: int
) -> None:
    straight = signals(landmarker, frames[index])
    mirrored = signals(landmarker, frames[index][:, ::-1])
    assert mirrored["yaw_deg"] == pytest.approx(-straight["yaw_deg"], abs=2.5)
    assert mirrored["roll_deg"] == pytest.approx(-straight["roll_deg"], abs=2.5)
    assert mirrored["pitch_deg"] == pytest.approx(straight["pitch_deg"], abs=2.5)
    assert mirrored["eye_left"] == pytest.approx(straight["eye_right"], abs=0.05)
    assert mirrored["eye_right"] == pytest.approx(straight["eye_left"], abs=0.05)
    for unit in ("au01", "au12", "au26"):  # MediaPipe itself is not symmetric
        assert mirrored[unit] == pytest.approx(straight[unit], abs=0.3)


@pytest.mark.parametrize("degrees", [-30, 20])
def test_roll_follows_the_picture(
    landmarker: FaceLandmarker, frames: dict[int, np.ndarray], degrees: float
) -> None:
    """Turned clockwise by so many degrees, the head leans to the subject's own left."""
    rgb = frames[240]
    x, y = the_face(landmarker, rgb).mesh.mean(axis=0).tolist()
    turn = cv2.getRotationMatrix2D((x, y), -degrees, 1)  # OpenCV turns the other way
    after = signals(landmarker, cv2.warpAffine(rgb, turn, rgb.shape[1::-1]))
    before = signals(landmarker, rgb)
    assert after["roll_deg"] - before["roll_deg"] == pytest.approx(degrees, abs=3)
    assert after["pitch_deg"] == pytest.approx(before["pitch_deg"], abs=4)


def test_yaw_has_the_sign_of_the_nose_direction(
    landmarker: FaceLandmarker, frames: dict[int, np.ndarray]
) -> None:
    """Positive is the subject's left, to the right of the picture."""
    face = the_face(landmarker, frames[160])
    nose, eyes = face.landmarks[30], face.landmarks[[36, 45]]
    assert nose[0] < eyes[:, 0].mean()
    assert face.pose is not None
    assert head_angles(face.pose)[0] < -10
    up, level = (signals(landmarker, frames[i])["pitch_deg"] for i in (320, 60))
    assert up > level + 5  # laughs with the chin up


def test_eyes_and_smile(landmarker: FaceLandmarker, frames: dict[int, np.ndarray]) -> None:
    closed, wide, laughing = (signals(landmarker, frames[index]) for index in (60, 160, 320))
    for side in ("eye_left", "eye_right"):
        assert closed[side] < 0.1
        assert wide[side] > 0.25
    assert closed["au45"] > 0.5 > wide["au45"]
    assert laughing["au12"] > 0.5 > wide["au12"]
    assert wide["au01"] > 0.4 > closed["au01"]  # the brows are up


def test_every_blendshape_of_the_table_is_one_of_mediapipe(
    landmarker: FaceLandmarker, frames: dict[int, np.ndarray]
) -> None:
    known = set(the_face(landmarker, frames[160]).blendshapes)
    assert len(known) == 52
    shapes = [shape for _, shapes in UNITS.values() for shape in shapes]
    assert set(shapes) <= known
    assert len(shapes) == len(set(shapes))


def test_unknown_signals_are_nan() -> None:
    values = measure_signals(
        np.random.default_rng(0).normal(size=(68, 2)).astype(np.float32), None, {}
    )
    known = [column for column, value in zip(COLUMNS, values, strict=True) if np.isfinite(value)]
    assert known == ["eye_left", "eye_right"]


def test_every_signal_is_plotted_once() -> None:
    assert sorted(index for group in GROUPS.values() for index in group) == list(
        range(len(SIGNALS))
    )
