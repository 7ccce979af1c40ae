"""Score-CAM, against its formula written out channel by channel."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.attribution import attribute
from trainer.attribution.core import forward_with_leaf
from trainer.attribution.score_cam import MASKS_PER_PASS, masks_of, score_cam
from trainer.models import create
from trainer.models.registry import FerModel


@pytest.fixture(scope="module")
def model() -> FerModel:
    torch.manual_seed(0)
    return create("compact", input_size=32, widths=(8, 40), blocks=(1, 1)).eval()


def pictures(count: int) -> Tensor:
    return torch.randn(count, 1, 32, 32, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def by_hand(model: FerModel, picture: Tensor, channels: Tensor, label: int) -> np.ndarray:
    """The map (h, w): one forward pass a channel, the grey input's score taken off, no torch."""
    grey = float(model(torch.zeros_like(picture))[0, label])
    increases = []
    for channel in channels:
        mask = F.interpolate(channel[None, None], (32, 32), mode="bilinear")[0, 0]
        extent = float(mask.max() - mask.min())
        mask = (mask - mask.min()) / extent if extent > 0 else torch.zeros_like(mask)
        increases.append(float(model(picture * mask)[0, label]) - grey)
    shares = [math.exp(increase) for increase in increases]
    total = sum(
        share / sum(shares) * channel.numpy()
        for share, channel in zip(shares, channels, strict=True)
    )
    return np.maximum(np.asarray(total), 0)


@pytest.mark.parametrize("layer", ["stages", "stages.0"])
def test_the_map_is_that_of_the_formula(model: FerModel, layer: str) -> None:
    x, classes = pictures(2), torch.tensor([3, 5])
    _, features = forward_with_leaf(model, x, layer)
    features = features.detach()
    maps = score_cam(model, x, classes, features)
    for index in range(2):
        expected = by_hand(model, x[index : index + 1], features[index], int(classes[index]))
        np.testing.assert_allclose(maps[index, 0].numpy(), expected, rtol=1e-4, atol=1e-6)
    enlarged = F.interpolate(maps, (32, 32), mode="bilinear")[:, 0]
    torch.testing.assert_close(attribute(model, x, "scorecam", classes, layer), enlarged)


def test_memory_is_bounded(model: FerModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many pictures and channels there are, a pass has at most so many inputs."""
    sizes = []
    forward = model.forward

    def watched(x: Tensor) -> Tensor:
        sizes.append(len(x))
        return forward(x)

    monkeypatch.setattr(model, "forward", watched)
    features = torch.rand(3, 40, 8, 8)
    score_cam(model, pictures(3), torch.zeros(3, dtype=torch.long), features)
    assert max(sizes) <= MASKS_PER_PASS < 40
    assert sum(sizes) == 3 * 40


def test_masks_reach_from_0_to_1_and_flat_channels_show_nothing() -> None:
    channels = torch.stack([torch.arange(16.0).reshape(4, 4) - 30, torch.full((4, 4), 7.0)])
    masks = masks_of(channels, (8, 8))
    assert masks.shape == (2, 1, 8, 8)
    assert masks[0].min() == 0
    assert masks[0].max() == 1
    assert not masks[1].any()


def test_the_channel_that_shows_what_the_class_needs_decides() -> None:
    """Of two equal blobs the one on the bright corner, on which class 0's score rests."""

    class Corner(FerModel):
        def embed(self, x: Tensor) -> Tensor:
            return x[:, 0, :8, :8].sum((1, 2))[:, None]

        def classify(self, embedding: Tensor) -> Tensor:
            return torch.cat([embedding, -embedding], dim=1)

    features = torch.zeros(1, 2, 4, 4)
    features[0, 0, 0, 0] = features[0, 1, 3, 3] = 1.0
    x = torch.ones(1, 1, 16, 16)
    maps = [score_cam(Corner(), x, torch.tensor([label]), features)[0, 0] for label in (0, 1)]
    assert float(maps[0][0, 0]) > 0.99
    assert float(maps[1][3, 3]) > 0.99
