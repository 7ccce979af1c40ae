"""Who has come back: looks, the album of a person, and the tracks that use both."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from ferapp.sources.base import Frame
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.pipeline import Analyzer
from ferapp.vision.reidentification import (
    ALBUM_SIZE,
    BINS,
    CELLS,
    DEPTH,
    Album,
    Look,
    _gradients,
    _mirrored,
    _proportions,
    measure_look,
)
from ferapp.vision.tracking import (
    ALIKE,
    MEMORY_S,
    REMEMBER_S,
    REMEMBERED,
    UNLIKE,
    Tracks,
    face_number,
)
from ferapp.vision.types import Box
from tests.support import ROOT
from trainer.faces.align import align_face
from trainer.faces.landmarker import FaceLandmarker

STEP_S = 1 / 15
SIDE, RATE = 320, 12


def person(seed: int, change: float = 0.0, draw: np.random.Generator | None = None) -> Look:
    """A look, the same for a seed but for a random share of `change`."""
    own = np.random.default_rng(seed)
    mean = own.normal(0, 1, (CELLS, CELLS, BINS))
    if draw is not None:
        mean = mean + change * draw.normal(0, 1, mean.shape)
    mean /= np.linalg.norm(mean)
    return Look(mean.ravel(), _mirrored(mean).ravel(), own.normal(0, 1, 7), np.zeros(2))


def box(x: float, y: float = 100.0, size: float = 60.0) -> Box:
    return x - size / 2, y - size / 2, size, size


class Scene:
    """Frames of people by seed, each at a place."""

    def __init__(self) -> None:
        self.tracks = Tracks()
        self.time_s = 0.0
        self._draw = np.random.default_rng(5)

    def show(self, seconds: float, **places: float) -> dict[str, set[int]]:
        """The ids of the people p1=x, p2=x, … in the frames of some seconds."""
        ids: dict[str, set[int]] = {name: set() for name in places}
        for _ in range(round(seconds / STEP_S)):
            names = list(places)
            self._draw.shuffle(names)  # MediaPipe keeps no order
            looks = [person(int(name[1:]), 0.5, self._draw) for name in names]
            keys = self.tracks.assign(
                [box(places[name]) for name in names], self.time_s, looks.__getitem__
            )
            assert len(set(map(face_number, keys))) == len(keys)
            for name, key in zip(names, keys, strict=True):
                ids[name].add(key)
            self.time_s += STEP_S
        return ids


def test_each_hides_in_turn_and_keeps_the_number() -> None:
    scene = Scene()
    before = scene.show(2, p1=100, p2=300, p3=500)
    for hidden in before:
        shown = {"p1": 100, "p2": 300, "p3": 500}
        del shown[hidden]
        assert scene.show(4, **shown) == {name: before[name] for name in shown}
        assert scene.show(2, p1=100, p2=300, p3=500) == before


def test_who_crosses_out_of_sight_keeps_the_number() -> None:
    for away_s in (0.6, 4.0):
        scene = Scene()
        before = scene.show(2, p1=100, p2=160)
        assert scene.show(away_s) == {}
        assert scene.show(2, p1=160, p2=100) == before


def test_whoever_takes_the_place_of_another_is_new() -> None:
    for away_s in (0.0, 0.5, 3.0):  # a cut, within the memory of the place, and later
        scene = Scene()
        first = scene.show(2, p1=100)
        scene.show(away_s)
        # a cut within a face's width: the box leaps
        second = scene.show(2, p2=130)
        assert not first["p1"] & second["p2"], away_s
        scene.show(3)
        assert scene.show(2, p1=100) == first
        scene.show(3)
        assert scene.show(2, p2=100) == second


def test_of_two_who_look_alike_nobody_is_chosen() -> None:
    scene = Scene()
    before = scene.show(2, p1=100, p2=300)
    twin = person(1)

    def looks(_: int) -> Look:
        return twin

    scene.tracks._tracks[min(before["p2"])].album = scene.tracks._tracks[min(before["p1"])].album
    scene.show(3)
    assert scene.tracks.assign([box(200)], scene.time_s, looks) == [2]


def test_a_face_that_was_half_hidden_at_first_gets_its_number_within_a_second() -> None:
    scene = Scene()
    before = scene.show(2, p1=100)["p1"]
    scene.show(3)
    first = scene.show(0.4, p9=100)["p9"]  # as if a hand were before it
    assert first != before
    later = scene.show(1, p1=100)["p1"]
    assert later == first | before
    assert scene.show(1, p1=100)["p1"] == before
    assert scene.show(1, p1=100, p2=300)["p2"].isdisjoint(first | before)


def test_after_a_second_a_new_face_keeps_its_number() -> None:
    scene = Scene()
    first = scene.show(2, p1=100)["p1"]
    scene.show(3)
    other = scene.show(2, p2=100)["p2"]
    assert other != first
    assert scene.show(2, p1=100, p2=400)["p2"] != first


def test_memory_is_bounded_in_time_and_number() -> None:
    scene = Scene()
    first = scene.show(1, p1=100)["p1"]
    for seed in range(10, 10 + REMEMBERED + 20):
        scene.show(1, **{f"p{seed}": 100})
        scene.show(MEMORY_S + 0.2)
        assert len(scene.tracks._away) <= REMEMBERED
        assert len(scene.tracks._tracks) <= 8
    assert scene.show(1, p1=100)["p1"] != first  # the oldest is forgotten
    last = scene.show(1, p2=300)["p2"]
    scene.time_s += REMEMBER_S - 10
    assert scene.show(1, p2=300)["p2"] == last
    scene.time_s += REMEMBER_S + 10
    assert scene.show(1, p2=300)["p2"] != last
    assert len(scene.tracks._away) == 0


def test_a_number_in_use_is_not_taken_back() -> None:
    """Nine people, of whom the ninth has the number of the first."""
    scene = Scene()
    first = scene.show(1, p1=100)["p1"]
    for seed in range(2, 9):
        scene.show(2)
        scene.show(1, **{f"p{seed}": 100})
    scene.show(2)
    ninth = scene.show(1, p9=400)["p9"]
    assert {face_number(key) for key in ninth} == {face_number(key) for key in first}
    both = scene.show(1, p9=400, p1=100)  # `show` asserts that numbers differ
    assert both["p9"] == ninth
    assert both["p1"] != first


def test_nobody_is_known_in_another_segment() -> None:
    scene = Scene()
    before = scene.show(1, p1=100)["p1"]
    scene.tracks.begin_segment()
    after = scene.show(1, p1=100)["p1"]
    assert after != before
    assert {face_number(key) for key in after} == {1}


def test_the_mirror_image_is_somebody_else() -> None:
    look = person(4)
    album = Album()
    album.add(look)
    assert album.likeness(look) == pytest.approx(1)
    mirrored = Look(look.mirrored, look.gradients, look.proportions, look.turn)
    assert album.likeness(mirrored) == -1


def test_likeness_by_its_formula() -> None:
    look = person(4)
    album = Album()
    assert album.likeness(look) == -1
    album.add(look)
    moved = Look(
        look.gradients, look.mirrored, look.proportions + 2.0, look.turn + np.array([10, -5])
    )
    assert album.likeness(moved) == pytest.approx(1 - 0.1 * 2 - 0.003 * 15)


def test_an_album_keeps_the_looks_that_differ() -> None:
    album, draw = Album(), np.random.default_rng(0)
    looks = [person(1, 0.7, draw) for _ in range(30)]
    for look in looks:
        album.add(look)
    assert len(album) == ALBUM_SIZE
    album.add(person(2))  # another face, or a hand: not one of this person's looks
    assert album.likeness(person(2)) < UNLIKE


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    capture, found = cv2.VideoCapture(str(ROOT / "assets" / "demo" / "demo.mp4")), []
    for _ in range(200):
        found.append(np.asarray(capture.read()[1][:, 284:604], np.uint8))
    capture.release()
    return found


class TestRealFaces:
    """The demo clip's person, and distorted so that it is another."""

    @staticmethod
    def other(picture: np.ndarray) -> np.ndarray:
        """Mirrored, with closer eyes, a wide jaw and no cheeks."""
        height, width = picture.shape[:2]
        y, x = np.mgrid[:height, :width].astype(np.float32)
        v, u = 2 * y / height - 1, 2 * x / width - 1
        wider = 0.35 * np.exp(-(((v - 0.35) / 0.2) ** 2)) - 0.3 * np.exp(-((v / 0.2) ** 2))
        away = u / (1 + wider * np.exp(-((u / 0.8) ** 4)))
        mirrored = np.ascontiguousarray(picture[:, ::-1])
        x_from = ((away + 1) * width / 2).astype(np.float32)
        return np.asarray(cv2.remap(mirrored, x_from, y, cv2.INTER_LINEAR), np.uint8)

    @staticmethod
    def look(picture: np.ndarray) -> Look:
        with FaceLandmarker(details=True) as landmarker:
            face = landmarker(np.ascontiguousarray(picture[..., ::-1]))[0]
        crop = align_face(picture, face.landmarks).crop
        found = measure_look(crop, face.mesh, face.pose)
        assert found is not None
        return found

    @pytest.mark.parametrize(
        "change",
        [
            lambda image: (image * 0.4).astype(np.uint8),
            lambda image: (255 * (image / 255) ** 0.5).astype(np.uint8),
            lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
        ],
        ids=["dark", "gamma", "small"],
    )
    def test_light_and_size_change_a_look_little(
        self, pictures: list[np.ndarray], change: Callable[[np.ndarray], np.ndarray]
    ) -> None:
        album = Album()
        album.add(self.look(pictures[50]))
        assert album.likeness(self.look(change(pictures[50]))) > 0.85
        assert album.likeness(self.look(self.other(pictures[50]))) < ALIKE

    def test_proportions_do_not_change_with_the_pose(self) -> None:
        """A face of exactly the mean depth, seen from two sides, at two sizes."""
        draw = np.random.default_rng(1)
        upright = np.array([[*draw.normal(0, 0.5, 2), depth] for depth in DEPTH.values()])
        upright[:4, 0] = -0.5, 0.5, -0.2, 0.2
        upright[:4, 1] = 0
        upright[:4, 2] -= upright[:4, 2].mean()
        found = []
        for yaw, pitch, scale in ((0, 0, 80), (25, -15, 150)):
            a, b = np.radians([yaw, pitch])
            turn = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
            nod = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
            pose = turn @ nod
            mesh = np.zeros((478, 2), np.float32)
            mesh[list(DEPTH)] = 300 + scale * (upright @ pose.T)[:, :2] * (1, -1)
            found.append(_proportions(mesh, pose))
        np.testing.assert_allclose(found[0], found[1], atol=0.05)

    def test_gradients_of_the_mirrored_crop(self, pictures: list[np.ndarray]) -> None:
        crop = cv2.cvtColor(cv2.resize(pictures[0], (48, 48)), cv2.COLOR_BGR2GRAY)
        mirrored = _gradients(np.ascontiguousarray(crop[:, ::-1]))
        np.testing.assert_allclose(mirrored, _mirrored(_gradients(crop)), atol=1e-3)

    def test_a_face_turned_away_has_no_look(self) -> None:
        crop, mesh = np.zeros((48, 48), np.uint8), np.zeros((478, 2), np.float32)
        a = np.radians(60)
        turned = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
        assert measure_look(crop, mesh, turned) is None
        assert measure_look(crop, mesh, None) is None

    def test_both_keep_their_numbers_through_hiding_and_a_swap(
        self, pictures: list[np.ndarray]
    ) -> None:
        """By the whole pipeline: `one` and `two` in the left and right half, or nobody."""
        scenes = [  # frames, left, right
            *[(24, "one", "two"), (18, None, "two"), (20, "one", "two"), (18, "one", None)],
            *[(20, "one", "two"), (18, None, None), (20, "two", "one")],
        ]
        numbers: dict[str, list[int]] = {"one": [], "two": []}
        at_once: dict[str, list[int]] = {"one": [], "two": []}  # in the second after a return
        options, index = AnalysisOptions(attribution=False, max_faces=2), 0
        with FaceLandmarker(video=True, max_faces=2, details=True) as landmarker:
            analyzer = Analyzer(landmarker)
            for frames, *halves in scenes:
                for since in range(frames):
                    canvas = self.put(pictures[index], halves)
                    frame = Frame(canvas, index, index / RATE, 0.0)
                    for face in analyzer.analyze(frame, None, options, paint=False).faces:
                        name = halves[int(face.box[0] + face.box[2] / 2 > SIDE)]
                        (numbers if since >= RATE else at_once)[name].append(face.face_id)
                    index += 1
        for name, ids in numbers.items():
            assert len(set(ids)) == 1
            assert len(ids) > 20
            assert at_once[name].count(ids[0]) > 0.9 * len(at_once[name])
        assert numbers["one"][0] != numbers["two"][0]

    def put(self, picture: np.ndarray, halves: list[str | None]) -> np.ndarray:
        canvas = np.full((360, 2 * SIDE, 3), 90, np.uint8)
        for place, name in enumerate(halves):
            if name is not None:
                shown = picture if name == "one" else self.other(picture)
                canvas[:, place * SIDE : (place + 1) * SIDE] = shown
        return canvas
