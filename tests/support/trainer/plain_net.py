"""A network without BatchNorm and dropout, and the trainer's commands with it."""

from typing import ClassVar

from torch import Tensor, nn

from trainer.cli.commands import main
from trainer.models import FerModel, register_network


@register_network("plain")
class Plain(FerModel):
    attribution_layer: ClassVar[str] = "maps"
    default_input_size: ClassVar[int] = 44

    def __init__(self, num_classes: int, in_channels: int, input_size: int) -> None:
        super().__init__()
        self.maps = nn.Sequential(
            nn.Conv2d(in_channels, 16, 5, stride=3), nn.ReLU(), nn.Conv2d(16, 16, 3), nn.ReLU()
        )
        self.classifier = nn.Linear(16, num_classes)

    def embed(self, x: Tensor) -> Tensor:
        return self.maps(x).mean(dim=(2, 3))

    def classify(self, embedding: Tensor) -> Tensor:
        return self.classifier(embedding)


if __name__ == "__main__":
    main()
