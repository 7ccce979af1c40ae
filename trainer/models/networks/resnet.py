"""ResNet18 and ResNet50 (He et al. 2016), with the heads and map sizes of the papers."""

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from trainer.models.registry import FerModel, register_network

Head = Literal["linear", "mlp"]
HIDDEN = 512  # of the "mlp" head


class AttentionDropout(nn.Module):
    """ADL (Choe and Shim, CVPR 2019): in training, drops or emphasises features by attention.

    With M (B, 1, h, w) the mean of the channels: with probability `drop`, positions with
    M > γ · max M become zero, else features are multiplied by sigmoid(M). Drawn once per batch;
    the identity in evaluation.
    """

    def __init__(self, drop: float = 0.75, gamma: float = 0.9) -> None:
        super().__init__()
        self.drop, self.gamma = drop, gamma

    def forward(self, features: Tensor) -> Tensor:
        if not self.training:
            return features
        mean = features.mean(dim=1, keepdim=True)
        weak = mean <= self.gamma * mean.amax(dim=(2, 3), keepdim=True)
        dropped = torch.rand((), device=features.device) < self.drop
        return features * torch.where(dropped, weak, mean.sigmoid())


class DroppedStage(nn.Module):
    """The blocks of a stage, with attention dropout behind those at `places` (from 0).

    A place behind the last block means the end of the stage. Blocks keep their names.
    """

    def __init__(self, blocks: nn.Sequential, places: tuple[int, ...], drop: nn.Module) -> None:
        super().__init__()
        for name, block in blocks.named_children():
            self.add_module(name, block)
        self.count = len(blocks)
        self.places = {min(place, self.count - 1) for place in places}
        self.drop = drop

    def forward(self, x: Tensor) -> Tensor:
        for place in range(self.count):
            x = self.get_submodule(str(place))(x)
            if place in self.places:
                x = self.drop(x)
        return x


class ResNetTrunk(nn.Module):
    """A torchvision ResNet without pooling and classifier: (B, C, H, W) → (B, width, h, w).

    Its parameters have torchvision's names. No operation works in place, so that every feature
    map can be differentiated. `large_maps` keeps the resolution of stage 2 (28 × 28 at 224 px)
    by stride 1 in stages 3 and 4. `stages=3` ends before stage 4. `adl` is the attention dropout
    after the first block of stage 3 and after the first and third of stage 4, where the public
    code of Belharbi et al. (FG 2024) has it.
    """

    def __init__(
        self,
        depth: Literal[18, 50],
        in_channels: int,
        large_maps: bool = False,
        stages: int = 4,
        adl: AttentionDropout | None = None,
    ) -> None:
        super().__init__()
        if depth not in (18, 50):
            raise ValueError(f"depth {depth!r} is not 18 or 50")
        from torchvision import models  # slow to import

        build = {18: models.resnet18, 50: models.resnet50}[depth]
        net = build(weights=None)
        if in_channels != 3:
            net.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
            nn.init.kaiming_normal_(net.conv1.weight, mode="fan_out", nonlinearity="relu")
        self.conv1, self.bn1, self.relu, self.maxpool = net.conv1, net.bn1, net.relu, net.maxpool
        self.layer1, self.layer2 = net.layer1, net.layer2
        self.layer3: nn.Module = net.layer3
        self.layer4: nn.Module = net.layer4 if stages == 4 else nn.Identity()
        expansion = 1 if depth == 18 else 4
        self.width = (512 if stages == 4 else 256) * expansion
        for stage in (self.layer3, self.layer4) if large_maps else ():
            for module in stage.modules():
                if isinstance(module, nn.Conv2d):
                    module.stride = (1, 1)
        for module in self.modules():
            if isinstance(module, nn.ReLU):
                module.inplace = False
        if adl is not None:
            self.layer3 = DroppedStage(net.layer3, (0,), adl)
            self.layer4 = DroppedStage(net.layer4, (0, 2), adl)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer2(self.layer1(self.maxpool(self.relu(self.bn1(self.conv1(x))))))
        features: Tensor = self.layer4(self.layer3(x))
        return features


class ResNet(FerModel):
    """Trunk, global average pooling and a head: "linear" has one layer, "mlp" has PAL's two.

    With `adl` the trunk has attention dropout of rate `adl_drop` and threshold `adl_gamma`, by
    default those of Belharbi et al., FG 2024 (ADL's paper: .75 and .9).
    """

    attribution_layer: ClassVar[str] = "trunk.layer4"
    default_input_size: ClassVar[int] = 224
    depth: ClassVar[Literal[18, 50]]

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        head: Head = "linear",
        large_maps: bool = False,
        dropout: float = 0.0,
        adl: bool = False,
        adl_drop: float = 0.4,
        adl_gamma: float = 0.1,
    ) -> None:
        super().__init__()
        if head not in ("linear", "mlp"):
            raise ValueError(f"head {head!r} is not linear or mlp")
        dropout_map = AttentionDropout(adl_drop, adl_gamma) if adl else None
        self.trunk = ResNetTrunk(self.depth, in_channels, large_maps, adl=dropout_map)
        width = self.trunk.width
        self.hidden: nn.Module = nn.Identity()
        if head == "mlp":
            self.hidden = nn.Sequential(nn.Linear(width, HIDDEN), nn.ReLU())
            width = HIDDEN
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, num_classes)

    @property
    def linear_head(self) -> nn.Linear | None:
        return self.classifier if isinstance(self.hidden, nn.Identity) else None

    def embed(self, x: Tensor) -> Tensor:
        hidden: Tensor = self.hidden(self.trunk(x).mean(dim=(2, 3)))
        return hidden

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.dropout(embedding))
        return logits


@register_network("resnet18")
class ResNet18(ResNet):
    depth: ClassVar[Literal[18, 50]] = 18
    imagenet: str = "resnet18"


@register_network("resnet50")
class ResNet50(ResNet):
    depth: ClassVar[Literal[18, 50]] = 50
    imagenet: str = "resnet50"
