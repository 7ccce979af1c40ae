"""The residual network of dlib's face recognition (King 2017), for small grey faces.

Its published weights, trained on three million faces and in the public domain (CC0), are a better
start than none: `model.init` reads them as the npm package @vladmandic/face-api holds them
(`model/face_recognition_model-weights_manifest.json`). Names of layers are those of that file.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.models.registry import FerModel, register

PIXEL_DEVIATION = 0.25  # of faces in [0, 1], as the published weights saw them; our inputs have 1
WIDTHS = (32, 64, 128, 256)


class ScaledConv(nn.Module):
    """A convolution and its norm, which the published file calls scale."""

    def __init__(
        self, channels_in: int, channels_out: int, side: int = 3, stride: int = 1, spread: int = 1
    ) -> None:
        super().__init__()
        padding = spread if stride == 1 and side == 3 else 0
        self.conv = nn.Conv2d(
            channels_in, channels_out, side, stride, padding, dilation=spread, bias=False
        )
        self.scale = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        scaled: Tensor = self.scale(self.conv(x))
        return scaled


class Residual(nn.Module):
    def __init__(self, channels: int, spread: int) -> None:
        super().__init__()
        self.conv1 = ScaledConv(channels, channels, spread=spread)
        self.conv2 = ScaledConv(channels, channels, spread=spread)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(F.relu(self.conv1(x))) + x)


class ResidualDown(nn.Module):
    """Twice the channels at half the side; the shortcut is averaged and has fewer channels.

    `dense` keeps the side: the same values as without, and those between them (the convolutions
    after it must then be spread by 2).
    """

    def __init__(self, channels_in: int, channels_out: int, dense: bool) -> None:
        super().__init__()
        self.dense = dense
        self.conv1 = ScaledConv(channels_in, channels_out, stride=1 if dense else 2)
        self.conv1.conv.padding = (0, 0)
        self.conv2 = ScaledConv(channels_out, channels_out, spread=2 if dense else 1)

    def forward(self, x: Tensor) -> Tensor:
        if self.dense:
            y = self.conv1(F.pad(x, (0, 2, 0, 2)))
            short = F.avg_pool2d(F.pad(x, (0, 1, 0, 1), mode="replicate"), 2, 1)
        else:
            even = 1 - x.shape[-1] % 2
            y = self.conv1(F.pad(x, (0, even, 0, even)))
            short = F.avg_pool2d(x, 2)
        y = self.conv2(F.relu(y))
        shared = short.shape[1]
        return F.relu(torch.cat([y[:, :shared] + short, y[:, shared:]], dim=1))


@register("face_resnet")
class FaceResNet(FerModel):
    """Enlarges its input `zoom` times, so that faces have the size its weights were made for.

    `blocks` are the residual blocks at each width, as published (3, 4, 3, 3). `dense` gives the
    last stage twice the side: finer maps of attribution, for 1.4 times the operations.
    """

    attribution_layer: ClassVar[str] = "stages"
    default_input_size: ClassVar[int] = 44

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        blocks: Sequence[int] = (3, 4, 3, 2),
        zoom: float = 2.5,
        dense: bool = True,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        if len(blocks) != len(WIDTHS):
            raise ValueError(f"blocks must be {len(WIDTHS)} numbers, one for each width")
        if input_size * zoom < 64:
            raise ValueError(f"an input of {input_size} px enlarged {zoom:g} times is too small")
        self.zoom = zoom
        self.conv32_down = ScaledConv(in_channels, WIDTHS[0], side=7, stride=2)
        self.stages = nn.Sequential()
        channels = WIDTHS[0]
        for width, count in zip(WIDTHS, blocks, strict=True):
            last = dense and width == WIDTHS[-1]
            numbers = range(1, count + 1)
            if width != channels:
                self.stages.add_module(f"conv{width}_down", ResidualDown(channels, width, last))
                numbers = range(1, count)  # the one that goes down counts
            for number in numbers:
                self.stages.add_module(f"conv{width}_{number}", Residual(width, 2 if last else 1))
            channels = width
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    @property
    def linear_head(self) -> nn.Linear:
        return self.classifier

    def embed(self, x: Tensor) -> Tensor:
        side = round(self.zoom * x.shape[-1])
        large = F.interpolate(
            PIXEL_DEVIATION * x, size=(side, side), mode="bilinear", align_corners=False
        )
        low = F.max_pool2d(F.relu(self.conv32_down(large)), 3, 2)
        return torch.mean(self.stages(low), dim=(2, 3))

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.dropout(embedding))
        return logits
