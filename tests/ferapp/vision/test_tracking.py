"""Tracking of faces through crossings and occlusions, and the cheapest assignment."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ferapp.vision.tracking import Tracks, _cheapest_assignment, face_number
from ferapp.vision.types import Box

STEP_S = 1 / 15


def box(x: float, y: float = 100.0, size: float = 60.0) -> Box:
    return x - size / 2, y - size / 2, size, size


def test_a_face_keeps_its_id_and_a_new_one_gets_another() -> None:
    tracks = Tracks()
    assert tracks.assign([(10, 10, 50, 50), (200, 10, 40, 40)], 0.0) == [0, 1]
    assert tracks.assign([(205, 12, 40, 40), (14, 10, 50, 50)], 0.04) == [1, 0]
    assert tracks.assign([(14, 10, 50, 50)], 0.08) == [0]
    assert tracks.assign([(14, 10, 50, 50), (400, 300, 40, 40)], 0.12) == [0, 2]
    assert tracks.assign([(14, 10, 50, 50)], 3.0) == [3]  # gone for too long


@pytest.mark.parametrize("hidden_s", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("tremble", [0.0, 2.0])
def test_ids_survive_a_crossing(hidden_s: float, tremble: float) -> None:
    """Two faces pass each other at one height; the one behind is smaller, and lost in between."""
    tracks, draw = Tracks(), np.random.default_rng(3)
    sizes = {0: 72.0, 1: 60.0}
    speed, middle_s = 120.0, 2.0
    for frame in range(60):
        time_s = frame * STEP_S
        shift = speed * (time_s - middle_s)
        places = {0: 300 + shift, 1: 300 - shift}
        if abs(time_s - middle_s) < hidden_s / 2:
            del places[1]
        seen = list(places)[:: 1 if frame % 2 else -1]  # MediaPipe keeps no order
        seen = sorted(seen) if frame == 0 else seen
        noise = draw.normal(0, tremble, (len(seen), 2)).tolist()
        boxes = [
            box(places[key] + dx, 100 + dy, sizes[key])
            for key, (dx, dy) in zip(seen, noise, strict=True)
        ]
        assert tracks.assign(boxes, time_s) == seen, time_s


def test_a_face_out_of_sight_for_a_second_is_the_same() -> None:
    tracks = Tracks()
    for frame in range(15):
        tracks.assign([box(100 + 4 * frame)], frame * STEP_S)
    last_s = 14 * STEP_S
    assert tracks.assign([], last_s + 0.5) == []
    assert tracks.assign([box(190)], last_s + 1.0) == [0]


def test_a_face_that_turns_back_behind_another_is_the_same() -> None:
    tracks = Tracks()
    for frame in range(15):
        assert tracks.assign([box(300), box(220 + 4 * frame, size=50)], frame * STEP_S) == [0, 1]
    assert tracks.assign([box(300)], 15 * STEP_S) == [0]
    assert tracks.assign([box(245, size=50), box(300)], 20 * STEP_S) == [1, 0]


def test_the_nearest_pair_is_not_always_right() -> None:
    """A row of faces moves on by more than half of their distance."""
    tracks = Tracks()
    assert tracks.assign([box(100), box(150)], 0.0) == [0, 1]
    assert tracks.assign([box(134), box(184)], STEP_S) == [0, 1]


costs = st.lists(
    st.dictionaries(st.integers(0, 4), st.floats(0, 1), max_size=5), min_size=1, max_size=4
)


@given(costs)
@example([{1: 1.0}, {0: 1.0, 1: 0.0}])  # two expensive matches, or one cheap match
def test_no_assignment_is_cheaper(costs: list[dict[int, float]]) -> None:
    chosen = _cheapest_assignment(costs)
    used = [key for key in chosen if key is not None]
    assert len(used) == len(set(used))

    def worth(keys: tuple[int | None, ...]) -> tuple[int, float] | None:
        """The number of faces without a key and the cost; None for an impossible assignment."""
        if any(k is not None and k not in options for k, options in zip(keys, costs, strict=True)):
            return None
        pairs = zip(keys, costs, strict=True)
        return keys.count(None), sum(options[key] for key, options in pairs if key is not None)

    pool = [*range(5), *[None] * len(costs)]
    best = min(w for keys in set(permutations(pool, len(costs))) if (w := worth(keys)))
    got = worth(tuple(chosen))
    assert got is not None
    assert got[0] == best[0]
    assert got[1] == pytest.approx(best[1])


def test_no_two_faces_of_a_frame_share_a_number() -> None:
    """One person stays while others come and go: ids grow, numbers are reused."""
    tracks = Tracks()
    numbers = []
    for visit in range(20):
        time_s = 3.0 * visit
        stays, comes = [], []
        for frame in range(25):  # the visitor is gone for 1.3 s of three
            boxes = [box(100), *([box(400)] if frame < 15 else [])]
            ids = tracks.assign(boxes, time_s + frame * 3 / 25)
            stays.append(ids[0])
            comes += ids[1:]
        assert set(stays) == {0}
        assert len(set(comes)) == 1
        numbers.append(face_number(comes[0]))
    assert 1 not in numbers
    assert set(numbers) == set(range(2, 9))


def test_eight_faces_replaced_at_once_get_different_numbers() -> None:
    tracks = Tracks()
    for moment, y in enumerate((100, 5000, 9000)):
        ids = tracks.assign([box(200 * i, y) for i in range(8)], 0.1 * moment)
        assert sorted(map(face_number, ids)) == list(range(1, 9))
    assert len(tracks._tracks) == 8


def test_in_a_new_segment_faces_are_new_but_numbered_from_one() -> None:
    tracks = Tracks()
    assert tracks.assign([box(100), box(300)], 0.0) == [0, 1]
    tracks.begin_segment()
    after = tracks.assign([box(100), box(300)], 0.04)
    assert not {0, 1} & set(after)  # no table takes them for those before
    assert [face_number(key) for key in after] == [1, 2]
    tracks.begin_segment()
    tracks.begin_segment()
    assert [face_number(key) for key in tracks.assign([box(300)], 0.08)] == [1]


def test_a_crowd_keeps_its_ids() -> None:
    """More faces than there are numbers, so close that several are in reach of each."""
    tracks = Tracks()
    places = [(150 * (i % 8), 150 * (i // 8)) for i in range(40)]
    first = tracks.assign([box(x, y) for x, y in places], 0.0)
    assert len(set(first)) == 40
    for moment in range(1, 4):
        moved = [box(x + 20 * moment, y) for x, y in reversed(places)]
        assert tracks.assign(moved, 0.5 * moment) == first[::-1]
    assert tracks.assign([box(x, y) for x, y in places[:9]], 9.0) == list(range(40, 49))
