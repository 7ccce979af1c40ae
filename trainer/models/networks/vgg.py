"""Plain convolutional networks: AlexNet, report 003's VGG and PAL's VGG16."""

from typing import ClassVar

from torch import Tensor, nn

from trainer.models.registry import FerModel, register_network


def _disable_in_place(network: nn.Module) -> None:
    """Attributions differentiate feature maps, which must not be overwritten."""
    for module in network.modules():
        if isinstance(module, nn.ReLU | nn.Dropout):
            module.inplace = False


def _set_input_channels(features: nn.Sequential, in_channels: int) -> None:
    """Replace the first convolution of a torchvision network by one with other input channels."""
    old = features[0]
    if not isinstance(old, nn.Conv2d) or old.in_channels == in_channels:
        return
    features[0] = nn.Conv2d(
        in_channels,
        old.out_channels,
        old.kernel_size,  # type: ignore[arg-type]
        old.stride,  # type: ignore[arg-type]
        old.padding,  # type: ignore[arg-type]
    )


class PlainConvNet(FerModel):
    """Convolutions `features`, flattened into fully connected layers `hidden` and `classifier`."""

    attribution_layer: ClassVar[str] = "features"
    default_input_size: ClassVar[int] = 224
    features: nn.Sequential
    hidden: nn.Sequential

    def embed(self, x: Tensor) -> Tensor:
        embedding: Tensor = self.hidden(self.features(x).flatten(1))
        return embedding

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.classifier(embedding)
        return logits


@register_network("alexnet")
class AlexNet(PlainConvNet):
    """AlexNet (Krizhevsky 2014) as torchvision builds it; inputs of at least 63 px."""

    imagenet: str = "alexnet"

    def __init__(self, num_classes: int, in_channels: int, input_size: int) -> None:
        super().__init__()
        if input_size < 63:
            raise ValueError(f"the input side {input_size} px must be at least 63")
        from torchvision.models import alexnet  # slow to import

        net = alexnet(weights=None)
        self.features = nn.Sequential(*net.features, nn.AdaptiveAvgPool2d(6))
        _set_input_channels(self.features, in_channels)
        self.hidden = nn.Sequential(*list(net.classifier)[:-1])
        self.classifier = nn.Linear(4096, num_classes)
        _disable_in_place(self)


@register_network("vgg")
class Vgg(PlainConvNet):
    """Report 003's VGG: four stages of two conv + BN + ReLU and a pool, then three FC.

    In its table the fully connected layers are 1024 wide; in the basic network of its text
    `hidden` is 4096.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        hidden: int = 1024,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if input_size < 16:
            raise ValueError(f"the input side {input_size} px must be at least 16")
        layers: list[nn.Module] = []
        channels = in_channels
        for width in (64, 128, 256, 512):
            for _ in range(2):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width)]
                layers += [nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2))
        side = min(7, input_size // 16)
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(side))
        self.hidden = nn.Sequential(
            nn.Linear(512 * side * side, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.classifier = nn.Linear(hidden, num_classes)


@register_network("vgg16")
class Vgg16(PlainConvNet):
    """PAL's VGG16: the convolutions of torchvision's (Simonyan and Zisserman 2015), two FC.

    The maps are flattened and not averaged, so that the gradient varies over space.
    """

    imagenet: str = "vgg16"

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        hidden: int = 4096,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if input_size < 32:
            raise ValueError(f"the input side {input_size} px must be at least 32")
        from torchvision.models import vgg16  # slow to import

        self.features = vgg16(weights=None).features
        _set_input_channels(self.features, in_channels)
        side = input_size // 32
        self.hidden = nn.Sequential(
            nn.Linear(512 * side * side, hidden), nn.ReLU(), nn.Dropout(dropout)
        )
        self.classifier = nn.Linear(hidden, num_classes)
        _disable_in_place(self)
