"""Attributions of many passes, against closed forms."""

import pytest
import torch
from torch import Tensor, nn

from trainer.attribution import attribute_with_logits, available_methods
from trainer.attribution.on_demand import INTEGRATION_STEPS
from trainer.errors import UsageError
from trainer.models import create
from trainer.models.registry import FerModel

SIDE = 12


class Quadratic(FerModel):
    """Logits Σ w_k x² + Σ v_k x."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.w, self.v = (
            nn.Parameter(torch.randn(3, SIDE, SIDE)),
            nn.Parameter(torch.randn(3, SIDE, SIDE)),
        )

    def embed(self, x: Tensor) -> Tensor:
        return x[:, 0]

    def classify(self, embedding: Tensor) -> Tensor:
        return torch.einsum("kij,bij->bk", self.w, embedding**2) + torch.einsum(
            "kij,bij->bk", self.v, embedding
        )


@pytest.fixture
def model() -> Quadratic:
    return Quadratic()


@pytest.fixture
def x() -> Tensor:
    return torch.randn(2, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def test_integrated_gradients_match_the_closed_form_and_are_complete(
    model: Quadratic, x: Tensor
) -> None:
    """From 0 to x the integral of 2wx + v, times x, is wx² + vx: nothing is missing."""
    result = attribute_with_logits(model, x, "integrated_gradients", 1)
    expected = (model.w[1] * x**2 + model.v[1] * x)[:, 0].detach()
    torch.testing.assert_close(result.maps.float(), expected, rtol=1e-3, atol=1e-3)
    assert result.delta is not None
    score = model(x)[:, 1] - model(torch.zeros_like(x))[:, 1]
    missing = result.maps.sum((1, 2)) - score
    torch.testing.assert_close(result.delta.float(), missing.detach().float(), atol=1e-3, rtol=0)
    assert float(result.delta.abs().max()) < float(score.detach().abs().max()) / INTEGRATION_STEPS


def test_smoothgrad_is_the_mean_gradient_and_is_repeatable(model: Quadratic, x: Tensor) -> None:
    before = torch.random.get_rng_state()
    maps = attribute_with_logits(model, x, "smoothgrad", 0).maps
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.testing.assert_close(attribute_with_logits(model, x, "smoothgrad", 0).maps, maps)
    plain = (2 * model.w[0] * x + model.v[0])[:, 0].detach()
    noise = 2 * model.w[0].detach().abs() * 0.15 * (x.amax((2, 3)) - x.amin((2, 3)))[..., None]
    assert ((maps - plain).abs() < 5 * noise / 25**0.5 + 1e-4).all()
    assert float((maps - plain).abs().max()) > 0


@pytest.mark.parametrize("method", available_methods(Quadratic(), "on_demand"))
def test_a_map_does_not_depend_on_the_rest_of_its_batch(method: str) -> None:
    """One picture has one map: alone, first or last, beside darker or far brighter pictures."""
    network = create("compact", input_size=32, widths=(8, 16), blocks=(1, 1)).eval()
    draw = torch.Generator().manual_seed(3)
    picture = torch.randn(1, 1, 32, 32, generator=draw)
    bright, dark = (scale * torch.randn(1, 1, 32, 32, generator=draw) for scale in (20, 0.01))
    alone = attribute_with_logits(network, picture, method, 1).maps[0]
    assert float(alone.abs().max()) > 0
    batches = [picture, bright, dark], [dark, picture], [bright, dark, picture]
    for place, batch in enumerate(batches):
        maps = attribute_with_logits(network, torch.cat(batch), method, 1).maps
        torch.testing.assert_close(maps[place], alone, rtol=1e-4, atol=1e-5)


def test_occlusion_is_the_drop_of_the_score(model: Quadratic, x: Tensor) -> None:
    maps = attribute_with_logits(model, x, "occlusion", 2).maps
    total, count = torch.zeros(2, SIDE, SIDE), torch.zeros(SIDE, SIDE)
    for row in range(SIDE - 1):
        for column in range(SIDE - 1):
            grey = x.clone()
            grey[..., row : row + 2, column : column + 2] = 0
            fall = (model(x) - model(grey))[:, 2].detach()
            total[:, row : row + 2, column : column + 2] += fall[:, None, None]
            count[row : row + 2, column : column + 2] += 1
    torch.testing.assert_close(maps, total / count, rtol=1e-4, atol=1e-4)


def test_attention_maps_need_a_network_with_attention() -> None:
    x = torch.randn(1, 1, 64, 64)
    plain, transfer = create("compact", input_size=64), create("transfer", input_size=64).eval()
    assert available_methods(plain, "on_demand") == [
        "integrated_gradients",
        "smoothgrad",
        "occlusion",
        "rise",
        "scorecam",
    ]
    own = set(available_methods(transfer, "live")) - set(available_methods(plain, "live"))
    assert own == {"lanet", "rollout", "grad"}
    assert attribute_with_logits(transfer, x, "rollout").maps.shape == (1, 64, 64)
    with pytest.raises(UsageError, match="no attention to roll out") as caught:
        attribute_with_logits(plain, x, "rollout")
    assert "occlusion" in str(caught.value.hint)
    with pytest.raises(UsageError, match="no attribution method 'shap'"):
        attribute_with_logits(plain, x, "shap")
