"""Landmark cross-attention on the compact trunk, after POSTER and POSTER++.

Zheng et al., ICCV workshops 2023 (arXiv 2204.04083); Mao et al., Pattern Recognition 2024 (arXiv
2301.12149). As there, features of the picture and features of a landmark network exchange their
queries. Unlike there, the landmark network is a branch of the same trunk, and learns the landmarks
in the same run, from those of the training pictures (the loss `landmarks`), instead of being a
frozen network that was trained on other data: predictions need the picture alone. There is one
scale instead of a pyramid, no windows, no squeeze and excitation, and the streams ask one after the
other instead of at the same time.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.models.networks.compact import CompactNet
from trainer.models.registry import FerModel, register_network

LANDMARKS = 68


class CrossAttention(nn.Module):
    """One stream answers the other: the queries are the asking tokens themselves, as in POSTER."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, asking: Tensor, answering: Tensor) -> Tensor:
        """Tokens (B, T, width) and (B, U, width) → (B, T, width)."""
        key, value = self.key_value(answering).chunk(2, dim=2)
        query, key, value = self._split(asking), self._split(key), self._split(value)
        attended = F.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.out(attended.transpose(1, 2).flatten(2))
        return out

    def weights(self, asking: Tensor, answering: Tensor) -> Tensor:
        """(B, T, U): how much each asking token attends to each answering one; the heads' mean."""
        query, key = self._split(asking), self._split(self.key_value(answering).chunk(2, dim=2)[0])
        scores = query @ key.transpose(2, 3) / query.shape[-1] ** 0.5
        weights: Tensor = scores.softmax(dim=3).mean(dim=1)
        return weights

    def _split(self, tokens: Tensor) -> Tensor:
        """(B, T, width) → (B, heads, T, width of a head)."""
        batch, count, width = tokens.shape
        return tokens.reshape(batch, count, self.heads, width // self.heads).transpose(1, 2)


class Exchange(nn.Module):
    """One stream, asked by another of as many tokens, adds the answers to its own tokens."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.asking_norm, self.norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = CrossAttention(width, heads)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, tokens: Tensor, asking: Tensor) -> Tensor:
        tokens = tokens + self.attention(self.asking_norm(asking), self.norm(tokens))
        out: Tensor = tokens + self.mlp(self.mlp_norm(tokens))
        return out

    def weights(self, tokens: Tensor, asking: Tensor) -> Tensor:
        """Attention (B, T, T) of each asking token to each of `tokens`."""
        return self.attention.weights(self.asking_norm(asking), self.norm(tokens))


class CrossFusion(nn.Module):
    """A block: the picture asks the landmarks, then the landmarks, as they are now, the picture."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.landmarks = Exchange(width, heads)
        self.picture = Exchange(width, heads)

    def forward(self, picture: Tensor, landmarks: Tensor) -> tuple[Tensor, Tensor]:
        landmarks = self.landmarks(landmarks, asking=picture)
        return self.picture(picture, asking=landmarks), landmarks

    def weights(self, picture: Tensor, landmarks: Tensor) -> Tensor:
        """Attention (B, T, T) of each landmark token to each of the picture."""
        return self.picture.weights(picture, asking=self.landmarks(landmarks, asking=picture))


class LandmarkBranch(nn.Module):
    """Features (B, C, 2h, 2w) → a map of scores for each landmark, and tokens' features (h, w).

    `maps` (B, 68, 2h, 2w) are what the loss `landmarks` compares with the landmarks; the features
    are made of them and of those that they come from.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )
        self.maps = nn.Conv2d(channels, LANDMARKS, 1)
        self.down = nn.Sequential(
            nn.Conv2d(channels + LANDMARKS, width, 3, 2, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        features = self.features(x)
        down: Tensor = self.down(torch.cat([features, self.maps(features)], dim=1))
        return down


@register_network("poster_lite")
class PosterLite(FerModel):
    """The compact net's stages, a landmark branch before the last, `depth` blocks of cross-fusion.

    The classifier reads the mean of the picture's tokens, rectified. Attributions explain the
    picture's features before the fusion, behind which each token holds something of every place.
    Trained with `objective.landmarks`.
    """

    attribution_layer: ClassVar[str] = "picture"
    default_input_size: ClassVar[int] = 64
    default_objective: ClassVar[dict[str, Any]] = {"landmarks": {"weight": 1.0}}
    spatial_attention: tuple[str, ...] = ("landmark_attention",)
    landmark_layer: ClassVar[str] = "landmarks.maps"  # what the loss reads

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        widths: Sequence[int] = (48, 96, 192),
        depth: int = 2,
        heads: int = 4,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if len(widths) < 2:
            raise ValueError("widths: the landmark branch needs two stages")
        width = widths[-1]
        if width % heads:
            raise ValueError(f"the last width {width} is not a multiple of {heads} heads")
        blocks = [2] * len(widths)
        net = CompactNet(num_classes, in_channels, input_size, widths=widths, blocks=blocks)
        self.stem, self.stages = net.stem, net.stages
        self.picture = nn.Identity()  # names the features of the last stage
        self.landmarks = LandmarkBranch(widths[-2], width)
        side = -(-input_size // 2 ** len(widths))
        self.positions = nn.Parameter(torch.empty(1, width, side, side))
        nn.init.trunc_normal_(self.positions, std=0.02)
        self.fusion = nn.ModuleList(CrossFusion(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, num_classes)

    def streams(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, width, h, w) of the picture and of the landmarks, with their positions."""
        below = self.stem(x)
        for stage in self.stages[:-1]:
            below = stage(below)
        picture, landmarks = self.picture(self.stages[-1](below)), self.landmarks(below)
        positions: Tensor = self.positions
        if positions.shape[-2:] != picture.shape[-2:]:
            positions = F.interpolate(positions, picture.shape[-2:], mode="bicubic")
        return picture + positions, landmarks + positions

    def embed(self, x: Tensor) -> Tensor:
        picture, landmarks = map(_tokens, self.streams(x))
        for block in self.fusion:
            picture, landmarks = block(picture, landmarks)
        return F.relu(self.norm(picture)).mean(dim=1)

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.dropout(embedding))
        return logits

    def attention_maps(self, x: Tensor) -> dict[str, Tensor]:
        """landmark_attention: the landmark tokens' attention to places, their and the blocks' mean.

        Shares that sum to one.
        """
        maps, landmark_maps = self.streams(x)
        picture, landmarks = _tokens(maps), _tokens(landmark_maps)
        received = []
        for block in self.fusion:
            assert isinstance(block, CrossFusion)
            received.append(block.weights(picture, landmarks).mean(dim=1))
            picture, landmarks = block(picture, landmarks)
        mean = torch.stack(received).mean(dim=0)
        return {"landmark_attention": mean.reshape(len(x), *maps.shape[-2:])}


def _tokens(maps: Tensor) -> Tensor:
    """(B, C, h, w) → (B, h · w, C)."""
    return maps.flatten(2).transpose(1, 2)
