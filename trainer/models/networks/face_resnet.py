"""The residual network of dlib's face recognition (King 2017), for small grey faces.

Its published weights, trained on three million faces and in the public domain (CC0), are a better
start than random ones: `model.init` reads them from the npm package @vladmandic/face-api
(`model/face_recognition_model-weights_manifest.json`). The layers are named as in that file.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.models.registry import FerModel, register_network

PIXEL_DEVIATION = 0.25  # of faces in [0, 1], which the weights were trained on; ours is 1
WIDTHS = (32, 64, 128, 256)


class ScaledConv(nn.Module):
    """A convolution and its norm, called scale in the published file."""

    def __init__(self, channels_in: int, channels_out: int, side: int = 3, stride: int = 1) -> None:
        super().__init__()
        padding = 1 if stride == 1 else 0
        self.conv = nn.Conv2d(channels_in, channels_out, side, stride, padding, bias=False)
        self.scale = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        scaled: Tensor = self.scale(self.conv(x))
        return scaled


class FaceResidual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ScaledConv(channels, channels)
        self.conv2 = ScaledConv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(F.relu(self.conv1(x))) + x)


class FaceResidualDown(nn.Module):
    """More channels at half the side; the shortcut is average-pooled and has fewer channels."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv1 = ScaledConv(channels_in, channels_out, stride=2)
        self.conv2 = ScaledConv(channels_out, channels_out)

    def forward(self, x: Tensor) -> Tensor:
        even = 1 - x.shape[-1] % 2
        y = self.conv2(F.relu(self.conv1(F.pad(x, (0, even, 0, even)))))
        short = F.avg_pool2d(x, 2)
        count = short.shape[1]
        return F.relu(torch.cat([y[:, :count] + short, y[:, count:]], dim=1))


@register_network("face_resnet")
class FaceResNet(FerModel):
    """Enlarges its input `zoom` times, to the face size that its weights were trained on.

    `blocks` are the residual blocks at each width; the published network has 3, 4, 3, 4, and its
    last blocks are left out here. Attributions explain the stage before the last, with maps of
    6 × 6: those of the last stage, 3 × 3, are too coarse.
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
            raise ValueError("blocks: at least one at each width, three at the third")
        if input_size * zoom < 64:
            raise ValueError(f"an input of {input_size} px enlarged {zoom:g} times is too small")
        self.zoom = zoom
        self.conv32_down = ScaledConv(in_channels, WIDTHS[0], side=7, stride=2)
        self.stages = nn.Sequential()
        channels = WIDTHS[0]
        for width, count in zip(WIDTHS, blocks, strict=True):
            numbers = range(1, count + 1)
            if width != channels:
                self.stages.add_module(f"conv{width}_down", FaceResidualDown(channels, width))
                numbers = range(1, count)  # the downsampling block is one of them
            for number in numbers:
                self.stages.add_module(f"conv{width}_{number}", FaceResidual(width))
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
