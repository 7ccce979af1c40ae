"""Attributions against their formulas, closed forms and captum."""

import pytest
import torch
import torch.nn.functional as F

from trainer.attribution import (
    METHODS,
    attribute,
    attribute_with_logits,
    available_methods,
    class_activation_maps,
    landmark_correlation,
    layer_attribution,
)
from trainer.attribution.core import forward_with_leaf, reduce_channels
from trainer.errors import UsageError
from trainer.models import FerModel, create
from trainer.models.fuse_bn import fuse_bn


@pytest.fixture
def model() -> FerModel:
    torch.manual_seed(0)
    net = create("compact", widths=(8, 16), blocks=(1, 1))
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return net.eval().requires_grad_(False)


def test_grad_and_grad_x_input_against_the_closed_form() -> None:
    features = torch.randn(2, 3, 4, 4, requires_grad=True)
    weight = torch.randn(3, 4, 4)
    score = (features**2 * weight).sum(dim=(1, 2, 3))
    gradient = layer_attribution(score, features, "grad", create_graph=True)
    assert torch.allclose(gradient, 2 * features * weight)
    product = layer_attribution(score, features, "grad_x_input")
    assert torch.allclose(product, 2 * features**2 * weight)


def test_create_graph_lets_a_loss_reach_the_weights() -> None:
    weight = torch.randn(3, requires_grad=True)
    features = torch.randn(2, 3, 4, 4, requires_grad=True)
    score = (features * weight[:, None, None]).pow(2).sum(dim=(1, 2, 3))
    layer_attribution(score, features, "grad", create_graph=True).sum().backward()
    expected = (4 * features * weight[:, None, None]).sum(dim=(0, 2, 3))
    assert weight.grad is not None
    assert torch.allclose(weight.grad, expected.detach(), rtol=1e-4)


def test_grad_x_input_before_pooling_is_the_class_activation_map(model: FerModel) -> None:
    """For GAP + linear, Grad*Input of the last feature map is w_c · F / (h·w), summed: the CAM."""
    x = torch.randn(3, 1, 44, 44)
    features = model.stages(model.stem(x))  # type: ignore[operator]
    weight = model.classifier.weight  # type: ignore[union-attr]
    target = torch.tensor([1, 4, 6])
    area = features.shape[-1] * features.shape[-2]
    cam = torch.einsum("bc,bchw->bhw", weight[target], features) / area
    expected = torch.nn.functional.interpolate(
        cam[:, None], size=(44, 44), mode="bilinear", align_corners=False
    )[:, 0]
    assert torch.allclose(attribute(model, x, target=target), expected, atol=1e-6)


def test_the_map_sums_to_the_logit_without_its_bias(model: FerModel) -> None:
    x = torch.randn(2, 1, 44, 44)
    logits = attribute_with_logits(model, x, target=3).logits
    raw = torch.einsum(
        "c,bchw->b",
        model.classifier.weight[3],  # type: ignore[index, union-attr]
        model.stages(model.stem(x)),  # type: ignore[operator]
    ) / (22 * 22 / 4)
    bias = model.classifier.bias[3]  # type: ignore[index, union-attr]
    assert torch.allclose(raw + bias, logits[:, 3], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("fold", [False, True])
def test_maps_of_all_classes_are_those_of_each_class(model: FerModel, fold: bool) -> None:
    x = torch.randn(3, 1, 44, 44)
    if fold:
        model = fuse_bn(model, x)
        assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in model.modules())
    logits, maps = class_activation_maps(model, x)
    assert torch.allclose(logits, model(x), atol=1e-6)
    assert maps.shape == (3, 7, 44, 44)
    for index in range(7):
        assert torch.allclose(maps[:, index], attribute(model, x, target=index), atol=1e-5)


def test_maps_of_all_classes_sum_to_their_logits_without_the_bias(model: FerModel) -> None:
    logits, maps = class_activation_maps(model, torch.randn(2, 1, 44, 44))
    own_size = maps.sum(dim=(2, 3)) / 4**2  # enlarging 11 to 44 px keeps the mean
    assert model.linear_head is not None
    assert torch.allclose(own_size + model.linear_head.bias, logits, rtol=1e-3, atol=1e-4)


def test_maps_of_all_classes_need_pooling_and_one_linear_layer() -> None:
    net = create("resnet18", input_size=64, head="mlp").eval()
    with pytest.raises(UsageError, match="one linear layer"):
        class_activation_maps(net, torch.randn(1, 1, 64, 64))


