"""TransFER (Xue et al., ICCV 2021)."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.models.networks.resnet import ResNetTrunk
from trainer.models.registry import FerModel, register_network


class LocalAttention(nn.Module):
    """LANet: 1 × 1 convolution to C/r, ReLU, 1 × 1 to one map, sigmoid: → (B, 1, h, w)."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, channels // reduction, 1)
        self.map = nn.Conv2d(channels // reduction, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.map(F.relu(self.reduce(x))))


class MultiAttentionDropping(nn.Module):
    """MAD: in training, with probability `p`, one of the maps (B, n, h, w) is set to zero.

    A whole map, uniformly drawn for each sample; the others are not rescaled.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, maps: Tensor) -> Tensor:
        if not self.training or self.p <= 0:
            return maps
        batch, count = maps.shape[:2]
        index = torch.randint(count, (batch,), device=maps.device)
        drops = torch.rand(batch, device=maps.device) < self.p
        dropped = F.one_hot(index, count).bool() & drops[:, None]
        return maps.masked_fill(dropped.reshape(batch, count, *[1] * (maps.ndim - 2)), 0.0)


class MultiHeadSelfAttention(nn.Module):
    """Self-attention with head dropping (MSAD): in training, one head of a sample is zero with `p`.

    Before the output projection, where the heads are still separate.
    """

    def __init__(self, width: int, heads: int, p: float) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.drop = MultiAttentionDropping(p)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self._split(x)
        attended = self.drop(F.scaled_dot_product_attention(query, key, value))
        out: Tensor = self.out(attended.transpose(1, 2).flatten(2))
        return out

    def attention_weights(self, x: Tensor) -> Tensor:
        """Attention of each token (row) to each token (column): (B, T, T), the heads' mean."""
        query, key, _ = self._split(x)
        scores = query @ key.transpose(2, 3) / query.shape[-1] ** 0.5
        weights: Tensor = scores.softmax(dim=3).mean(dim=1)
        return weights

    def _split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Query, key and value (B, heads, T, width of a head)."""
        qkv = self.qkv(x).unflatten(2, (3, self.heads, x.shape[2] // self.heads))
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        return query, key, value


class TransformerBlock(nn.Module):
    """Pre-norm transformer block (Dosovitskiy et al. 2021)."""

    def __init__(self, width: int, heads: int, hidden: int, drop_heads: float) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = MultiHeadSelfAttention(width, heads, drop_heads)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out

    def attention_weights(self, x: Tensor) -> Tensor:
        """Attention (B, T, T) among tokens (B, T, width) in this block."""
        return self.attention.attention_weights(self.norm1(x))


class TransformerEncoder(nn.Module):
    """A map (B, width, h, w) as tokens with a class token and positions → its embedding (B, width).

    Positions are learned for `side` × `side` tokens, or for (rows, columns), and interpolated for
    other sizes.
    """

    def __init__(
        self,
        width: int,
        depth: int,
        heads: int,
        hidden: int,
        side: int | tuple[int, int],
        drop_heads: float = 0.0,
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"the width {width} is not a multiple of {heads} heads")
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        rows, columns = (side, side) if isinstance(side, int) else side
        self.positions = nn.Parameter(torch.empty(1, width, rows, columns))
        nn.init.trunc_normal_(self.token, std=0.02)
        nn.init.trunc_normal_(self.positions, std=0.02)
        self.blocks = nn.Sequential(
            *[TransformerBlock(width, heads, hidden, drop_heads) for _ in range(depth)]
        )
        self.norm = nn.LayerNorm(width)

    def tokens(self, maps: Tensor) -> Tensor:
        """(B, 1 + h·w, width): the class token, then those of the map, with positions."""
        positions: Tensor = self.positions
        if positions.shape[-2:] != maps.shape[-2:]:
            positions = F.interpolate(positions, maps.shape[-2:], mode="bicubic")
        tokens = (maps + positions).flatten(2).transpose(1, 2)
        token = self.token.expand(tokens.shape[0], -1, -1)  # len() would fix the batch in ONNX
        return torch.cat([token, tokens], dim=1)

    def forward(self, maps: Tensor) -> Tensor:
        embedding: Tensor = self.norm(self.blocks(self.tokens(maps))[:, 0])
        return embedding

    def attention_weights(self, maps: Tensor) -> Tensor:
        """Attention among the tokens in each block, heads averaged: (blocks, B, T, T)."""
        tokens, weights = self.tokens(maps), []
        for block in self.blocks:
            assert isinstance(block, TransformerBlock)
            weights.append(block.attention_weights(tokens))
            tokens = block(tokens)
        return torch.stack(weights)


def attention_rollout(attentions: Tensor) -> Tensor:
    """Attention rollout (Abnar and Zuidema 2020): (blocks, B, T, T) → (B, T − 1).

    The class token's attention to the other tokens through all blocks: the product of ½ (A + I).
    """
    blocks, _, tokens, _ = attentions.shape
    identity = torch.eye(tokens, device=attentions.device)
    product = (attentions[0] + identity) / 2
    for block in range(1, blocks):
        product = (attentions[block] + identity) / 2 @ product
    return product[:, 0, 1:]


@register_network("transfer")
class TransFer(FerModel):
    """ResNet18 stem, `branches` LANets under MAD, their maximum times the stem's map, encoder.

    A small build, of about 5 M parameters: the stem ends after stage 3. Report 003's own is
    `transfer_comparison`.
    """

    attribution_layer: ClassVar[str] = "project"
    imagenet: str = "resnet18"
    default_input_size: ClassVar[int] = 224
    spatial_attention: tuple[str, ...] = ("lanet", "rollout")

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        branches: int = 4,
        drop_map: float = 0.6,
        drop_head: float = 0.3,
    ) -> None:
        super().__init__()
        self.stem = ResNetTrunk(18, in_channels, stages=3)
        self.branches = nn.ModuleList(LocalAttention(self.stem.width) for _ in range(branches))
        self.drop_maps = MultiAttentionDropping(drop_map)
        width, side = 256, max(1, -(-input_size // 16))
        self.project = nn.Conv2d(self.stem.width, width, 1)
        self.encoder = TransformerEncoder(width, 4, 8, 2 * width, side, drop_head)
        self.classifier = nn.Linear(width, num_classes)

    def local_attention_maps(self, features: Tensor) -> Tensor:
        """The LANets' maps (B, branches, h, w) of the stem's features."""
        return torch.cat([branch(features) for branch in self.branches], dim=1)

    def embed(self, x: Tensor) -> Tensor:
        features = self.stem(x)
        maps = self.drop_maps(self.local_attention_maps(features))
        embedding: Tensor = self.encoder(self._weight_by_attention(features, maps))
        return embedding

    def _weight_by_attention(self, features: Tensor, maps: Tensor) -> Tensor:
        attended: Tensor = self.project(features * maps.amax(dim=1, keepdim=True))
        return attended

    def attention_maps(self, x: Tensor) -> dict[str, Tensor]:
        """lanet: the maximum of the local attention maps. rollout: that of the encoder."""
        features = self.stem(x)
        maps = self.local_attention_maps(features)
        weights = self.encoder.attention_weights(self._weight_by_attention(features, maps))
        rollout = attention_rollout(weights).reshape(len(x), *maps.shape[-2:])
        return {"lanet": maps.amax(dim=1), "rollout": rollout}

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.classifier(embedding)
        return logits
