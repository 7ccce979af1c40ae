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

from trainer.models.registry import FerModel, register_network

PIXEL_DEVIATION = 0.25  # of faces in [0, 1], as the published weights saw them; our inputs have 1
WIDTHS = (32, 64, 128, 256)


class ScaledConv(nn.Module):
    """A convolution and its norm, which the published file calls scale."""

    def __init__(self, channels_in: int, channels_out: int, side: int = 3, stride: int = 1) -> None:
        super().__init__()
        padding = 1 if stride == 1 else 0
        self.conv = nn.Conv2d(channels_in, channels_out, side, stride, padding, bias=False)
        self.scale = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        scaled: Tensor = self.scale(self.conv(x))
        return scaled


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ScaledConv(channels, channels)
        self.conv2 = ScaledConv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(F.relu(self.conv1(x))) + x)


class ResidualDown(nn.Module):
    """Twice the channels at half the side; the shortcut is averaged and has fewer channels."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv1 = ScaledConv(channels_in, channels_out, stride=2)
        self.conv2 = ScaledConv(channels_out, channels_out)

    def forward(self, x: Tensor) -> Tensor:
        even = 1 - x.shape[-1] % 2
        y = self.conv2(F.relu(self.conv1(F.pad(x, (0, even, 0, even)))))
        short = F.avg_pool2d(x, 2)
        shared = short.shape[1]
        return F.relu(torch.cat([y[:, :shared] + short, y[:, shared:]], dim=1))


@register_network("face_resnet")
class FaceResNet(FerModel):
    """Enlarges its input `zoom` times, so that faces have the size its weights were made for.

    `blocks` are the residual blocks at each width; published are 3, 4, 3, 4, of which the last
    stage's later ones are left out. Attributions explain the stage before the last, whose maps
    are 6 × 6: those of the last, 3 × 3, say too little of where.
    """

    attribution_layer: ClassVar[str] = "stages.conv128_2"
    default_input_size: ClassVar[int] = 44

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        blocks: Sequence[int] = (3, 4, 3, 2),
        zoom: float = 2.5,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        if len(blocks) != len(WIDTHS):
            raise ValueError(f"blocks must be {len(WIDTHS)} numbers, one for each width")
        if min(blocks) < 1 or blocks[2] < 3:
            raise ValueError("blocks: one at least at each width, three at the third")
        if input_size * zoom < 64:
            raise ValueError(f"an input of {input_size} px enlarged {zoom:g} times is too small")
        self.zoom = zoom
        self.conv32_down = ScaledConv(in_channels, WIDTHS[0], side=7, stride=2)
        self.stages = nn.Sequential()
        channels = WIDTHS[0]
        for width, count in zip(WIDTHS, blocks, strict=True):
            numbers = range(1, count + 1)
            if width != channels:
                self.stages.add_module(f"conv{width}_down", ResidualDown(channels, width))
                numbers = range(1, count)  # the one that goes down counts
            for number in numbers:
                self.stages.add_module(f"conv{width}_{number}", Residual(width))
            channels = width
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

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
