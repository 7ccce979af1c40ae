"""RISE against its formula."""

import pytest
import torch
from torch import Tensor

from trainer.attribution import attribute
from trainer.attribution.on_demand import RISE_CELLS, RISE_MASKS, RISE_SHOWN, rise_map, rise_masks
from trainer.models import create
from trainer.models.registry import FerModel

SIDE, LABEL = 20, 1


@pytest.fixture(scope="module")
def model() -> FerModel:
    torch.manual_seed(0)
    return create("compact", input_size=SIDE, widths=(8, 16), blocks=(1, 1)).eval()


@pytest.fixture(scope="module")
def picture() -> Tensor:
    return torch.randn(1, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def test_masks_are_smooth_and_show_half_of_every_place() -> None:
    masks = rise_masks((SIDE, SIDE))
    assert masks.shape == (RISE_MASKS, SIDE, SIDE)
    assert float(masks.min()) >= 0
    assert float(masks.max()) <= 1 + 1e-6
    shown = masks.mean(dim=0)
    assert float((shown - RISE_SHOWN).abs().max()) < 0.06  # 4 deviations of the mean of 1,000
    # bilinear: between two cells it changes by at most 1 over a cell's width
    steepest = float((masks[:, :, 1:] - masks[:, :, :-1]).abs().max())
    assert steepest <= 1 / (SIDE // RISE_CELLS) + 1e-6
    assert torch.equal(rise_masks((SIDE, SIDE)), masks)


@torch.no_grad()
def test_the_map_is_equation_6_less_the_mean_score(model: FerModel, picture: Tensor) -> None:
    """S(λ) = 1 / (E[M] N) Σ f(I ⊙ M) M(λ), written out mask by mask, of scores less their mean."""
    masks = rise_masks((SIDE, SIDE), count=40)
    scores = [float(model((picture * m)[None]).softmax(dim=1)[0, LABEL]) for m in masks]
    mean = sum(scores) / len(scores)
    expected = torch.zeros(SIDE, SIDE)
    for score, mask in zip(scores, masks, strict=True):
        expected += (score - mean) * mask
    expected /= RISE_SHOWN * len(masks)
    actual = rise_map(model, picture, LABEL, masks)
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-6)


class OnePlace(FerModel):
    """Its probability of class 1 depends on one pixel alone."""

    attribution_layer, default_input_size = "x", SIDE

    def embed(self, x: Tensor) -> Tensor:
        return x[:, 0, 4, 15, None]

    def classify(self, embedding: Tensor) -> Tensor:
        return torch.cat([torch.zeros_like(embedding), embedding], dim=1)


def test_the_place_that_decides_is_the_highest() -> None:
    picture = torch.full((2, 1, SIDE, SIDE), 3.0)
    picture[1] = -3.0  # showing it harms class 1
    maps = attribute(OnePlace(), picture, "rise", LABEL)
    for one, sign in zip(maps, (1, -1), strict=True):
        row, column = divmod(int((sign * one).argmax()), SIDE)
        assert abs(row - 4) <= 1
        assert abs(column - 15) <= 1
        # E[f | shown] − E[f], f between 0.5 and σ(±3): a quarter of a probability at most
        assert 0.1 < sign * float(one[4, 15]) < 0.3
        assert abs(float(one[15, 4])) < 0.05  # a place that does not matter
