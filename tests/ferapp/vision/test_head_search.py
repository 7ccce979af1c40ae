"""The search for heads to cover: nobody is missed, and whoever is lost is remembered."""

from collections.abc import Iterator

import numpy as np
import pytest

from ferapp.vision.head_search import Head, HeadSearch
from ferapp.vision.seen_faces import RecentFaces, SeenFaces
from tests.support.app.crowds import face_patch, paste, wall
from tests.support.app.head_searches import open_head_search
from tests.support.ui.fake_engine import analysis, face


@pytest.fixture(scope="module")
def search(demo_frame: np.ndarray) -> Iterator[HeadSearch]:
    with open_head_search(demo_frame, video=True) as search:
        yield search


@pytest.fixture(scope="module")
def patch(search: HeadSearch, demo_frame: np.ndarray) -> np.ndarray:
    return face_patch(demo_frame, search(demo_frame, segment=-1).heads[0].box)


def scene(patch: np.ndarray, *places: tuple[int, int]) -> np.ndarray:
    picture = wall(640, 360)
    for x, y in places:
        paste(picture, patch, x, y, 120)
    return picture


def test_a_face_that_is_gone_is_lost_for_a_second(search: HeadSearch, patch: np.ndarray) -> None:
    there, empty = scene(patch, (150, 150)), scene(patch)
    assert not search(there, time_s=0.0, segment=1).is_lost
    assert search(empty, time_s=0.1, segment=1).is_lost
    assert search(empty, time_s=0.9, segment=1).is_lost
    assert not search(empty, time_s=1.1, segment=1).is_lost
    assert not search(there, time_s=5.0, segment=1).is_lost
    assert not search(empty, time_s=5.1, segment=2).is_lost  # another picture of a folder


def test_where_it_comes_back_it_is_a_head(search: HeadSearch, patch: np.ndarray) -> None:
    """Far away it may be somebody else: the first one still counts as lost."""
    search(scene(patch, (120, 150)), time_s=0.0, segment=3)
    found = search(scene(patch, (520, 200)), time_s=0.2, segment=3)
    assert found.is_lost
    (head,) = found.heads
    assert head.box[0] + head.box[2] / 2 == pytest.approx(520, abs=25)
    assert not search(scene(patch, (520, 200)), time_s=1.1, segment=3).is_lost


def test_a_face_that_moves_is_followed(search: HeadSearch, patch: np.ndarray) -> None:
    for step in range(4):
        moved = scene(patch, (150 + 40 * step, 150))
        assert not search(moved, time_s=0.04 * step, segment=4).is_lost


def test_of_two_the_one_that_stays_does_not_stand_for_the_other(
    search: HeadSearch, patch: np.ndarray
) -> None:
    search(scene(patch, (200, 150), (330, 150)), time_s=0.0, segment=5)
    found = search(scene(patch, (200, 150)), time_s=0.1, segment=5)
    assert found.is_lost
    assert len(found.heads) == 1


def test_faces_of_the_analysis_are_heads_too(search: HeadSearch) -> None:
    landmarks = face(centre=(300, 150), half=50).landmarks
    found = search(np.full((360, 640, 3), 90, np.uint8), [landmarks], segment=6)
    (head,) = found.heads
    assert head.box == Head.of_points(landmarks).box


def test_nothing_is_covered_where_nobody_is(search: HeadSearch) -> None:
    assert search(wall(640, 360, seed=3), segment=7).heads == ()


def test_recent_faces_are_those_of_the_last_second_of_a_segment() -> None:
    recent = RecentFaces()
    for index in range(40):
        recent.add(analysis(face(), index=index))
    newest = recent.seen[-1]
    assert newest == SeenFaces((face().box,), newest.time_s, newest.segment)
    assert 0 < newest.time_s - recent.seen[0].time_s <= 1.0
