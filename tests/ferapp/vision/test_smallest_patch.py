"""The search for the smallest patch: on a made-up model, whose secret place it must find."""

import numpy as np
import pytest

from ferapp.vision.face_mesh import TYPICAL_FACE
from ferapp.vision.hidden_areas import Area, Hidden, face_share
from ferapp.vision.masking import hide
from ferapp.vision.smallest_patch import SIDES, PatchSearchState, candidates, find_smallest_patch

SPOT = np.s_[33:40, 20:27]  # rows and columns, around the mouth: 7 × 7 px
BRIGHT, DARK = 220, 90


def face_crop() -> np.ndarray:
    crop = np.full((48, 48), DARK, np.uint8)
    crop[SPOT] = BRIGHT
    return crop


def by_spot(needed: float) -> object:
    """Happy while more than this share of the spot is bright, else sad."""

    def classify(crops: np.ndarray) -> np.ndarray:
        bright = (crops[:, SPOT[0], SPOT[1]] > 150).mean(axis=(1, 2))
        happy = np.clip(0.5 + (bright - needed) / 2, 0, 1)
        return np.column_stack([happy, 1 - happy]).astype(np.float32)

    return classify


def search(classify: object) -> list[PatchSearchState]:
    return list(find_smallest_patch(face_crop(), TYPICAL_FACE, "blur", classify))  # type: ignore[arg-type]


def answer(patch: Area, classify: object) -> int:
    masked, _ = hide(face_crop(), TYPICAL_FACE, Hidden((patch,)))
    return int(classify(masked[None])[0].argmax())  # type: ignore[operator]


@pytest.mark.parametrize("needed", [0.3, 0.55, 0.8])
def test_the_patch_changes_the_answer_and_no_smaller_one_does(needed: float) -> None:
    classify = by_spot(needed)
    states = search(classify)
    last = states[-1]
    assert last.is_done
    assert last.patch is not None
    assert (last.answer, last.new_answer) == (0, 1)
    assert answer(last.patch, classify) == 1
    side = last.patch.points[1][0] - last.patch.points[0][0]
    tested = [patch for state in states for patch in state.patches]
    smaller = [patch for patch in tested if patch.points[1][0] - patch.points[0][0] < side]
    assert set(smaller) == {patch for s in SIDES if s < side for patch in candidates(s)}
    assert all(answer(patch, classify) == 0 for patch in smaller)
    (x, _), (right, y) = last.patch.points[0], last.patch.points[2]
    assert x - 1 < 27
    assert right + 1 > 20  # it is on the spot
    assert 33 - side < y < 40 + side
    assert last.share == pytest.approx(face_share((last.patch,)))
    assert last.new_probabilities is not None
    assert last.new_probabilities.argmax() == 1


def test_it_says_so_when_no_patch_changes_the_answer() -> None:
    def stubborn(crops: np.ndarray) -> np.ndarray:
        return np.tile(np.array([0.9, 0.1], np.float32), (len(crops), 1))

    last = search(stubborn)[-1]
    assert last.is_done
    assert last.patch is None
    assert last.tested == last.total == sum(len(candidates(side)) for side in SIDES)
    assert 0.3 < last.share < 0.6  # up to which all were tested


def test_it_finds_the_same_every_time() -> None:
    one, two = (search(by_spot(0.55))[-1] for _ in range(2))
    assert one.patch == two.patch
    assert one.tested == two.tested


def test_candidates_are_on_the_face_and_overlap() -> None:
    for side in SIDES:
        patches = candidates(side)
        assert patches
        assert all(0.9 * face_share((p,)) <= face_share((patches[0],)) * 1.25 for p in patches)
    centres = {tuple(np.mean(patch.points, axis=0)) for patch in candidates(10)}
    assert (min(x for x, _ in centres), min(y for _, y in centres)) != (4.5, 4.5)  # not a corner
