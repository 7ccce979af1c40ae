"""Landmark cross-attention: its streams, what they exchange, and the map of the attention."""

import numpy as np
import pytest
import torch

from trainer.attribution.core import forward_with_leaf
from trainer.errors import UsageError
from trainer.models import create
from trainer.models.import_weights import import_weights
from trainer.models.networks.poster_lite import CrossAttention, PosterLite

SIDE = 32


def net(**options: object) -> PosterLite:
    torch.manual_seed(0)
    model = create("poster_lite", input_size=SIDE, **{"widths": [8, 16, 32], "depth": 2, **options})
    assert isinstance(model, PosterLite)
    return model.eval()


def test_cross_attention_equals_the_formula() -> None:
    """softmax(q kᵀ / √d) v, head by head, with the asking tokens themselves as queries."""
    torch.manual_seed(0)
    attention = CrossAttention(8, heads=2).double()
    asking, answering = torch.randn(1, 3, 8).double(), torch.randn(1, 5, 8).double()
    weight, bias = (p.detach().numpy() for p in attention.key_value.parameters())
    both = answering[0].numpy() @ weight.T + bias
    key, value, query = both[:, :8], both[:, 8:], asking[0].numpy()
    parts, weights = [], []
    for head in (slice(0, 4), slice(4, 8)):
        scores = np.exp(query[:, head] @ key[:, head].T / 2)
        weights.append(scores / scores.sum(axis=1, keepdims=True))
        parts.append(weights[-1] @ value[:, head])
    expected = attention.out(torch.from_numpy(np.concatenate(parts, axis=1)))
    torch.testing.assert_close(attention(asking, answering)[0], expected)
    np.testing.assert_allclose(
        attention.weights(asking, answering)[0].detach(), np.mean(weights, axis=0)
    )


def test_the_picture_alone_is_needed_and_the_landmark_branch_matters() -> None:
    model = net()
    x = torch.randn(2, 1, SIDE, SIDE)
    before = model(x)
    torch.nn.init.zeros_(model.landmarks.down[1].weight)  # landmark features that say nothing
    assert (model(x) - before).abs().max() > 1e-4


def test_landmark_maps_have_twice_the_side_of_the_tokens() -> None:
    model, outputs = net(), []
    model.landmarks.maps.register_forward_hook(lambda _m, _i, output: outputs.append(output))
    picture, landmarks = model.streams(torch.randn(2, 1, SIDE, SIDE))
    assert picture.shape == landmarks.shape == (2, 32, 4, 4)
    assert outputs[0].shape == (2, 68, 8, 8)


def test_the_map_is_the_mean_attention_that_places_receive() -> None:
    model = net(depth=1)
    x = torch.randn(2, 1, SIDE, SIDE)
    with torch.no_grad():
        (map_,) = model.attention_maps(x).values()
        picture, landmarks = (maps.flatten(2).transpose(1, 2) for maps in model.streams(x))
        block = model.fusion[0]
        landmarks = block.landmarks(landmarks, asking=picture)
        exchange = block.picture
        weights = exchange.attention.weights(
            exchange.asking_norm(landmarks), exchange.norm(picture)
        )
    assert map_.shape == (2, 4, 4)
    torch.testing.assert_close(map_.flatten(1), weights.mean(dim=1))
    torch.testing.assert_close(map_.sum(dim=(1, 2)), torch.ones(2))


def test_attributions_explain_the_picture_before_the_fusion() -> None:
    """Behind it each token holds something of every place."""
    model = net()
    x = torch.randn(2, 1, SIDE, SIDE)
    logits, features = forward_with_leaf(model, x, model.attribution_layer)
    torch.testing.assert_close(features, model.stages(model.stem(x)))
    gradient = torch.autograd.grad(logits[:, 3].sum(), features)[0]
    assert gradient.flatten(2).std(dim=2).amax() > 1e-6  # differs between places
    assert model.linear_head is None


def test_it_starts_from_a_compact_net() -> None:
    plain = create("compact", input_size=SIDE, widths=[8, 16, 32])
    report = import_weights(net(), plain.state_dict())
    assert not report.skipped
    parts = {name.split(".")[0] for name in report.missing}
    assert parts == {"landmarks", "fusion", "norm", "positions"}


def test_other_input_sizes_and_refusals() -> None:
    model = net()
    assert model(torch.randn(1, 1, 44, 44)).shape == (1, 7)
    with pytest.raises(UsageError, match="needs two stages"):
        create("poster_lite", widths=[32])
    with pytest.raises(UsageError, match="30 is not a multiple of 4 heads"):
        create("poster_lite", widths=[8, 30])
    assert sum(p.numel() for p in create("poster_lite").parameters()) < 4e6
