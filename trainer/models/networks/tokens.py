"""Vision transformers whose attention is part of the method: TS-CAM and APViT."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from trainer.models.networks.class_maps import maps_of_classes
from trainer.models.networks.resnet import ResNetTrunk
from trainer.models.networks.transfer import TransformerBlock, TransformerEncoder
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


@register_network("apvit")
class ApVit(FerModel):
    """APViT (Xue et al. 2022): keeps only the patches and tokens that get attention.

    The `keep_patches` share of the stem's positions with the strongest features (attentive patch
    pooling), and after each block the `keep_tokens` share of the tokens to which the class token
    attends most (attentive token pooling).
    """

    attribution_layer: ClassVar[str] = "stem"
    default_input_size: ClassVar[int] = 224
    imagenet: str = "resnet18"

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        width: int = 256,
        depth: int = 8,
        heads: int = 8,
        keep_patches: float = 0.8,
        keep_tokens: float = 0.9,
    ) -> None:
        super().__init__()
        if not (0 < keep_patches <= 1 and 0 < keep_tokens <= 1):
            raise ValueError("keep_patches and keep_tokens are shares above 0 and up to 1")
        self.keep_patches, self.keep_tokens = keep_patches, keep_tokens
        self.stem = ResNetTrunk(18, in_channels, stages=3)
        self.project = nn.Conv2d(self.stem.width, width, 1)
        self.encoder = TransformerEncoder(
            width, depth, heads, 2 * width, max(1, -(-input_size // 16))
        )
        self.classifier = nn.Linear(width, num_classes)

    def embed(self, x: Tensor) -> Tensor:
        features = self.stem(x)
        tokens = self.encoder.tokens(self.project(features))
        strength = features.abs().mean(dim=1).flatten(1)
        tokens = keep_most_attended(tokens, strength, self.keep_patches)
        for block in self.encoder.blocks:
            assert isinstance(block, TransformerBlock)
            attention = block.attention_weights(tokens)[:, 0, 1:]
            tokens = keep_most_attended(block(tokens), attention, self.keep_tokens)
        embedding: Tensor = self.encoder.norm(tokens[:, 0])
        return embedding

    def classify(self, embedding: Tensor) -> Tensor:
        logits: Tensor = self.classifier(embedding)
        return logits


def keep_most_attended(tokens: Tensor, attention: Tensor, share: float) -> Tensor:
    """The class token of (B, 1 + T, d) and the `share` of the others with most `attention` (B, T).

    They stay in order. The selection has no gradient, the selected tokens have.
    """
    count = max(1, round(share * attention.shape[1]))
    rows = attention.detach().topk(count, dim=1).indices.sort(dim=1).values + 1
    selected = tokens.gather(1, rows[:, :, None].expand(-1, -1, tokens.shape[2]))
    return torch.cat([tokens[:, :1], selected], dim=1)
