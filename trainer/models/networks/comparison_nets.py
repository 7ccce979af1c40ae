"""The networks that report 003 compares on FER2013 under names of its own.

AlexNet, its VGG and ResNet50 stand beside their kind, in `vgg` and `resnet`.
"""

from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.models.networks.resnet import ResNetTrunk
from trainer.models.networks.transfer import (
    MultiAttentionDropping,
    TransformerEncoder,
    attention_rollout,
)
from trainer.models.registry import FerModel, register_network

Dropping = Literal["element", "map"]


class SelfAttention(nn.Module):
    """Self-attention over the positions of a map, added with a learned weight γ, at first 0.

    Zhang et al. 2019 (SAGAN), eq. 1 to 4.
    """

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels // reduction, 1)
        self.key = nn.Conv2d(channels, channels // reduction, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (  # (B, 1, positions, channels): one head
            layer(x).flatten(2).transpose(1, 2)[:, None]
            for layer in (self.query, self.key, self.value)
        )
        attended = F.scaled_dot_product_attention(query, key, value, scale=1.0)[:, 0]
        return x + self.gamma * attended.transpose(1, 2).reshape(x.shape)


@register_network("self_attention_resnet18")
class SelfAttentionResNet18(FerModel):
    """The rows that report 003 calls DACL: ResNet18, self-attention over its last map, one layer.

    The map is flattened into the linear layer: 512 · 7 · 7 features at 224 px. The report leaves
    open which self-attention it is; this one is SAGAN's, with queries and keys of 64 channels.
    """

    attribution_layer: ClassVar[str] = "attention"
    default_input_size: ClassVar[int] = 224
    imagenet: str = "resnet18"

    def __init__(self, num_classes: int, in_channels: int, input_size: int) -> None:
        super().__init__()
        self.trunk = ResNetTrunk(18, in_channels)
        self.attention = SelfAttention(self.trunk.width)
        side = -(-input_size // 32)
        self.classifier = nn.Linear(self.trunk.width * side**2, num_classes)

    def embed(self, x: Tensor) -> Tensor:
        embedding: Tensor = self.attention(self.trunk(x)).flatten(1)
        return embedding

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.classifier(embedding)
        return logits


class LocalCnn(nn.Module):
    """One of the two local CNNs: a 3 × 3 convolution and ReLU, (B, C, h, w) → (B, width, h, w)."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv(x))


class ElementDropping(nn.Module):
    """In training, every element of the maps (B, n, C, h, w) is zero with `p`, the rest scaled."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, maps: Tensor) -> Tensor:
        return F.dropout(maps, self.p, self.training)


@register_network("transfer_comparison")
class TransferComparison(FerModel):
    """TransFER as report 003 built it: two local CNNs of 3 × 3 from 512 to 2048 channels, encoder.

    ResNet18 → the local CNNs' maps, of which training drops elements → joined by concatenation →
    eight transformer layers of width 2048 with inner layers of 2048 and a class token → a linear
    layer. With that it has the report's 231.6 M parameters.

    The report leaves open along what the maps are concatenated: as positions, twice 7 × 7 tokens,
    the count is the report's; as channels the encoder would be twice as wide. Open, too: the
    share of dropped elements (here p₁ = 0.6 of the paper), heads (8), head dropping (p₂ = 0.3 of
    the paper), positions (learned), and where the norms stand (before attention and MLP).
    `dropping="map"` is the paper's MAD: one of the two maps as a whole.
    """

    attribution_layer: ClassVar[str] = "stem"
    imagenet: str = "resnet18"
    default_input_size: ClassVar[int] = 224
    spatial_attention: tuple[str, ...] = ("rollout",)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        width: int = 2048,
        depth: int = 8,
        dropping: Dropping = "element",
        drop_map: float = 0.6,
        drop_head: float = 0.3,
    ) -> None:
        super().__init__()
        if dropping not in ("element", "map"):
            raise ValueError(f"dropping {dropping!r} is not element or map")
        self.stem = ResNetTrunk(18, in_channels)
        self.local = nn.ModuleList(LocalCnn(self.stem.width, width) for _ in range(2))
        self.drop_maps: nn.Module = (
            ElementDropping(drop_map) if dropping == "element" else MultiAttentionDropping(drop_map)
        )
        side = -(-input_size // 32)
        self.encoder = TransformerEncoder(width, depth, 8, width, (2 * side, side), drop_head)
        self.classifier = nn.Linear(width, num_classes)

    def embed(self, x: Tensor) -> Tensor:
        embedding: Tensor = self.encoder(self._joined_maps(x))
        return embedding

    def _joined_maps(self, x: Tensor) -> Tensor:
        """The local CNNs' maps one above the other, (B, width, 2h, w)."""
        features = self.stem(x)
        maps = torch.stack([local(features) for local in self.local], dim=1)
        kept: Tensor = self.drop_maps(maps)
        return kept.transpose(1, 2).flatten(2, 3)

    def attention_maps(self, x: Tensor) -> dict[str, Tensor]:
        """rollout: that of the encoder, the two maps' tokens added up by place."""
        maps = self._joined_maps(x)
        rollout = attention_rollout(self.encoder.attention_weights(maps))
        return {"rollout": rollout.reshape(len(x), 2, -1, maps.shape[-1]).sum(dim=1)}

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.classifier(embedding)
        return logits


@register_network("cnn_transformer")
class CnnTransformer(FerModel):
    """Report 003's custom network: four convolutional steps, then a transformer.

    Its sizes are ours.
    """

    attribution_layer: ClassVar[str] = "stem"
    default_input_size: ClassVar[int] = 224
    spatial_attention: tuple[str, ...] = ("rollout",)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        width: int = 256,
        depth: int = 4,
        heads: int = 8,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = in_channels
        for step in (width // 8, width // 4, width // 2, width):
            layers += [nn.Conv2d(channels, step, 3, 2, 1, bias=False), nn.BatchNorm2d(step)]
            layers += [nn.ReLU()]
            channels = step
        self.stem = nn.Sequential(*layers)
        self.encoder = TransformerEncoder(
            width, depth, heads, 2 * width, max(1, -(-input_size // 16))
        )
        self.classifier = nn.Linear(width, num_classes)

    def embed(self, x: Tensor) -> Tensor:
        embedding: Tensor = self.encoder(self.stem(x))
        return embedding

    def attention_maps(self, x: Tensor) -> dict[str, Tensor]:
        maps = self.stem(x)
        rollout = attention_rollout(self.encoder.attention_weights(maps))
        return {"rollout": rollout.reshape(len(x), *maps.shape[-2:])}

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.classifier(embedding)
        return logits
