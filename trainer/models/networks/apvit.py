"""APViT (Xue et al. 2022): a face recognition stem, and a transformer that drops weak tokens."""

from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.models.registry import FerModel, register_network

WIDTHS = (64, 128, 256)  # of the stem's stages


class ImprovedResidual(nn.Module):
    """The improved residual unit of face recognition (Deng et al., CVPR 2019, "IR").

    Norm, convolution, PReLU, convolution with the stride, norm; no activation after the sum.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(channels_in),
            nn.Conv2d(channels_in, channels_out, 3, 1, 1, bias=False),
            nn.PReLU(channels_out),
            nn.Conv2d(channels_out, channels_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(channels_out),
        )
        self.shortcut: nn.Module = nn.MaxPool2d(1, stride)
        if channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.res_layer(x) + self.shortcut(x)
        return out


class FaceStem(nn.Sequential):
    """The first three stages of IR-50, an eighth of the side: (B, C, 8 h, 8 w) → (B, 256, h, w)."""

    def __init__(self, in_channels: int, blocks: Sequence[int]) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(in_channels, WIDTHS[0], 3, 1, 1, bias=False),
            nn.BatchNorm2d(WIDTHS[0]),
            nn.PReLU(WIDTHS[0]),
        ]
        channels = WIDTHS[0]
        for width, count in zip(WIDTHS, blocks, strict=True):
            for block in range(count):
                layers.append(ImprovedResidual(channels, width, 2 if block == 0 else 1))
                channels = width
        super().__init__(*layers)


class PoolingBlock(nn.Module):
    """A pre-norm transformer block that drops the tokens which the class token attends least.

    After its attention the block keeps the `keep` share of the tokens (B, 1 + T, width) with the
    largest scores, before the softmax, summed over the heads; the class token always stays.
    """

    def __init__(self, width: int, heads: int, hidden: int, keep: float) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"the width {width} is not a multiple of {heads} heads")
        self.heads, self.keep = heads, keep
        self.norm1, self.norm2 = (nn.LayerNorm(width, eps=1e-6) for _ in range(2))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x: Tensor) -> Tensor:
        qkv = self.qkv(self.norm1(x)).unflatten(2, (3, self.heads, x.shape[2] // self.heads))
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(query, key, value)
        x = x + self.out(attended.transpose(1, 2).flatten(2))
        if self.keep < 1:
            scores = (query[:, :, :1] * key[:, :, 1:]).sum(dim=(1, 3))
            x = keep_most_attended(x, scores, int(self.keep * scores.shape[1]))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


@register_network("apvit")
class ApVit(FerModel):
    """APViT, made for faces of 112 px, whose stem gives 14 × 14 places.

    Attentive patch pooling keeps the `keep_patches` share of the places with the largest sum of
    absolute values, attentive token pooling the `keep_tokens` share of the tokens in each block of
    the second half. `blocks` are those of the stem's stages. The defaults are the paper's; it
    starts the stem from face recognition (MS-Celeb) and the transformer from ImageNet, here all
    weights are random.
    """

    attribution_layer: ClassVar[str] = "stem"
    default_input_size: ClassVar[int] = 112

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        blocks: Sequence[int] = (3, 4, 14),
        width: int = 768,
        depth: int = 8,
        heads: int = 8,
        keep_patches: float = 160 / 196,
        keep_tokens: float = 0.9,
    ) -> None:
        super().__init__()
        if not (0 < keep_patches <= 1 and 0 < keep_tokens <= 1):
            raise ValueError("keep_patches and keep_tokens are shares above 0 and up to 1")
        if len(blocks) != len(WIDTHS) or min(blocks) < 1:
            raise ValueError(f"blocks are {len(WIDTHS)} numbers, one for each stage")
        self.keep_patches = keep_patches
        self.stem = FaceStem(in_channels, blocks)
        self.project = nn.Conv2d(WIDTHS[-1], width, 1)
        side = -(-input_size // 8)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.empty(1, width, side, side))
        keeps = [1.0] * (depth - depth // 2) + [keep_tokens] * (depth // 2)
        self.blocks = nn.Sequential(*(PoolingBlock(width, heads, 3 * width, k) for k in keeps))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.classifier = nn.Linear(width, num_classes)
        self._initialise()

    def _initialise(self) -> None:
        for value in (self.token, self.positions):
            nn.init.trunc_normal_(value, std=0.02)
        for module in self.blocks.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
        for module in self.stem.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def embed(self, x: Tensor) -> Tensor:
        maps = self.project(self.stem(x))
        strength = maps.abs().sum(dim=1).flatten(1)
        positions: Tensor = self.positions
        if positions.shape[-2:] != maps.shape[-2:]:
            positions = F.interpolate(positions, maps.shape[-2:], mode="bicubic")
        places = (maps + positions).flatten(2).transpose(1, 2)
        token = self.token.expand(places.shape[0], -1, -1)  # len() would fix the batch in ONNX
        tokens = torch.cat([token, places], dim=1)
        tokens = keep_most_attended(tokens, strength, round(self.keep_patches * places.shape[1]))
        embedding: Tensor = self.norm(self.blocks(tokens)[:, 0])
        return embedding

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.classifier(embedding)
        return logits


def keep_most_attended(tokens: Tensor, attention: Tensor, count: int) -> Tensor:
    """The class token of (B, 1 + T, d), and `count` others (at least 1) of most attention (B, T).

    They stay in order. The selection has no gradient, the selected tokens have.
    """
    chosen = attention.detach().topk(max(1, count), dim=1).indices
    rows = chosen.sort(dim=1).values + 1
    selected = tokens.gather(1, rows[:, :, None].expand(-1, -1, tokens.shape[2]))
    return torch.cat([tokens[:, :1], selected], dim=1)
