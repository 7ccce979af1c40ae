"""DAN, Distract Your Attention Network (Wen et al., Biomimetics 2023, arXiv 2109.07270).

Several heads look at the same features, each at places and channels of its own. The partition loss
keeps the heads apart, the affinity loss makes the trunk's features compact within a class.
"""

from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.models.networks.resnet import ResNetTrunk
from trainer.models.registry import FerModel, register_network

MAX_HEADS = 4  # each has an attribution method of its own
REDUCTION = 16  # of the channels, in the channel attention


class SpatialAttention(nn.Module):
    """One map (B, 1, h, w), at least 0, of features (B, C, h, w): Σ ReLU of three convolutions.

    1 × 1 to C/2 channels, then 3 × 3, 1 × 3 and 3 × 1 beside each other, added up.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = _normed(channels, channels // 2, (1, 1))
        self.square = _normed(channels // 2, channels, (3, 3))
        self.row = _normed(channels // 2, channels, (1, 3))
        self.column = _normed(channels // 2, channels, (3, 1))

    def forward(self, features: Tensor) -> Tensor:
        reduced = self.reduce(features)
        summed = self.square(reduced) + self.row(reduced) + self.column(reduced)
        return F.relu(summed).sum(dim=1, keepdim=True)


def _normed(channels_in: int, channels_out: int, kernel: tuple[int, int]) -> nn.Sequential:
    padding = (kernel[0] // 2, kernel[1] // 2)
    conv = nn.Conv2d(channels_in, channels_out, kernel, padding=padding, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out")
    return nn.Sequential(conv, nn.BatchNorm2d(channels_out))


class AttentionHead(nn.Module):
    """Spatial, then channel attention: (B, C, h, w) → (B, C).

    With the spatial map s: v = the mean over space of s · features, times sigmoid(W₂ ReLU(W₁ v)).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spatial = SpatialAttention(channels)
        narrow = channels // REDUCTION
        self.channel = nn.Sequential(
            nn.Linear(channels, narrow, bias=False),
            nn.BatchNorm1d(narrow),
            nn.ReLU(),
            nn.Linear(narrow, channels),
            nn.Sigmoid(),
        )
        for module in self.channel:
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.001)

    def forward(self, features: Tensor) -> Tensor:
        pooled = (features * self.spatial(features)).mean(dim=(2, 3))
        weighted: Tensor = pooled * self.channel(pooled)
        return weighted


class HeadCompetition(nn.Module):
    """Attention fusion: the heads' features (B, n, C) → their log-softmax over the heads.

    What one head has, the others lose. A single head has no rival and stays as it is.
    """

    def forward(self, heads: Tensor) -> Tensor:
        return F.log_softmax(heads, dim=1) if heads.shape[1] > 1 else heads


@register_network("dan")
class Dan(FerModel):
    """ResNet18, `heads` attention heads (1 to 4), their log-softmax summed, linear layer and norm.

    `size` "small" ends the trunk before its last stage, with maps of 8 × 8 at 64 px, and has 4.9 M
    parameters instead of 19.7 M. `heads=0` is the same trunk with average pooling and one linear
    layer: the twin without attention.
    """

    attribution_layer: ClassVar[str] = "trunk"
    default_input_size: ClassVar[int] = 224
    imagenet: str = "resnet18"
    default_objective: ClassVar[dict[str, Any]] = {
        "affinity": {"weight": 1.0},
        "partition": {"weight": 1.0},
    }

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        size: Literal["paper", "small"] = "paper",
        heads: int = MAX_HEADS,
    ) -> None:
        super().__init__()
        if size not in ("paper", "small"):
            raise ValueError(f"size {size!r} is not paper or small")
        if not 0 <= heads <= MAX_HEADS:
            raise ValueError(f"heads = {heads} must be 0 to {MAX_HEADS}")
        small = size == "small"
        self.trunk = ResNetTrunk(18, in_channels, large_maps=small, stages=3 if small else 4)
        self.heads = nn.ModuleList(AttentionHead(self.trunk.width) for _ in range(heads))
        self.fusion = HeadCompetition()
        self.classifier = nn.Linear(self.trunk.width, num_classes)
        self.norm = nn.BatchNorm1d(num_classes) if heads else nn.Identity()
        if heads:
            numbered = tuple(f"attention_head_{number}" for number in range(1, heads + 1))
            self.spatial_attention = ("attention_heads", *numbered)

    @property
    def linear_head(self) -> nn.Linear | None:
        return None if self.heads else self.classifier

    def embed(self, x: Tensor) -> Tensor:
        features: Tensor = self.trunk(x)
        if not self.heads:
            return features.mean(dim=(2, 3))
        heads: Tensor = self.fusion(torch.stack([head(features) for head in self.heads], dim=1))
        return heads.sum(dim=1)

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.norm(self.classifier(embedding))
        return logits

    def attention_maps(self, x: Tensor) -> dict[str, Tensor]:
        """The heads' spatial maps as shares that sum to one; attention_heads is their mean."""
        if not self.heads:
            return {}
        features, maps = self.trunk(x), []
        for head in self.heads:
            assert isinstance(head, AttentionHead)
            maps.append(head.spatial(features)[:, 0])
        shares = [map_ / map_.sum(dim=(1, 2), keepdim=True).clamp_min(1e-6) for map_ in maps]
        every = (torch.stack(shares).mean(dim=0), *shares)
        return dict(zip(self.spatial_attention, every, strict=True))
