"""The maps of one sample say what they mean: of an expression, or attention whatever it is."""

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ferapp.review.sample_explainer import ClassExplanation, SampleExplanation
from ferapp.ui.inspect.sample_detail import SampleDetail
from ferapp.vision.overlay_methods import OVERLAY_METHODS
from tests.support.ui.picture import pixels

SIDE = 8


@pytest.fixture
def detail(qtbot: QtBot) -> SampleDetail:
    detail = SampleDetail()
    qtbot.addWidget(detail)
    return detail


def explanation(method: str) -> SampleExplanation:
    map_ = np.zeros((SIDE, SIDE), np.float32)
    map_[2, 5] = 1.0
    sad, fear = (ClassExplanation(name, map_, None, None, 0.4) for name in ("sad", "fear"))
    crop = np.full((SIDE, SIDE), 128, np.uint8)
    nothing = np.zeros(0, np.float32)
    return SampleExplanation(crop, None, sad, fear, None, nothing, method)


@pytest.mark.parametrize("method", ["attention_heads", "attention_head_2", "landmark_attention"])
def test_attention_can_be_chosen_and_is_explained_as_attention(
    detail: SampleDetail, method: str
) -> None:
    detail.method.setCurrentIndex(detail.method.findData(method))
    assert detail.chosen_method == method
    detail.show_explanation(explanation(method))
    for tile in detail.maps[:2]:
        assert OVERLAY_METHODS[method].description in tile.tip
        assert "adds to the score" not in tile.tip
    assert detail.maps[2].caption == "none: the same map"
    tile = detail.maps[1]
    tile.resize(tile.sizeHint())
    shown = pixels(tile).astype(int)
    colour = np.abs(shown[..., 0] - shown[..., 2])
    rows, columns = np.nonzero(colour > 60)
    height, width = tile.height(), tile.width()
    assert 0.5 < columns.mean() / width < 0.8  # over the place with most attention
    assert 0.2 < rows.mean() / height < 0.45


def test_a_map_of_an_expression_has_a_difference(detail: SampleDetail) -> None:
    detail.show_explanation(explanation("grad_x_input"))
    assert "adds to the score of sad" in detail.maps[0].tip
    assert "speaks more for fear" in detail.maps[2].tip


def test_in_a_comparison_each_model_has_its_own_map(detail: SampleDetail) -> None:
    own = explanation("grad_x_input")  # labelled sad, predicted fear
    assert own.true is not None
    right = replace(own, predicted=own.true)
    detail.show_both(right, own, ("one", "two"))
    titles = [tile.title for tile in detail.maps]
    assert titles == ["This: Sad", "Other: Fear", "Other, label: Sad"]
    assert detail.maps[0].toolTip().startswith("one.")
    assert detail.maps[1].toolTip().startswith("two.")
    detail.show_both(right, right, ("one", "two"))
    assert detail.references[1].caption == "the same"
    assert (detail.maps[2].title, detail.maps[2].caption) == ("Label", "Prediction correct")
    detail.show_both(own, None, ("one", "two"))
    assert detail.maps[1].caption == "no map"
    assert detail.maps[2].title == "This, label: Sad"


def test_without_a_face_it_asks_for_one(detail: SampleDetail) -> None:
    assert detail.sample.text() == "Choose a face."
