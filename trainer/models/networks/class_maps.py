"""Networks whose scores come from maps of the classes: WILDCAT, PRM and ACoL, on a ResNet."""

from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.models.excitation_backprop import excitation_backprop
from trainer.models.networks.resnet import ResNetTrunk
from trainer.models.registry import FerModel, register_network


class ClassMapNet(FerModel):
    """Trunk features F (B, C, h, w) → scores of the classes, which are the embedding too.

    Options: `depth` of the ResNet, and `large_maps`, four times as many places in each direction.
    """

    attribution_layer: ClassVar[str] = "trunk"
    default_input_size: ClassVar[int] = 224

    def __init__(
        self, num_classes: int, in_channels: int, depth: Literal[18, 50], large_maps: bool
    ) -> None:
        super().__init__()
        self.trunk = ResNetTrunk(depth, in_channels, large_maps)
        self.imagenet = f"resnet{depth}"
        self.num_classes = num_classes

    @property
    def embedding_size(self) -> int:
        return self.num_classes

    def score(self, features: Tensor) -> Tensor:
        """(B, C, h, w) → logits (B, K)."""
        raise NotImplementedError

    def embed(self, x: Tensor) -> Tensor:
        return self.score(self.trunk(x))

    def classify(self, embedding: Tensor) -> Tensor:
        return embedding


@register_network("wildcat")
class Wildcat(ClassMapNet):
    """WILDCAT (Durand et al., CVPR 2017): `modalities` maps a class, averaged.

    A class's score is the mean of the `top` share of its places, plus `alpha` times that of the
    `bottom` share (eq. 2 there).
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        depth: Literal[18, 50] = 18,
        large_maps: bool = True,
        modalities: int = 4,
        top: float = 0.2,
        bottom: float = 0.2,
        alpha: float = 0.7,
    ) -> None:
        super().__init__(num_classes, in_channels, depth, large_maps)
        if not (0 < top <= 1 and 0 < bottom <= 1):
            raise ValueError("top and bottom are shares of the places, above 0 and up to 1")
        self.modalities, self.top, self.bottom, self.alpha = modalities, top, bottom, alpha
        self.maps = nn.Conv2d(self.trunk.width, modalities * num_classes, 1)

    def class_maps(self, features: Tensor) -> Tensor:
        """(B, K, h, w), the modalities' mean."""
        every = self.maps(features).unflatten(1, (self.num_classes, self.modalities))
        mean: Tensor = every.mean(dim=2)
        return mean

    def score(self, features: Tensor) -> Tensor:
        return pooled_extremes(self.class_maps(features), self.top, self.bottom, self.alpha)

    def class_map(self, x: Tensor, classes: Tensor) -> Tensor:
        return chosen(self.class_maps(self.trunk(x)), classes)


def pooled_extremes(maps: Tensor, top: float, bottom: float, alpha: float) -> Tensor:
    """Of maps (B, K, h, w): mean of the highest share + α · mean of the lowest share, (B, K)."""
    places = maps.flatten(2).sort(dim=2, descending=True).values
    count = places.shape[2]
    high, low = max(1, round(top * count)), max(1, round(bottom * count))
    return places[..., :high].mean(dim=2) + alpha * places[..., -low:].mean(dim=2)


@register_network("prm")
class PeakResponse(ClassMapNet):
    """Peak response maps (Zhou et al., CVPR 2018).

    A class's score is the mean of its map's peaks, the maxima of 3 × 3 windows (peak
    stimulation, eq. 1 there). Its map is where in the input its peaks come from: what is
    propagated back along positive weights (eq. 4) from those at or above the map's median.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        depth: Literal[18, 50] = 18,
        large_maps: bool = True,
    ) -> None:
        super().__init__(num_classes, in_channels, depth, large_maps)
        self.maps = nn.Conv2d(self.trunk.width, num_classes, 1)

    def score(self, features: Tensor) -> Tensor:
        maps = self.maps(features)
        found = peaks(maps)
        score: Tensor = (maps * found).sum(dim=(2, 3)) / found.sum(dim=(2, 3))
        return score

    def class_map(self, x: Tensor, classes: Tensor) -> Tensor:
        with excitation_backprop(self), torch.enable_grad():
            picture = x.detach().requires_grad_()
            map_ = chosen(self.maps(self.trunk(picture)), classes)
            median = map_.detach().flatten(1).median(dim=1).values[:, None, None]
            at = peaks(map_[:, None])[:, 0] & (map_ >= median)
            (back,) = torch.autograd.grad(map_, picture, at.to(map_))
        summed: Tensor = back.abs().sum(dim=1)
        return summed


def peaks(maps: Tensor) -> Tensor:
    """True where maps (B, K, h, w) are the maximum of their 3 × 3 window."""
    return maps == F.max_pool2d(maps, 3, stride=1, padding=1)


@register_network("acol")
class AdversarialComplementary(ClassMapNet):
    """ACoL (Zhang et al., CVPR 2018): two heads; the second sees what the first left out.

    Where the first head's map of the true class, scaled to [0, 1], exceeds `threshold`, the second
    head's features are erased; both learn by cross-entropy (the term `acol`). Predictions are the
    first head's; the map of a class is the larger of both heads' maps.
    """

    default_objective: ClassVar[dict[str, Any]] = {"terms": {"acol": 1.0}}

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        depth: Literal[18, 50] = 18,
        large_maps: bool = True,
        hidden: int = 512,
        threshold: float = 0.7,
    ) -> None:
        super().__init__(num_classes, in_channels, depth, large_maps)
        self.threshold = threshold
        self.first, self.second = (self._head(hidden, num_classes) for _ in range(2))

    def _head(self, hidden: int, num_classes: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(self.trunk.width, hidden, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(hidden, hidden, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(hidden, num_classes, 1),
        )

    def score(self, features: Tensor) -> Tensor:
        return torch.mean(self.first(features), dim=(2, 3))

    def complementary_maps(self, features: Tensor, classes: Tensor) -> Tensor:
        """The second head's maps (B, K, h, w) of features without the first's region."""
        region = scaled(chosen(self.first(features), classes)) > self.threshold
        erased: Tensor = self.second(features * ~region.detach()[:, None])
        return erased

    def class_map(self, x: Tensor, classes: Tensor) -> Tensor:
        features = self.trunk(x)
        one = chosen(self.first(features), classes)
        other = chosen(self.complementary_maps(features, classes), classes)
        return torch.maximum(scaled(one), scaled(other))


def chosen(maps: Tensor, classes: Tensor) -> Tensor:
    """(B, K, h, w) → those of `classes` (B,): (B, h, w)."""
    return maps[torch.arange(len(maps), device=maps.device), classes]


def scaled(maps: Tensor) -> Tensor:
    """Each of (B, h, w) from 0 to 1."""
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp_min(1e-6)
