"""DACL (Farzaneh and Qi, WACV 2021): a classifier with a network that weights its features.

The sparse center loss and displays use the weights; predictions do not.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from torch import Tensor, nn

from trainer.models.networks.compact import CompactNet
from trainer.models.networks.resnet import ResNetTrunk
from trainer.models.registry import FerModel, register_network

CONTEXT_WIDTHS = (3584, 512, 64)  # of the published context encoder
COMPACT_CHANNELS = 64  # that the compact variant flattens


class FeatureAttention(nn.Module):
    """The context encoder and its heads: (B, C, h, w) → weights in (0, 1) of the C features.

    91,862,208 parameters at 512 × 7 × 7. Its linear layers start Kaiming-normal with biases 0.
    `compact` first reduces the map to 64 channels.
    """

    def __init__(
        self,
        channels: int,
        side: int,
        compact: bool = False,
        context: Sequence[int] = CONTEXT_WIDTHS,
    ) -> None:
        super().__init__()
        self.squeeze: nn.Module = (
            nn.Conv2d(channels, COMPACT_CHANNELS, 1) if compact else nn.Identity()
        )
        widths = ((COMPACT_CHANNELS if compact else channels) * side * side, *context)
        layers: list[nn.Module] = [nn.Flatten()]
        for i, width in enumerate(widths[1:]):
            last = i == len(context) - 1
            layers += [nn.Linear(widths[i], width), nn.BatchNorm1d(width)]
            layers += [nn.Tanh() if last else nn.ReLU()]
        self.context = nn.Sequential(*layers)
        self.heads = nn.Linear(context[-1], 2 * channels)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, features: Tensor) -> Tensor:
        pairs = self.heads(self.context(self.squeeze(features)))
        weights: Tensor = pairs.unflatten(1, (-1, 2)).softmax(dim=2)[..., 1]
        return weights


@register_network("dacl")
class Dacl(FerModel):
    """ResNet18, or the compact net's stages, with feature attention unless `attention=False`.

    Trained with `objective.center`; the logits are those of the plain network, `resnet18` or
    `compact`. Trunk and classifier are drawn before the attention and as the plain network's are:
    with one seed both start from the same weights, so that they differ in the loss alone.
    """

    attribution_layer: ClassVar[str] = "trunk"
    default_input_size: ClassVar[int] = 224
    imagenet: str = "resnet18"
    default_objective: ClassVar[dict[str, Any]] = {"center": {"weight": 0.01}}

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        backbone: Literal["resnet18", "compact"] = "resnet18",
        compact: bool = False,
        attention: bool = True,
        widths: Sequence[int] = (48, 96, 192),
        context: Sequence[int] = CONTEXT_WIDTHS,
    ) -> None:
        super().__init__()
        if backbone not in ("resnet18", "compact"):
            raise ValueError(f"backbone {backbone!r} is not resnet18 or compact")
        self.trunk: nn.Module
        if backbone == "resnet18":
            self.trunk = ResNetTrunk(18, in_channels)
            channels, side = self.trunk.width, -(-input_size // 32)
            classifier = nn.Linear(channels, num_classes)
        else:
            net = CompactNet(num_classes, in_channels, input_size, widths=widths)
            self.trunk = nn.Sequential(OrderedDict(stem=net.stem, stages=net.stages))
            channels, side = widths[-1], -(-input_size // (2 ** len(widths)))
            classifier = net.classifier
        self.attention = FeatureAttention(channels, side, compact, context) if attention else None
        self.classifier = classifier

    @property
    def linear_head(self) -> nn.Linear:
        return self.classifier

    def attend(self, features: Tensor) -> Tensor | None:
        """The weights (B, C) of the features of `attribution_layer`; None without attention."""
        return self.attention(features) if self.attention is not None else None

    def for_prediction(
        self, state: dict[str, Tensor], arguments: dict[str, Any]
    ) -> tuple[dict[str, Tensor], dict[str, Any]]:
        needed = {name: value for name, value in state.items() if not name.startswith("attention.")}
        return needed, {**arguments, "attention": False}

    def embed(self, x: Tensor) -> Tensor:
        features: Tensor = self.trunk(x)
        return features.mean(dim=(2, 3))

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.classifier(embedding)
        return logits
