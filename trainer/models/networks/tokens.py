"""TS-CAM, a vision transformer whose attention is part of its class maps."""

from typing import ClassVar

from torch import Tensor, nn

from trainer.models.networks.class_maps import maps_of_classes
from trainer.models.networks.transfer import TransformerEncoder
from trainer.models.registry import FerModel, register_network


@register_network("ts_cam")
class TsCam(FerModel):
    """TS-CAM (Gao et al., ICCV 2021): a vision transformer that classifies by its patch tokens.

    A 3 × 3 convolution turns the patch tokens into one map per class, whose mean is its logit.
    The map shown for a class is that map times the class token's attention to the patches,
    averaged over the blocks (their eq. 8). The defaults are DeiT-S's.
    """

    attribution_layer: ClassVar[str] = "places"
    default_input_size: ClassVar[int] = 224

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        patch: int = 16,
        width: int = 384,
        depth: int = 12,
        heads: int = 6,
    ) -> None:
        super().__init__()
        if input_size % patch:
            raise ValueError(f"the input side {input_size} px is not a multiple of {patch} px")
        side = input_size // patch
        self.patches = nn.Conv2d(in_channels, width, patch, patch)
        self.encoder = TransformerEncoder(width, depth, heads, 4 * width, side)
        self.places = nn.Identity()  # names the tokens as a map, for attributions
        self.maps = nn.Conv2d(width, num_classes, 3, padding=1)
        self.num_classes = num_classes

    @property
    def embedding_size(self) -> int:
        return self.num_classes

    def class_maps(self, patches: Tensor) -> Tensor:
        """(B, K, h, w) of embedded patches (B, width, h, w)."""
        tokens = self.encoder.blocks(self.encoder.tokens(patches))[:, 1:]
        places = self.places(tokens.transpose(1, 2).reshape(patches.shape))
        normed = self.encoder.norm(places.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        maps: Tensor = self.maps(normed)
        return maps

    def embed(self, x: Tensor) -> Tensor:
        return self.class_maps(self.patches(x)).mean(dim=(2, 3))

    def classify(self, embedding: Tensor) -> Tensor:
        return embedding

    def class_map(self, x: Tensor, classes: Tensor) -> Tensor:
        patches = self.patches(x)
        attention = self.encoder.attention_weights(patches)[:, :, 0, 1:].mean(dim=0)
        maps = maps_of_classes(self.class_maps(patches), classes)
        return maps * attention.reshape(maps.shape)
