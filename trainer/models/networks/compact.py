"""The compact residual network for grey faces of 40 to 64 px.

The first layer trades resolution for channels (space to depth) so that all convolutions run at
half resolution or less, which on a CPU is more than twice as fast as a full-resolution first stage.

With `symmetric`, a face and its mirror image get the same logits by construction: channel c of 2n
sees what channel c + n sees in the mirror, as in a network equivariant to reflection (Cohen and
Welling, ICML 2016). The weights keep their shapes, and `constrain` keeps them symmetric; so a
symmetric network costs as much as any other, and is fused, explained and exported in the same way.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.models.registry import FerModel, register_network


class ResidualBlock(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut (He et al. 2016), no in-place operations."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


@register_network("compact")
class CompactNet(FerModel):
    """Space-to-depth stem, residual stages, global average pooling, one linear layer."""

    attribution_layer: ClassVar[str] = "stages"
    default_input_size: ClassVar[int] = 44

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        widths: Sequence[int] = (64, 128, 256),
        blocks: Sequence[int] = (2, 2, 2),
        dropout: float = 0.2,
        symmetric: bool = False,
    ) -> None:
        super().__init__()
        if input_size % 2:
            raise ValueError(f"the input side {input_size} px must be even")
        period = 2 ** len(widths)
        if symmetric and (input_size - 2) % period:  # strides see other positions in the mirror
            raise ValueError(
                f"the input side {input_size} px of a symmetric net must be 2 more than a multiple "
                f"of {period}; or set its option symmetric=false"
            )
        if symmetric and any(width % 2 for width in widths):
            raise ValueError(f"the widths {list(widths)} of a symmetric net must be even")
        self.symmetric = symmetric
        if len(widths) != len(blocks):
            raise ValueError(f"{len(widths)} widths do not fit {len(blocks)} stages")
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * in_channels, widths[0], 3, 1, 1, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        )
        stages = []
        channels = widths[0]
        for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            units = []
            for block in range(count):
                units.append(ResidualBlock(channels, width, 2 if block == 0 and stage else 1))
                channels = width
            stages.append(nn.Sequential(*units))
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    @torch.no_grad()
    def constrain(self) -> None:
        if not self.symmetric:
            return
        values: list[Tensor] = [_split(self.classifier.weight, 1)]
        flipped: list[tuple[int, ...]] = [(1,)]
        if self.affect is not None:
            values.append(_split(self.affect.weight, 1))
            flipped.append((1,))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                if module is self.stem[1]:  # unshuffled: even and odd columns change places
                    columns = _split(module.weight, 1, (-1, 2))
                    values.append(_split(columns, 0))
                    flipped.append((0, 3, 5))
                else:
                    values.append(_split(_split(module.weight, 1), 0))
                    flipped.append((0, 2, 5))
            elif isinstance(module, nn.BatchNorm2d):
                for value in (*module.parameters(), module.running_mean, module.running_var):
                    assert value is not None
                    values.append(_split(value, 0))
                    flipped.append((0,))
        partners = [value.flip(axes) for value, axes in zip(values, flipped, strict=True)]
        torch._foreach_lerp_(values, partners, 0.5)

    @property
    def linear_head(self) -> nn.Linear:
        return self.classifier

    def embed(self, x: Tensor) -> Tensor:
        return torch.mean(self.stages(self.stem(x)), dim=(2, 3))

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.dropout(embedding))
        return logits


def _split(value: Tensor, axis: int, sizes: tuple[int, int] = (2, -1)) -> Tensor:
    """A view with the axis split in two: by default into the halves of channels and partners."""
    return value.view(*value.shape[:axis], *sizes, *value.shape[axis + 1 :])
