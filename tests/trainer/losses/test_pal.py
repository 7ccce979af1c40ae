"""PAL: its formula, its invariances, and first and second order gradients."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from trainer.attribution import layer_attribution
from trainer.errors import UsageError
from trainer.faces.heatmaps import landmark_heatmap
from trainer.losses.pal import attribution_score, privileged_attribution_loss, refuse_constant


def maps(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


class TestHeatmap:
    def test_against_the_formula_point_by_point(self) -> None:
        points = maps(2, 68, 2) * 5 + 10
        sigma = 1.7
        rows, columns = np.mgrid[:21, :21]
        for reduce in ("max", "sum"):
            ours = landmark_heatmap(points, 21, sigma, reduce).numpy()
            for b in range(2):
                each = [
                    np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * sigma**2))
                    for x, y in points[b].numpy()
                ]
                expected = np.max(each, axis=0) if reduce == "max" else np.sum(each, axis=0)
                np.testing.assert_allclose(ours[b], expected, atol=1e-12)

    def test_a_point_is_the_peak_at_its_row_and_column(self) -> None:
        point = torch.full((1, 68, 2), -50.0)
        point[0, 0] = torch.tensor([4.0, 9.0])  # x, y
        heat = landmark_heatmap(point, 16, 1.0)[0]
        assert heat[9, 4] == 1
        assert int(heat.argmax()) == 9 * 16 + 4


class TestLoss:
    def test_equal_maps_give_minus_one(self) -> None:
        heat = landmark_heatmap(maps(3, 68, 2) * 4 + 8, 16)
        same = heat[:, None].repeat(1, 5, 1, 1)
        for channels in ("mean", "all", "half"):
            assert privileged_attribution_loss(same, heat, channels) == pytest.approx(-1, abs=1e-9)
        assert privileged_attribution_loss(-same, heat) == pytest.approx(1, abs=1e-9)

    @pytest.mark.parametrize("scale", [1e-8, 1e-4, 1.0, 1e5])
    def test_the_value_is_minus_pearsons_r_at_every_scale(self, scale: float) -> None:
        attribution, heat = maps(4, 6, 9, 9), maps(4, 9, 9, seed=1)
        expected = -np.mean(
            [
                np.corrcoef(a.mean(0).numpy().ravel(), h.numpy().ravel())[0, 1]
                for a, h in zip(attribution, heat, strict=True)
            ]
        )
        ours = privileged_attribution_loss(attribution * scale + 3 * scale, heat * 7 - 2)
        assert float(ours) == pytest.approx(expected, abs=1e-9)

    def test_channels_all_and_half(self) -> None:
        attribution, heat = maps(2, 6, 7, 7), maps(2, 7, 7, seed=1)

        def r(a: Tensor, h: Tensor) -> float:
            return float(np.corrcoef(a.numpy().ravel(), h.numpy().ravel())[0, 1])

        each = [[r(attribution[b, c], heat[b]) for c in range(6)] for b in range(2)]
        ours = privileged_attribution_loss(attribution, heat, "all")
        assert float(ours) == pytest.approx(-np.mean(each), abs=1e-9)
        half = np.mean([r(attribution[b, :3].mean(0), heat[b]) for b in range(2)])
        ours = privileged_attribution_loss(attribution, heat, "half")
        assert float(ours) == pytest.approx(-half, abs=1e-9)

    def test_the_heatmap_is_resized_to_the_layer(self) -> None:
        points = maps(1, 68, 2) * 10 + 28
        large = landmark_heatmap(points, 56, 3.0)
        small = torch.nn.functional.interpolate(
            large[:, None], (14, 14), mode="bilinear", antialias=True
        )
        assert privileged_attribution_loss(small, large) == pytest.approx(-1, abs=1e-9)

    def test_all_zero_channels_give_zero_loss_and_gradient(self) -> None:
        attribution = maps(2, 3, 6, 6)
        attribution[:, 1] = 0
        attribution.requires_grad_()
        heat = maps(2, 6, 6, seed=1)
        loss = privileged_attribution_loss(attribution, heat, "all")
        loss.backward()
        assert torch.isfinite(attribution.grad).all()
        assert not attribution.grad[:, 1].any()
        assert attribution.grad[:, 0].any()
        dead = torch.zeros(2, 3, 6, 6, requires_grad=True)
        for channels in ("all", "mean", "half"):
            loss = privileged_attribution_loss(dead, heat, channels)
            loss.backward()
            assert float(loss) == 0
        assert not dead.grad.any()

    def test_masked_samples_contribute_no_value_and_no_gradient(self) -> None:
        attribution, heat = maps(4, 3, 6, 6), maps(4, 6, 6, seed=1)
        mask = torch.tensor([True, False, True, False])
        poisoned = attribution.clone()
        poisoned[1] = float("nan")
        heat[3] = float("inf")
        poisoned.requires_grad_()
        loss = privileged_attribution_loss(poisoned, heat, "mean", mask)
        expected = privileged_attribution_loss(attribution[mask], heat[mask])
        assert float(loss) == pytest.approx(float(expected), abs=1e-12)
        loss.backward()
        assert not poisoned.grad[~mask].any()
        none_left = privileged_attribution_loss(poisoned, heat, "mean", torch.zeros(4).bool())
        none_left.backward()
        assert float(none_left) == 0

    def test_first_order_gradient_against_finite_differences(self) -> None:
        heat = maps(2, 5, 5, seed=1)
        attribution = maps(2, 3, 5, 5).requires_grad_()
        for channels in ("mean", "all", "half"):
            assert torch.autograd.gradcheck(
                lambda a, c=channels: privileged_attribution_loss(a, heat, c), attribution
            )

    def test_unknown_channels_list_the_known(self) -> None:
        with pytest.raises(UsageError, match="mean, all, half"):
            privileged_attribution_loss(maps(1, 1, 4, 4), maps(1, 4, 4), "some")


def small_net(flatten: bool = True) -> tuple[nn.Module, nn.Module]:
    """Smooth activations, whose second derivatives finite differences can measure."""
    torch.manual_seed(0)
    before = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.Softplus())
    if flatten:
        after: nn.Module = nn.Sequential(
            nn.Conv2d(4, 4, 3, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 36, 3)
        )
    else:
        after = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
    return before.double(), after.double()


@pytest.mark.parametrize("method", ["grad", "grad_x_input", "abs_grad_x_input"])
@pytest.mark.parametrize("target", ["true", "sum_abs", "margin"])
def test_second_order_gradient_against_finite_differences(method: str, target: str) -> None:
    """Through the attribution into the weights before and after the layer."""
    before, after = small_net()
    x, heat = maps(2, 1, 6, 6), maps(2, 6, 6, seed=1)
    labels = torch.tensor([0, 2])

    def loss() -> Tensor:
        features = before(x)
        score = attribution_score(after(features), labels, target)
        attribution = layer_attribution(score, features, method, create_graph=True)
        return privileged_attribution_loss(
            attribution.abs() if method == "grad" else attribution, heat
        )

    loss().backward()
    for layer in (before[0], after[0], after[3]):
        weight = layer.weight
        flat, grad = weight.data.view(-1), weight.grad.view(-1)
        assert grad.abs().max() > 1e-6
        for index in (0, len(flat) // 2, len(flat) - 1):
            step = 1e-6
            old = float(flat[index])
            flat[index] = old + step
            up = float(loss())
            flat[index] = old - step
            down = float(loss())
            flat[index] = old
            assert float(grad[index]) == pytest.approx((up - down) / (2 * step), abs=2e-6)


def test_grad_before_average_pooling_is_refused() -> None:
    before, after = small_net(flatten=False)
    features = before(maps(2, 1, 6, 6))
    score = attribution_score(after(features), torch.tensor([0, 1]), "true")
    attribution = layer_attribution(score, features, "grad", create_graph=True)
    with pytest.raises(UsageError, match="same at every place"):
        refuse_constant(attribution, "features")
    refuse_constant(layer_attribution(score, features, "grad_x_input"), "features")


def test_attribution_scores() -> None:
    logits = torch.tensor([[1.0, -2.0, 4.0], [0.5, 0.25, -1.0]], dtype=torch.float64)
    labels = torch.tensor([2, 1])
    assert attribution_score(logits, labels, "true").tolist() == [4, 0.25]
    assert attribution_score(logits, labels, "sum_abs").tolist() == [7, 1.75]
    assert attribution_score(logits, labels, "margin").tolist() == [4.5, 0.5]
    with pytest.raises(UsageError, match="true, sum_abs, margin"):
        attribution_score(logits, labels, "softmax")
