"""What both sides say about a face."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ferapp.ui.duel.face_comparison import compare_face
from tests.support.ui.compared import compared, full_map, half_map
from tests.support.ui.fake_engine import face


def test_two_models_that_answer_differently_disagree() -> None:
    both = compare_face(compared(("happy", "sad")).faces[0], "predicted", one_model=False)
    assert both is not None
    assert both.answers == ("happy", "sad")
    assert both.disagreement == ("happy", "sad")
    same = compare_face(compared(("fear", "fear")).faces[0], "predicted", one_model=False)
    assert same is not None
    assert same.agree
    assert same.disagreement is None


def test_one_model_has_one_answer_and_its_maps_can_be_opposed() -> None:
    maps = half_map("left"), half_map("right")
    one = compare_face(compared(("happy", "sad"), maps).faces[0], "predicted", one_model=True)
    assert one is not None
    assert one.answers == ("happy", "happy")
    assert one.correlation == pytest.approx(-1)
    assert one.disagreement == "maps"
    alike = half_map("left"), half_map("left") + full_map(0.1)
    two = compare_face(compared(("happy", "happy"), alike).faces[0], "predicted", one_model=True)
    assert two is not None
    assert two.correlation == pytest.approx(1)
    assert two.disagreement is None


def test_maps_of_different_crops_are_compared_where_they_lie_on_the_face() -> None:
    """B's crop is the same area of the frame with twice the pixels."""
    shown = compared(("happy", "happy"), (half_map("left"), half_map("left")))
    (one,) = shown.faces
    second = one.predictions[1]
    assert second is not None
    assert second.attribution is not None
    finer = np.kron(half_map("left"), np.ones((2, 2), np.float32))
    from_frame = 2 * second.attribution.from_frame
    from_frame[:, 2] += 0.5
    attribution = replace(second.attribution, maps=finer[None], from_frame=from_frame)
    one = replace(one, predictions=(one.prediction, replace(second, attribution=attribution)))
    both = compare_face(one, "predicted", one_model=False)
    assert both is not None
    assert both.correlation == pytest.approx(1, abs=1e-3)
    assert both.difference is not None
    assert np.abs(both.difference).max() < 0.01


def test_without_two_predictions_there_is_no_comparison() -> None:
    assert compare_face(None, "predicted", one_model=False) is None
    assert compare_face(face(), "predicted", one_model=False) is None


def test_without_maps_only_the_answers_are_compared() -> None:
    (one,) = compared().faces
    bare = tuple(replace(p, attribution=None) for p in one.predictions if p is not None)
    both = compare_face(replace(one, predictions=bare), "predicted", one_model=False)
    assert both is not None
    assert not both.agree
    assert both.difference is None
    assert math.isnan(both.correlation)