def test_logits_are_those_of_the_plain_forward(model: FerModel) -> None:
    x = torch.randn(4, 1, 44, 44)
    assert torch.allclose(attribute_with_logits(model, x).logits, model(x), atol=1e-6)


def test_targets(model: FerModel) -> None:
    x = torch.randn(4, 1, 44, 44)
    order = model(x).argsort(dim=1, descending=True)
    for name, column in (("predicted", 0), ("runner_up", 1)):
        named = attribute(model, x, target=name)  # type: ignore[arg-type]
        assert torch.equal(named, attribute(model, x, target=order[:, column]))
    assert not torch.equal(attribute(model, x, target=0), attribute(model, x, target=1))


def test_attributions_leave_no_gradients_and_no_hooks(model: FerModel) -> None:
    attribute(model, torch.randn(1, 1, 44, 44))
    class_activation_maps(model, torch.randn(1, 1, 44, 44))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(not module._forward_hooks for module in model.modules())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "lime"}, "grad_x_input"),
        ({"layer": "nowhere"}, "stages"),
        ({"target": 7}, "no class 7"),
        ({"target": "second"}, "runner_up"),
        ({"layer": "classifier"}, "no spatial map"),
    ],
)
def test_errors_name_the_alternatives(model: FerModel, arguments: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        attribute(model, torch.randn(1, 1, 44, 44), **arguments)


def test_correlation_with_landmarks_is_pearsons_r() -> None:
    import numpy as np

    from trainer.attribution import landmark_correlation
    from trainer.faces.heatmaps import landmark_heatmap

    torch.manual_seed(0)
    model = create("compact", input_size=32, widths=[8, 16], blocks=[1, 1]).eval()
    x, points = torch.randn(3, 1, 32, 32), torch.rand(3, 68, 2) * 32
    points[1] = torch.nan
    ours = landmark_correlation(model, x, points, target=2)
    assert ours[1].isnan()
    with torch.no_grad():
        features = model.stages(model.stem(x))
    cam = torch.einsum("c,bchw->bhw", model.classifier.weight[2], features)
    heat = torch.nn.functional.interpolate(
        landmark_heatmap(points.nan_to_num(), 32)[:, None], (8, 8), mode="bilinear", antialias=True
    )[:, 0]
    for i in (0, 2):
        expected = np.corrcoef(cam[i].detach().numpy().ravel(), heat[i].numpy().ravel())[0, 1]
        assert float(ours[i]) == pytest.approx(expected, abs=1e-5)


def scored() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features (2, 3, 4, 4), the score of a small nonlinear head, and ∂S/∂F."""
    draw = torch.Generator().manual_seed(0)
    features = torch.rand(2, 3, 4, 4, generator=draw, dtype=torch.float64).requires_grad_()
    weight = torch.randn(3, 4, 4, generator=draw, dtype=torch.float64)
    score = (features**2 * weight).sum(dim=(1, 2, 3)) + features.mean(dim=(1, 2, 3))
    return features, score, (2 * features * weight + 1 / 48).detach()


def test_gradcam_matches_its_formula() -> None:
    features, score, gradient = scored()
    expected = torch.zeros(2, 4, 4, dtype=torch.float64)
    for b in range(2):
        for c in range(3):
            expected[b] += gradient[b, c].mean() * features.detach()[b, c]
    result = reduce_channels(layer_attribution(score, features, "gradcam"), "gradcam")
    torch.testing.assert_close(result[:, 0], expected.clamp_min(0))


def test_gradcam_pp_matches_its_formula() -> None:
    """Equation 19 written out: α = ∂² / (2 ∂² + Σ_ab F_ab ∂³), weights Σ α ReLU(∂)."""
    features, score, gradient = scored()
    expected = torch.zeros(2, 4, 4, dtype=torch.float64)
    for b in range(2):
        for c in range(3):
            weight = 0.0
            for i in range(4):
                for j in range(4):
                    d = gradient[b, c, i, j]
                    below = 2 * d**2 + (features.detach()[b, c] * d**3).sum()
                    weight += d**2 / below * max(float(d), 0)
            expected[b] += weight * features.detach()[b, c]
    result = reduce_channels(layer_attribution(score, features, "gradcam_pp"), "gradcam_pp")
    torch.testing.assert_close(result[:, 0], expected.clamp_min(0))


def test_layercam_matches_its_formula() -> None:
    features, score, gradient = scored()
    expected = (gradient.clamp_min(0) * features.detach()).sum(1).clamp_min(0)
    result = reduce_channels(layer_attribution(score, features, "layercam"), "layercam")
    torch.testing.assert_close(result[:, 0], expected)


def test_attention_is_the_mean_of_the_channels() -> None:
    features, score, _ = scored()
    result = reduce_channels(layer_attribution(score, features, "attention"), "attention")
    torch.testing.assert_close(result[:, 0], features.mean(1))


def test_cam_uses_the_weights_of_the_linear_layer(model: FerModel) -> None:
    x = torch.randn(2, 1, 44, 44)
    features = model.stages(model.stem(x))  # type: ignore[operator]
    cam = torch.einsum("c,bchw->bhw", model.classifier.weight[5], features)  # type: ignore[index, union-attr]
    expected = torch.nn.functional.interpolate(
        cam[:, None], size=(44, 44), mode="bilinear", align_corners=False
    )[:, 0]
    torch.testing.assert_close(attribute(model, x, "cam", 5), expected, rtol=1e-4, atol=1e-5)
    # behind pooling and a linear layer, Grad-CAM is the CAM's positive part, but for the area
    area = features.shape[-1] * features.shape[-2]
    raw = reduce_channels((model.classifier.weight[5][:, None, None] * features), "gradcam")  # type: ignore[index, union-attr]
    gradcam = torch.nn.functional.interpolate(raw / area, (44, 44), mode="bilinear")[:, 0]
    torch.testing.assert_close(attribute(model, x, "gradcam", 5), gradcam, rtol=1e-4, atol=1e-6)


def test_cam_names_the_networks_that_it_needs(model: FerModel) -> None:
    x = torch.randn(1, 1, 44, 44)
    with pytest.raises(UsageError, match="CAM needs the layer before average pooling") as caught:
        attribute(model, x, "cam", layer="stages.0")
    assert "gradcam" in str(caught.value.hint)
    flattened = create("vgg", input_size=32).eval()
    with pytest.raises(UsageError, match="CAM needs"):
        attribute(flattened, torch.randn(1, 1, 32, 32), "cam")


def test_the_gradient_before_pooling_is_refused_but_not_at_the_pixels(
    model: FerModel,
) -> None:
    x = torch.randn(2, 1, 44, 44)
    with pytest.raises(UsageError, match="the same everywhere") as caught:
        attribute(model, x, "grad")
    assert "pixels_grad" in str(caught.value.hint)
    pixels = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(pixels)[:, 4].sum(), pixels)
    torch.testing.assert_close(attribute(model, x, "grad", 4, "input"), gradient[:, 0])
    product = attribute(model, x, "grad_x_input", 4, "input")
    torch.testing.assert_close(product, (gradient * x)[:, 0])
    torch.testing.assert_close(attribute(model, x, "pixels_grad", 4), gradient[:, 0])
    torch.testing.assert_close(attribute(model, x, "pixels_grad_x_input", 4), product)


@pytest.mark.parametrize("method", ["grad_x_input", "gradcam"])
def test_captum_agrees(model: FerModel, method: str) -> None:
    from captum.attr import LayerGradCam, LayerGradientXActivation

    x, target = torch.randn(2, 1, 44, 44), torch.tensor([2, 5])
    layer = dict(model.named_modules())["stages.0"]
    oracle = {"grad_x_input": LayerGradientXActivation, "gradcam": LayerGradCam}[method]
    theirs = oracle(model, layer).attribute(x, target=target)
    theirs = theirs.sum(dim=1, keepdim=True).relu() if method == "gradcam" else theirs
    _, features = forward_with_leaf(model, x, "stages.0")
    logits = model.classifier(model.stages[1](features).mean(dim=(2, 3)))  # type: ignore[index, operator]
    score = logits.gather(1, target[:, None])[:, 0]
    ours = layer_attribution(score, features, method)
    ours = reduce_channels(ours, method) if method == "gradcam" else ours
    torch.testing.assert_close(ours, theirs.detach(), rtol=1e-5, atol=1e-5)


def test_available_methods_depend_on_the_network(model: FerModel) -> None:
    no_maps = {"class_map"} | {m.name for m in METHODS.values() if m.group == "attention"}
    assert set(METHODS) - set(available_methods(model)) == {"grad", *no_maps}
    assert set(available_methods(model)) - set(available_methods(model, "live")) == {
        "integrated_gradients",
        "smoothgrad",
        "occlusion",
        "rise",
        "scorecam",
    }
    flattened = create("vgg", input_size=32, hidden=8)
    assert set(METHODS) - set(available_methods(flattened)) == {"cam", *no_maps}
    assert "class_map" in available_methods(create("wildcat", input_size=32))


NETWORKS = ("pooled", "flattened", "transfer", "wildcat", "dan", "poster_lite")


@pytest.fixture(scope="module")
def networks() -> dict[str, FerModel]:
    torch.manual_seed(0)
    built = {
        "pooled": create("compact", input_size=32, widths=(8, 16), blocks=(1, 1)),
        "flattened": create("vgg", input_size=32, hidden=8),
        "transfer": create("transfer", input_size=32),
        "wildcat": create("wildcat", input_size=32, large_maps=False),
        "dan": create("dan", input_size=32, size="small"),
        "poster_lite": create("poster_lite", input_size=32, widths=(8, 16), depth=1),
    }
    return {name: net.eval().requires_grad_(False) for name, net in built.items()}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_maps_or_says_what_the_network_lacks(
    networks: dict[str, FerModel], name: str, method: str
) -> None:
    network = networks[name]
    x = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    targets = ("predicted", "runner_up", 3, torch.tensor([1, 6]))
    is_quick = method in available_methods(network, "live")
    for target in targets if is_quick else targets[-1:]:
        if method in available_methods(network):
            maps = attribute(network, x, method, target)
            assert maps.shape == (2, 32, 32)
            assert maps.dtype == torch.float32
            assert torch.isfinite(maps).all()
        else:
            with pytest.raises(UsageError) as caught:
                attribute(network, x, method, target)
            assert METHODS[method].refusal in str(caught.value)
            assert "grad_x_input" in caught.value.hint


def test_every_method_is_served_by_one_of_these_networks(networks: dict[str, FerModel]) -> None:
    assert {m for network in networks.values() for m in available_methods(network)} == set(METHODS)


def test_maps_of_attention_are_above_their_least_value(networks: dict[str, FerModel]) -> None:
    """So that even attention is blank, and colours show where there is more of it."""
    network = networks["dan"]
    x = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    own = network.attention_maps(x)["attention_head_2"]
    above = own - own.amin(dim=(1, 2), keepdim=True)
    shown = F.interpolate(above[:, None], (32, 32), mode="bilinear")[:, 0]
    torch.testing.assert_close(attribute(network, x, "attention_head_2", 3), shown)
    assert (shown.amin(dim=(1, 2)) == 0).all()


@pytest.mark.parametrize("method", ["class_map", "occlusion", "rollout", "pixels_grad"])
def test_a_method_of_the_whole_network_takes_no_layer(
    networks: dict[str, FerModel], method: str
) -> None:
    network = networks["wildcat" if method == "class_map" else "transfer"]
    layer = "trunk.layer1" if method == "class_map" else "stem"
    with pytest.raises(UsageError, match="no layer to choose"):
        attribute(network, torch.randn(1, 1, 32, 32), method, layer=layer)


@pytest.mark.parametrize(
    ("name", "close"), [("gradcm", "gradcam"), ("integrated_gradient", "integrated_gradients")]
)
def test_an_unknown_method_names_the_closest(model: FerModel, name: str, close: str) -> None:
    with pytest.raises(UsageError, match=f"no attribution method '{name}'") as caught:
        attribute(model, torch.randn(1, 1, 44, 44), name)
    assert f"Did you mean {close}" in caught.value.hint
    features = torch.randn(1, 2, 3, 3, requires_grad=True)
    with pytest.raises(UsageError, match=f"no attribution method '{name}'"):
        layer_attribution(features.sum(dim=(1, 2, 3)), features, name)


@pytest.mark.parametrize(
    "method", ["integrated_gradients", "occlusion", "scorecam", "pixels_grad", "class_map"]
)
def test_a_known_method_that_does_not_fit_is_not_called_unknown(
    networks: dict[str, FerModel], method: str
) -> None:
    features, network = torch.randn(1, 2, 3, 3, requires_grad=True), networks["wildcat"]
    with pytest.raises(UsageError, match=f"^{method} is no attribution to the feat") as caught:
        layer_attribution(features.sum(dim=(1, 2, 3)), features, method)
    assert "gradcam" in caught.value.hint
    x, points = torch.randn(1, 1, 32, 32), torch.rand(1, 68, 2) * 32
    with pytest.raises(UsageError, match=f"^{method} is no attribution to the feat"):
        landmark_correlation(network, x, points, method)


def test_the_correlation_refuses_what_the_network_cannot_serve(
    networks: dict[str, FerModel],
) -> None:
    x, points = torch.randn(1, 1, 32, 32), torch.rand(1, 68, 2) * 32
    with pytest.raises(UsageError, match="cam: CAM needs") as caught:
        landmark_correlation(networks["flattened"], x, points, "cam")
    assert "gradcam" in caught.value.hint
    assert "integrated_gradients" in caught.value.hint
