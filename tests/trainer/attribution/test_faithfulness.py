"""Measures of maps: the scores of a right and of a wrong map."""

import copy

import pytest
import torch
from torch import Tensor, nn

from trainer.attribution.faithfulness import (
    area_under_curve,
    deletion_curve,
    insertion_curve,
    road,
)
from trainer.attribution.imputation import impute_noisy_linear
from trainer.attribution.map_measures import (
    bootstrap_interval,
    frame_stability,
    gini,
    pearson,
    pointing_game,
    positive_cosine,
    relevance_mass,
    sobel_edges,
    spearman,
)
from trainer.attribution.sanity import cascading_randomisation
from trainer.models import create
from trainer.models.registry import FerModel

SIDE = 16


class Corner(FerModel):
    """Class 0's logit is the sum of the upper left quarter; class 1's is 0."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(0.1))

    def embed(self, x: Tensor) -> Tensor:
        return x[:, 0, : SIDE // 2, : SIDE // 2].sum((1, 2))[:, None]

    def classify(self, embedding: Tensor) -> Tensor:
        return torch.cat([self.gain * embedding, torch.zeros_like(embedding)], dim=1)


def setting() -> tuple[Corner, Tensor, Tensor, Tensor, Tensor]:
    """The model, pictures of ones with a grey rest, the right and the wrong map, and class 0."""
    right = torch.zeros(2, SIDE, SIDE)
    right[:, : SIDE // 2, : SIDE // 2] = 1
    x = right[:, None].clone()
    return Corner(), x, right, 1 - right, torch.zeros(2, dtype=torch.long)


def test_deletion_removes_the_highest_pixels_first() -> None:
    model, x, right, wrong, classes = setting()
    curve = deletion_curve(model, x, right, classes, steps=16)
    for step in range(17):  # 16 of 256 pixels a step; the quarter has 64
        left = max(0, 64 - 16 * step)
        assert float(curve[0, step]) == pytest.approx(
            torch.sigmoid(torch.tensor(0.1 * left)).item()
        )
    assert float(deletion_curve(model, x, wrong, classes, steps=16)[0, 12]) == pytest.approx(
        float(curve[0, 0])
    )
    assert (
        area_under_curve(curve)[0]
        < area_under_curve(deletion_curve(model, x, wrong, classes, steps=16))[0]
    )


def test_insertion_restores_the_highest_pixels_first() -> None:
    model, x, right, wrong, classes = setting()
    good, bad = (insertion_curve(model, x, maps, classes) for maps in (right, wrong))
    assert float(good[0, -1]) == pytest.approx(float(bad[0, -1]))
    assert float(good[0, 0]) == pytest.approx(float(bad[0, 0]))
    assert area_under_curve(good)[0] > area_under_curve(bad)[0]


def test_the_area_is_summed_by_trapezoids() -> None:
    assert float(area_under_curve(torch.tensor([[0.0, 1.0, 1.0]]))) == pytest.approx(0.75)


def test_ties_are_removed_in_random_order() -> None:
    """A flat map deletes all over the picture and not from one corner on."""
    model, x, right, _, classes = setting()
    curve = deletion_curve(model, x, torch.ones_like(right), classes, steps=4)
    gone = 64 * torch.arange(5) / 4
    left = torch.log(curve[0] / (1 - curve[0])).detach() / 0.1
    assert (left - (64 - gone)).abs().max() < 12


def test_removed_pixels_are_imputed_from_their_neighbours() -> None:
    """A slope meets the equations exactly: its hole is filled with the slope, but for the noise."""
    slope = (torch.arange(12.0)[:, None] + 2 * torch.arange(12.0))[None, None] / 10
    hole = torch.zeros(1, 12, 12, dtype=torch.bool)
    hole[0, 3:8, 4:9] = True
    hole[0, 9, 1] = True
    filled = impute_noisy_linear(slope, hole, torch.Generator().manual_seed(0))
    assert torch.equal(filled[0, 0][~hole[0]], slope[0, 0][~hole[0]])
    assert float((filled - slope)[0, 0][hole[0]].abs().max()) < 0.05
    assert float((filled - slope)[0, 0][hole[0]].std()) == pytest.approx(0.01, rel=0.6)


def test_road_is_positive_for_the_right_map_and_antisymmetric() -> None:
    torch.manual_seed(0)
    model, _, right, wrong, classes = setting()
    x = torch.randn(2, 1, SIDE, SIDE) + 2 * right[:, None] - 1
    draw = torch.Generator().manual_seed(0)
    good, bad = (road(model, x, maps, classes, draw) for maps in (right, wrong))
    assert (good > 0.2).all()
    torch.testing.assert_close(good, -bad, atol=0.15, rtol=0)


def test_relevance_mass_pointing_game_and_cosine() -> None:
    map_ = torch.zeros(2, 4, 4)
    map_[0, 1, 1], map_[0, 3, 3], map_[1, 0, 0] = 3.0, 1.0, -2.0
    region = torch.zeros(2, 4, 4, dtype=torch.bool)
    region[:, :2, :2] = True
    assert relevance_mass(map_, region).tolist() == [0.75, 0.0]
    assert pointing_game(map_, region)[0] == 1
    assert pointing_game(-map_, region)[0] == 1
    assert pointing_game(map_.flip(1, 2), region)[0] == 0
    assert positive_cosine(map_, region.float())[0] == pytest.approx(3 / (10**0.5 * 2))


def test_gini() -> None:
    one = torch.zeros(1, 10, 10)
    one[0, 3, 3] = -5.0
    assert float(gini(one)) == pytest.approx(0.99)  # 1 − 1/n: all in one of n
    assert float(gini(torch.full((1, 10, 10), 2.0))) == pytest.approx(0, abs=1e-6)
    values = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
    differences = (values.flatten()[:, None] - values.flatten()).abs().sum()
    assert float(gini(values)) == pytest.approx(float(differences) / (2 * 16 * 2.5))
    assert float(gini(torch.zeros(1, 3, 3))) == 0


def test_spearman_depends_on_ranks_only() -> None:
    a = torch.randn(2, 5, 5, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(spearman(a, a**3), torch.ones(2, dtype=torch.float64))
    assert torch.allclose(spearman(a, -a.exp()), -torch.ones(2, dtype=torch.float64))
    ties = torch.tensor([[[1.0, 1.0, 2.0]]])
    ranks = torch.tensor([[[0.5, 0.5, 2.0]]]).double()
    other = torch.tensor([[[3.0, 1.0, 2.0]]])
    assert float(spearman(ties, other)) == pytest.approx(
        float(pearson(ranks, torch.tensor([[[2.0, 0.0, 1.0]]]).double()))
    )


def test_stability_is_the_mean_correlation_of_successive_frames() -> None:
    clip = torch.randn(3, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    expected = (pearson(clip[0], clip[1]) + pearson(clip[1], clip[2])) / 2
    torch.testing.assert_close(frame_stability(clip), expected)
    assert torch.allclose(frame_stability(clip[:1].expand(4, -1, -1, -1)), torch.ones(2))


def test_sobel_edges_of_a_step() -> None:
    x = torch.zeros(1, 1, 6, 6)
    x[..., 3:] = 1.0
    magnitude = sobel_edges(x)[0]
    assert torch.equal(magnitude[:, 2:4], torch.full((6, 2), 4.0))
    assert float(magnitude[:, :2].abs().sum() + magnitude[:, 4:].abs().sum()) == 0


def test_the_bootstrap_interval_contains_the_mean_and_shrinks_with_n() -> None:
    draw = torch.Generator().manual_seed(0)
    few, many = torch.randn(50, generator=draw), torch.randn(5000, generator=draw)
    wide, narrow = (
        bootstrap_interval(few),
        bootstrap_interval(torch.cat([many, torch.tensor([torch.nan])])),
    )
    assert narrow["n"] == 5000
    for interval in (wide, narrow):
        assert interval["low"] < interval["mean"] < interval["high"]
    assert narrow["high"] - narrow["low"] == pytest.approx(2 * 1.96 / 5000**0.5, rel=0.15)
    assert wide["high"] - wide["low"] > 5 * (narrow["high"] - narrow["low"])
    assert bootstrap_interval(torch.tensor([torch.nan]))["n"] == 0


def test_randomisation_cascades_from_the_last_layer_on_a_copy() -> None:
    torch.manual_seed(0)
    model = create("compact", input_size=32, widths=[8, 16], blocks=[1, 1]).eval()
    before = copy.deepcopy(model.state_dict())
    state = torch.random.get_rng_state()
    changed = []
    for name, network in cascading_randomisation(model):
        weights = network.state_dict()
        changed.append(
            (
                name,
                {key.split(".")[0] for key in before if not torch.equal(before[key], weights[key])},
            )
        )
    assert [name for name, _ in changed][:3] == ["classifier", "stages.1", "stages.0"]
    assert changed[0][1] == {"classifier"}
    assert changed[1][1] == {"classifier", "stages"}
    assert changed[-1][1] == {"classifier", "stages", "stem"}
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), state)
