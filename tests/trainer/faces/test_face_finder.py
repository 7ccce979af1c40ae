"""Faces that the landmarker misses or gets wrong are found, in pictures and in videos."""

import math

import cv2
import numpy as np
import pytest

from ferapp.vision.signals import head_angles
from tests.support.app.crowds import face_patch, paste, wall
from trainer.faces.face_finder import LOOK_S, FaceFinder
from trainer.faces.landmarker import DetectedFace, FaceLandmarker
from trainer.faces.second_look import place_of_mesh


@pytest.fixture(scope="module")
def rgb(demo_frame: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(demo_frame, cv2.COLOR_BGR2RGB), np.uint8)


@pytest.fixture(scope="module")
def face(rgb: np.ndarray) -> DetectedFace:
    with FaceLandmarker(details=True) as landmarker:
        return landmarker(rgb)[0]


@pytest.fixture(scope="module")
def patch(rgb: np.ndarray, face: DetectedFace) -> np.ndarray:
    return face_patch(rgb, face.box)


def roll_of(face: DetectedFace) -> float:
    return math.degrees(place_of_mesh(face).roll)


def apart(one: float, other: float) -> float:
    """Degrees between two directions."""
    return abs((one - other + 180) % 360 - 180)


class TestPictures:
    def test_a_face_of_a_tenth_of_the_width(self, patch: np.ndarray) -> None:
        """400 px of 4000: the landmarker alone sees the picture as too small for it."""
        picture = wall(4000, 2600)
        paste(picture, patch, 2900, 800, 520)
        with FaceLandmarker() as alone, FaceFinder() as finder:
            assert alone(picture) == []
            (found,) = finder(picture)
        assert place_of_mesh(found).x == pytest.approx(2900, abs=40)
        assert place_of_mesh(found).y == pytest.approx(800, abs=40)
        assert found.score is not None
        assert found.blendshapes

    def test_thirty_faces_are_thirty(self, patch: np.ndarray) -> None:
        picture = wall(1200, 900, seed=1)
        places = [(120 + 190 * (i % 6), 100 + 170 * (i // 6)) for i in range(30)]
        for index, (x, y) in enumerate(places):
            side = 44 + 3 * index
            paste(picture, patch[:, :: 1 if index % 2 else -1], x, y, side, 8 * (index % 5 - 2))
        with FaceFinder(max_faces=64) as finder:
            found = finder(picture)
            finder.set_max_faces(7)
            assert len(finder(picture)) == 7
        assert len(found) == 30
        for x, y in places:
            near = [f for f in found if math.dist((x, y), _centre(f)) < 25]
            assert len(near) == 1

    @pytest.mark.parametrize("quarters", [1, 2, 3])
    def test_a_turned_picture_gives_the_same_face_turned(
        self, rgb: np.ndarray, face: DetectedFace, quarters: int
    ) -> None:
        """np.rot90 turns anticlockwise."""
        with FaceFinder(small_faces=False) as finder:
            (found,) = finder(np.ascontiguousarray(np.rot90(rgb, quarters)))
        x, y = face.landmarks.T
        height, width = rgb.shape[:2]
        true = {
            1: (y, width - 1 - x),
            2: (width - 1 - x, height - 1 - y),
            3: (height - 1 - y, x),
        }[quarters]
        distance = np.hypot(*(found.landmarks.T - np.array(true)))
        assert distance.mean() < 0.03 * face.box[2]
        assert apart(roll_of(found), roll_of(face) - 90 * quarters) < 4
        assert found.pose is not None
        assert face.pose is not None
        leaning = head_angles(found.pose)[2], head_angles(face.pose)[2] - 90 * quarters
        assert apart(*leaning) < 12

    @pytest.mark.parametrize("turn", [90, 180, 270])
    def test_a_stated_turn_keeps_the_pixels_of_the_source(
        self, rgb: np.ndarray, face: DetectedFace, turn: int
    ) -> None:
        """Turning the source clockwise by `turn` gives the upright picture."""
        source = np.ascontiguousarray(np.rot90(rgb, turn // 90))
        with FaceFinder(turn=turn, small_faces=False) as finder:
            (found,) = finder(source)
        back = cv2.rotate(source, {90: 0, 180: 1, 270: 2}[turn])
        np.testing.assert_array_equal(back, rgb)
        corners = found.landmarks[[36, 45, 57]].round().astype(int)
        upright = face.landmarks[[36, 45, 57]].round().astype(int)
        for (x, y), (u, v) in zip(corners, upright, strict=True):  # the same pixels
            np.testing.assert_array_equal(source[y, x], rgb[v, u])
        assert apart(roll_of(found), roll_of(face) - turn) < 1

    def test_a_wall_has_no_face(self) -> None:
        with FaceFinder(max_faces=8) as finder:
            assert finder(wall(1000, 700, seed=2)) == []
            assert finder.count.faces == 0

    def test_off_searches_no_tiles(self, patch: np.ndarray) -> None:
        picture = wall(1200, 800)
        paste(picture, patch, 300, 300, 90)
        with FaceFinder(small_faces=False) as off, FaceFinder() as auto:
            assert off(picture) == []
            assert len(auto(picture)) == 1


class TestVideos:
    def test_a_small_face_is_followed_between_two_looks(self, patch: np.ndarray) -> None:
        scene = wall(640, 360)
        seen: list[DetectedFace] = []
        with FaceFinder(video=True, max_faces=4) as finder:
            for index in range(5):
                picture = scene.copy()
                paste(picture, patch, 120 + 6 * index, 200, 60)
                (face,) = finder(picture, index / 25)
                seen.append(face)
            assert finder.count.looks == 1
            assert finder(scene, 5 / 25) == []  # it left
        assert [face.score is None for face in seen] == [False, True, True, True, True]
        moved = np.diff([_centre(face)[0] for face in seen])
        np.testing.assert_allclose(moved, 6, atol=2)

    def test_a_face_that_comes_later_is_found_by_the_next_look(self, patch: np.ndarray) -> None:
        scene = wall(640, 360)
        picture = scene.copy()
        paste(picture, patch, 120, 200, 60)
        with FaceFinder(video=True, max_faces=4) as finder:
            assert finder(scene, 0.0) == []
            assert finder(picture, 0.4 * LOOK_S) == []
            assert len(finder(picture, 1.01 * LOOK_S)) == 1
            assert len(finder(picture, 1.05 * LOOK_S)) == 1
            finder.begin_segment()
            assert len(finder(picture, 1.1 * LOOK_S)) == 1  # another source begins with a look

    def test_an_inverted_video_is_inverted_in_every_frame(self, rgb: np.ndarray) -> None:
        inverted = np.ascontiguousarray(rgb[::-1, ::-1])
        with FaceFinder(video=True, max_faces=4) as finder:
            for index in range(6):
                (face,) = finder(inverted, index / 25)
                assert apart(roll_of(face), 180) < 25


def _centre(face: DetectedFace) -> tuple[float, float]:
    x, y, width, height = face.box
    return x + width / 2, y + height / 2
