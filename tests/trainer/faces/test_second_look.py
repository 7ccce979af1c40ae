"""Tiles cover a picture, crops turn faces upright, and a mesh on a turned face is put right."""

import math
from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
import pytest

from trainer.faces.landmarker import DetectedFace, FaceLandmarker
from trainer.faces.second_look import (
    OVERLAP,
    Place,
    Pyramid,
    SecondLook,
    _tile_corners,
    is_same_face,
    place_of_mesh,
)


@pytest.fixture(scope="module")
def rgb(demo_frame: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(demo_frame, cv2.COLOR_BGR2RGB), np.uint8)


@pytest.fixture(scope="module")
def look(rgb: np.ndarray) -> Iterator[SecondLook]:
    with SecondLook() as second:
        found = second.examine(Pyramid(rgb), Place(440.0, 210.0, 230.0))
        assert found is not None  # its landmarker has been started, for all tests
        yield second


@pytest.fixture(scope="module")
def face(rgb: np.ndarray) -> DetectedFace:
    with FaceLandmarker(details=True) as landmarker:
        return landmarker(rgb)[0]


@pytest.mark.parametrize(
    ("width", "height"), [(640, 360), (100, 90), (161, 160), (4000, 200), (7, 900)]
)
def test_a_small_face_is_whole_in_one_tile_wherever_it_is(width: int, height: int) -> None:
    tile = 160
    corners = _tile_corners(width, height, tile)
    for size, starts in ((width, {x for x, _ in corners}), (height, {y for _, y in corners})):
        ordered = sorted(starts)
        assert ordered[0] == 0
        assert ordered[-1] + tile >= size
        assert all(b - a <= tile - round(OVERLAP * tile) for a, b in pairwise(ordered))


def test_halvings_end_with_one_tile_and_know_their_scale() -> None:
    picture = Pyramid(np.zeros((999, 1301, 3), np.uint8), tile=160)
    assert [level.shape[1] for level in picture.levels] == [1301, 650, 325, 162, 81]
    assert picture.scale(2) == pytest.approx((1301 / 325, 999 / 249))


def test_a_crop_is_the_same_from_every_level(rgb: np.ndarray) -> None:
    """Enlarged four times, the picture's crop is taken from a halving, and shows the same place."""
    place = Place(430.0, 220.0, 250.0, 0.4)
    large = cv2.resize(rgb, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    wide = Place(4 * 430.0 + 1.5, 4 * 220.0 + 1.5, 1000.0, 0.4)
    small = Pyramid(rgb).crop(place.to_crop(128), 128)
    same = Pyramid(np.asarray(large, np.uint8)).crop(wide.to_crop(128), 128)
    assert np.abs(small.astype(int) - same).mean() < 3


def test_the_place_of_a_mesh_is_upright_in_its_crop(face: DetectedFace) -> None:
    """The map of the place takes the eyes above the mouth, whatever the mesh's turn."""
    for degrees in (0, 70, 180, 290):
        angle = math.radians(degrees)
        c, s = math.cos(angle), math.sin(angle)
        turned = face.mapped(np.array([(c, -s, 0), (s, c, 0)]))
        upright = turned.mapped(place_of_mesh(turned).to_crop(128)).landmarks
        eyes, mouth = upright[36:48].mean(axis=0), upright[60:68].mean(axis=0)
        assert abs(eyes[0] - mouth[0]) < 3
        assert 15 < mouth[1] - eyes[1] < 40


def test_mapping_turns_the_pose_with_the_points(face: DetectedFace) -> None:
    assert face.pose is not None
    turned = face.mapped(np.array([(0.0, -2.0, 0.0), (2.0, 0.0, 0.0)]))  # clockwise by 90 degrees
    assert turned.pose is not None
    np.testing.assert_allclose(turned.pose @ turned.pose.T, np.eye(3), atol=1e-6)
    up, before = turned.pose[:, 1], face.pose[:, 1]  # x to the right, y up: up becomes right
    np.testing.assert_allclose(up, (before[1], -before[0], before[2]), atol=1e-6)


def test_an_upright_mesh_on_an_inverted_face_is_put_right(
    rgb: np.ndarray, face: DetectedFace, look: SecondLook
) -> None:
    """The mesh that MediaPipe lays upright over it; the true one is the upright picture's."""
    size = (rgb.shape[1] - 1, rgb.shape[0] - 1)
    true = face.mapped(np.array([(-1.0, 0, size[0]), (0, -1.0, size[1])]))
    low, high = true.mesh.min(axis=0), true.mesh.max(axis=0)
    shift = (low + high - face.mesh.min(axis=0) - face.mesh.max(axis=0)) / 2
    wrong = DetectedFace(face.mesh + shift)
    assert is_same_face(wrong, true)
    inverted = Pyramid(np.ascontiguousarray(rgb[::-1, ::-1]))
    confirmed = look.confirm(inverted, wrong)
    assert np.hypot(*(confirmed.landmarks - true.landmarks).T).mean() < 0.03 * true.box[2]
    assert confirmed.score is not None
    assert confirmed.score > 0.8


def test_a_right_mesh_stays_and_gets_its_score(
    rgb: np.ndarray, face: DetectedFace, look: SecondLook
) -> None:
    confirmed = look.confirm(Pyramid(rgb), face)
    assert confirmed.mesh is face.mesh
    assert confirmed.score is not None
    assert 0.75 < confirmed.score <= 1


def test_no_face_is_examined_into_a_wall(rgb: np.ndarray, look: SecondLook) -> None:
    plain = Pyramid(np.full((300, 300, 3), 130, np.uint8))
    assert look.search(plain) == []
    assert look.examine(Pyramid(rgb), Place(90.0, 120.0, 100.0)) is None
