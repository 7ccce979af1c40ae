"""DAN's heads, their fusion and their maps, against the paper's formulas."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from trainer.attribution import available_methods
from trainer.errors import UsageError
from trainer.models import create
from trainer.models.fuse_bn import fuse_bn
from trainer.models.networks.dan import AttentionHead, Dan, SpatialAttention
from trainer.models.shapes_only import shapes_only


def net(**options: object) -> Dan:
    torch.manual_seed(0)
    model = create("dan", input_size=32, **{"size": "small", **options})
    assert isinstance(model, Dan)
    model.train()
    model(torch.randn(8, 1, 32, 32))  # statistics of the norms
    return model.eval()


def test_the_spatial_map_is_the_sum_of_three_convolutions_rectified() -> None:
    torch.manual_seed(0)
    attention = SpatialAttention(8).eval()
    for branch, kernel in (("reduce", (1, 1)), ("square", (3, 3)), ("row", (1, 3)),
                           ("column", (3, 1))):  # fmt: skip
        assert getattr(attention, branch)[0].kernel_size == kernel
    x = torch.randn(2, 8, 5, 5)
    reduced = attention.reduce(x)
    expected = torch.zeros(2, 5, 5)
    for channel in range(8):
        three = [branch(reduced)[:, channel]
                 for branch in (attention.square, attention.row, attention.column)]  # fmt: skip
        expected += torch.clamp(sum(three), min=0)
    torch.testing.assert_close(attention(x)[:, 0], expected)


def test_a_head_weighs_places_then_channels() -> None:
    torch.manual_seed(0)
    head = AttentionHead(32).eval()
    x = torch.randn(3, 32, 4, 4)
    s = head.spatial(x).detach().numpy()
    v = (x.numpy() * s).mean(axis=(2, 3))
    first, norm, _, last, _ = head.channel
    assert isinstance(norm, nn.BatchNorm1d)
    hidden = np.maximum(v @ first.weight.detach().numpy().T / np.sqrt(1 + norm.eps), 0)
    gate = 1 / (1 + np.exp(-(hidden @ last.weight.detach().numpy().T + last.bias.detach().numpy())))
    np.testing.assert_allclose(head(x).detach(), v * gate, rtol=1e-4, atol=1e-5)


def test_the_heads_compete_and_are_summed() -> None:
    model = net(heads=3)
    x = torch.randn(2, 1, 32, 32)
    with torch.no_grad():
        features = model.trunk(x)
        heads = np.stack([head(features).numpy() for head in model.heads]).astype(np.float64)
        shares = np.exp(heads - heads.max(axis=0))
        logs = heads - heads.max(axis=0) - np.log(shares.sum(axis=0))
        np.testing.assert_allclose(model.embed(x), logs.sum(axis=0), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(model(x), model.norm(model.classifier(model.embed(x))))


def test_a_single_head_has_no_rival() -> None:
    model = net(heads=1)
    x = torch.randn(2, 1, 32, 32)
    torch.testing.assert_close(model.embed(x), model.heads[0](model.trunk(x)))


def test_without_heads_it_is_the_trunk_with_average_pooling() -> None:
    twin = net(heads=0)
    x = torch.randn(2, 1, 32, 32)
    torch.testing.assert_close(twin(x), twin.classifier(twin.trunk(x).mean(dim=(2, 3))))
    assert twin.linear_head is twin.classifier
    assert net(heads=2).linear_head is None
    assert {name for name, _ in twin.trunk.named_parameters()} == {
        name for name, _ in net(heads=2).trunk.named_parameters()
    }


def test_each_head_has_a_map_of_shares_and_all_have_their_mean() -> None:
    model = net(heads=3)
    x = torch.randn(2, 1, 32, 32)
    with torch.no_grad():
        maps = model.attention_maps(x)
        raw = [head.spatial(model.trunk(x))[:, 0] for head in model.heads]
    assert tuple(maps) == model.spatial_attention
    assert [name for name in available_methods(model) if name.startswith("attention_")] == [
        "attention_heads", "attention_head_1", "attention_head_2", "attention_head_3",
    ]  # fmt: skip
    for number, values in enumerate(raw, 1):
        own = maps[f"attention_head_{number}"]
        torch.testing.assert_close(own.sum(dim=(1, 2)), torch.ones(2))
        torch.testing.assert_close(own * values.sum(dim=(1, 2), keepdim=True), values)
    three = torch.stack([maps[f"attention_head_{number}"] for number in (1, 2, 3)])
    torch.testing.assert_close(maps["attention_heads"], three.mean(dim=0))
    assert net(heads=0).attention_maps(x) == {}


def test_folding_the_norms_changes_neither_answers_nor_maps() -> None:
    model = net()
    x = torch.randn(2, 1, 32, 32)
    fused = fuse_bn(model, x)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fused.modules())
    assert isinstance(fused, Dan)
    with torch.no_grad():
        torch.testing.assert_close(fused(x), model(x), rtol=1e-3, atol=1e-4)
        ours: dict[str, Tensor] = fused.attention_maps(x)
        for name, map_ in model.attention_maps(x).items():
            torch.testing.assert_close(ours[name], map_, rtol=1e-3, atol=1e-5)


def test_sizes_and_refusals() -> None:
    with shapes_only():
        paper, small = create("dan"), create("dan", size="small", input_size=64)
        assert paper.trunk(torch.zeros(2, 1, 224, 224)).shape == (2, 512, 7, 7)
        assert small.trunk(torch.zeros(2, 1, 64, 64)).shape == (2, 256, 8, 8)
        counts = [sum(p.numel() for p in net.parameters()) / 1e6 for net in (paper, small)]
    assert counts == pytest.approx([19.7, 4.9], abs=0.05)
    with pytest.raises(UsageError, match="heads = 5 must be 0 to 4"):
        create("dan", heads=5)
    with pytest.raises(UsageError, match="size 'tiny' is not paper or small"):
        create("dan", size="tiny")
