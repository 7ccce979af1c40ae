"""Two real faces that pass each other, detected by MediaPipe."""

import cv2
import numpy as np
import pytest

from ferapp.vision.tracking import Tracks
from tests.support import ROOT
from trainer.faces.landmarker import FaceLandmarker

CLIP = ROOT / "assets" / "demo" / "demo.mp4"
FRAMES, RATE = 36, 15
REACH = 190  # px either side of the middle


@pytest.fixture(scope="module")
def portraits() -> list[np.ndarray]:
    """The same head, 220 px high, at two moments."""
    capture = cv2.VideoCapture(str(CLIP))
    pictures = []
    for index in range(361):
        image = capture.read()[1]
        if index in (200, 360):
            with FaceLandmarker() as landmarker:
                mesh = landmarker(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))[0].mesh
            x, y = mesh.mean(axis=0).tolist()
            scale = 110 / float(np.ptp(mesh[:, 1]))
            place = np.array([[scale, 0, 90 - scale * x], [0, scale, 110 - scale * y]])
            pictures.append(np.asarray(cv2.warpAffine(image, place, (180, 220)), np.uint8))
    capture.release()
    return pictures


def put(canvas: np.ndarray, portrait: np.ndarray, x: int, scale: float) -> None:
    """Paint a head in an oval over the frame."""
    head = cv2.resize(portrait, None, fx=scale, fy=scale)
    height, width = head.shape[:2]
    oval = np.zeros((height, width), np.uint8)
    cv2.ellipse(
        oval, (width // 2, height // 2), (width // 2 - 4, height // 2 - 4), 0, 0, 360, 1, -1
    )
    top, left = 180 - height // 2, x - width // 2
    canvas[top : top + height, left : left + width][oval > 0] = head[oval > 0]


def test_ids_survive_an_occlusion(portraits: list[np.ndarray]) -> None:
    tracks = Tracks()
    alone, wrong = 0, []
    with FaceLandmarker(video=True, max_faces=4) as landmarker:
        for frame in range(FRAMES):
            canvas = np.full((360, 640, 3), 90, np.uint8)
            share = 2 * frame / (FRAMES - 1) - 1
            behind, front = round(320 - REACH * share), round(320 + REACH * share)
            put(canvas, portraits[0], behind, 1.0)
            put(canvas, portraits[1], front, 1.25)
            time_s = frame / RATE
            faces = landmarker(cv2.cvtColor(canvas, cv2.COLOR_BGR2RGB), time_s)
            alone += len(faces) == 1
            ids = tracks.assign([face.box for face in faces], time_s)
            for key, face in zip(ids, faces, strict=True):
                x = face.box[0] + face.box[2] / 2
                if key != (0 if abs(x - front) < abs(x - behind) else 1) and abs(share) > 0.05:
                    wrong.append((frame, key))
    assert wrong == []
    assert alone >= 3  # the one behind was out of sight
    assert len(ids) == 2
