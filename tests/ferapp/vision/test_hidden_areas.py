"""Strokes in a face's own coordinates: where they are on a face, and how much they cover."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial import Delaunay

from ferapp.vision.face_mesh import TRIANGLES, TYPICAL_FACE, to_picture, to_place
from ferapp.vision.face_regions import MARGIN, PART_HULLS, PARTS, Part
from ferapp.vision.hidden_areas import (
    EYES,
    NOTHING_HIDDEN,
    Area,
    Hidden,
    cover,
    face_share,
    hide_parts,
    part_areas,
    square,
    typical_face_mask,
)
from trainer.faces.align import ANCHORS, TEMPLATE
from trainer.faces.points import mirror_points

NOSE_TIP = 30
OPEN_MOUTH = np.zeros((68, 2))
OPEN_MOUTH[[*range(4, 13), *range(54, 60), *range(64, 68)], 1] = 6  # jaw and lower lip are lower


def turned(degrees: float, scale: float) -> np.ndarray:
    """The typical face, rolled and enlarged, elsewhere in a picture."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * (TYPICAL_FACE - 24) @ turn.T + (300, 200)


# the mesh


def test_the_typical_face_is_the_aligners_template() -> None:
    assert np.abs(TYPICAL_FACE[ANCHORS] - TEMPLATE).max() < 1.2
    mirrored = mirror_points(TYPICAL_FACE.astype(np.float32), 48)
    assert np.abs(mirrored - TYPICAL_FACE).max() < 0.11


def test_the_triangles_are_those_of_delaunay() -> None:
    corners = [(x, y) for x in (-9, 12.7, 34.3, 56) for y in (-9, 12.7, 34.3, 56)]
    frame = {corner for corner in corners if -9 in corner or 56 in corner}
    order = [tuple(point) for point in to_picture(tuple(frame), TYPICAL_FACE).round(6).tolist()]
    assert set(order) == frame  # they are where they should be on the typical face
    points = np.concatenate([TYPICAL_FACE, np.array(sorted(frame))])
    found = Delaunay(points).simplices
    ours = {tuple(sorted(triangle)) for triangle in TRIANGLES.tolist() if max(triangle) < 68}
    assert ours == {tuple(sorted(triangle)) for triangle in found.tolist() if max(triangle) < 68}
    assert len(TRIANGLES) == len(found)


@pytest.mark.parametrize("landmarks", [turned(0, 1), turned(25, 4), turned(-160, 9)])
def test_a_place_moves_with_the_head(landmarks: np.ndarray) -> None:
    """A similarity of the face is one of all its places, far from landmarks too."""
    places = tuple((x, y) for x in (0.0, 11.0, 30.0, 47.0) for y in (-4.0, 20.0, 33.0, 50.0))
    source, target = (
        np.array([complex(*point) for point in points]) for points in (TYPICAL_FACE, landmarks)
    )
    factor = (target[8] - target[27]) / (source[8] - source[27])
    expected = (np.array([complex(*p) for p in places]) - source[27]) * factor + target[27]
    moved = to_picture(places, landmarks)
    assert moved[:, 0] == pytest.approx(expected.real, abs=1e-6)
    assert moved[:, 1] == pytest.approx(expected.imag, abs=1e-6)


@pytest.mark.parametrize("landmarks", [turned(30, 5), TYPICAL_FACE + OPEN_MOUTH])
def test_the_way_there_is_the_way_back(landmarks: np.ndarray) -> None:
    for place in ((15.0, 20.0), (23.5, 28.0), (23.5, 42.0), (4.0, 4.0), (50.0, 52.0)):
        ((x, y),) = to_picture((place,), landmarks).tolist()
        assert to_place(x, y, landmarks) == pytest.approx(place, abs=1e-6)


def test_landmarks_are_places_that_stay_on_their_landmarks() -> None:
    landmarks = TYPICAL_FACE + np.random.default_rng(0).normal(0, 0.4, (68, 2))
    places = tuple((x, y) for x, y in TYPICAL_FACE.tolist())
    assert to_picture(places, landmarks) == pytest.approx(landmarks, abs=1e-6)


def test_what_is_painted_on_the_chin_goes_down_when_the_mouth_opens() -> None:
    chin, forehead = (23.5, 44.0), (23.5, 4.0)
    moved = to_picture((chin, forehead), TYPICAL_FACE + OPEN_MOUTH)
    assert 4 < moved[0, 1] - chin[1] <= 6
    assert abs(moved[1, 1] - forehead[1]) < 2


def test_a_point_far_away_is_moved_to_the_edge() -> None:
    x, y = to_place(900, -900, TYPICAL_FACE)
    assert (x, y) == (56, -9)


# cover


def test_a_stroke_covers_all_within_its_radius_of_its_path() -> None:
    path = ((10.0, 12.0), (30.0, 12.0), (30.0, 38.0))
    radius = 4.0
    covered = cover((Area(path, radius / EYES),), TYPICAL_FACE, 48)
    y, x = np.mgrid[:48, :48].astype(float)
    across = np.hypot(x - np.clip(x, 10, 30), y - 12)
    down = np.hypot(x - 30, y - np.clip(y, 12, 38))
    distance = np.minimum(across, down)
    assert (covered[distance >= radius] == 0).all()
    assert (covered[distance <= radius - 1.1] == 1).all()  # the rim fades over a pixel
    rim = (distance > radius - 0.9) & (distance < radius - 0.1)
    assert rim.any()
    assert ((covered[rim] > 0) & (covered[rim] < 1)).all()


def test_a_long_stroke_is_the_sum_of_its_pieces() -> None:
    rng = np.random.default_rng(3)
    path = tuple((x, y) for x, y in np.cumsum(rng.normal(0, 2, (60, 2)), axis=0) + 24)
    whole = cover((Area(path, 0.1),), TYPICAL_FACE, 48)
    pieces = [cover((Area(pair, 0.1),), TYPICAL_FACE, 48) for pair in pairwise(path)]
    assert whole == pytest.approx(np.max(pieces, axis=0), abs=1e-4)


def test_a_click_is_a_dot() -> None:
    covered = cover((Area(((20.0, 25.0),), 3 / EYES),), TYPICAL_FACE, 48)
    assert covered[25, 20] == 1
    assert covered.sum() == pytest.approx(np.pi * 2.5**2, rel=0.08)


def test_the_eraser_uncovers_what_is_below_and_not_what_comes_later() -> None:
    wide, dot = Area(((10.0, 25.0), (38.0, 25.0)), 0.2), Area(((24.0, 25.0),), 0.2)
    eraser = Area(((24.0, 25.0),), 0.25, erases=True)
    erased = cover((wide, eraser), TYPICAL_FACE, 48)
    assert erased[25, 24] == 0
    assert erased[25, 12] == 1
    again = cover((wide, eraser, dot), TYPICAL_FACE, 48)
    assert again[25, 24] == 1


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_a_stroke_around_its_landmarks(part: Part) -> None:
    """On any face, the hull of its landmarks and a margin."""
    landmarks = turned(12, 3) - (230, 130)
    covered = cover(part_areas(part), landmarks, 140)
    unit = float(np.hypot(*(landmarks[45] - landmarks[36])))
    for index in {i for hull in PART_HULLS[part] for i in hull}:
        x, y = np.rint(landmarks[index]).astype(int)
        assert covered[y, x] == 1
    ys, xs = np.nonzero(covered)
    own = landmarks[[i for hull in PART_HULLS[part] for i in hull]]
    assert xs.min() >= own[:, 0].min() - MARGIN * unit - 1
    assert ys.max() <= own[:, 1].max() + MARGIN * unit + 1


# names


def test_what_is_hidden_has_a_name() -> None:
    assert NOTHING_HIDDEN.names == ()
    assert not NOTHING_HIDDEN
    both = hide_parts({"mouth", "eyes"})
    assert both.names == ("eyes", "mouth")
    assert both.parts == {"eyes", "mouth"}
    patch = square((23.5, 26.0), 12)
    painted = Hidden((*both.areas, patch))
    share = round(100 * face_share((patch,)))
    assert painted.names == ("eyes", "mouth", f"painted area ({share}\u00a0% of the face)")
    assert not Hidden((Area(((1.0, 1.0),), 0.1, erases=True),))


def test_the_share_is_of_the_face() -> None:
    face = float(typical_face_mask().sum())
    assert face_share((square((23.5, 26.0), 12),)) == pytest.approx(13**2 / face, rel=0.05)
    assert face_share((square((-4.0, 50.0), 8),)) == pytest.approx(0, abs=1e-3)  # beside the chin
    assert face_share((Area(((0.0, 24.0), (47.0, 24.0)), 3.0),)) == pytest.approx(1)
