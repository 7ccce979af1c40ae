"""Networks that score classes by maps of them: WILDCAT, PRM and ACoL, on a ResNet."""

from abc import abstractmethod
from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.models.excitation_backprop import excitation_backprop
from trainer.models.networks.resnet import ResNetTrunk
from trainer.models.registry import FerModel, register_network


class ClassMapNet(FerModel):
    """Trunk features F (B, C, h, w) → scores of the classes, which are also the embedding.

    Options: `depth` of the ResNet, and `large_maps`, with four times the resolution per side.
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

    @abstractmethod
    def score(self, features: Tensor) -> Tensor:
        """(B, C, h, w) → logits (B, K)."""

    def embed(self, x: Tensor) -> Tensor:
        return self.score(self.trunk(x))

    def classify(self, embedding: Tensor) -> Tensor:
        return embedding


@register_network("wildcat")
class Wildcat(ClassMapNet):
    """WILDCAT (Durand et al., CVPR 2017): `modalities` maps per class, averaged.

    A class's score is the mean of the `top` share of its positions plus `alpha` times the mean of
    the `bottom` share (their eq. 2); `halved`, as public code does, it is half of that.
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
        halved: bool = False,
    ) -> None:
        super().__init__(num_classes, in_channels, depth, large_maps)
        if not (0 < top <= 1 and 0 < bottom <= 1):
            raise ValueError("top and bottom are shares of the positions, above 0 and up to 1")
        self.modalities, self.top, self.bottom, self.alpha = modalities, top, bottom, alpha
        self.scale = 0.5 if halved else 1.0
        self.maps = nn.Conv2d(self.trunk.width, modalities * num_classes, 1)

    def class_maps(self, features: Tensor) -> Tensor:
        """(B, K, h, w), the modalities' mean."""
        every = self.maps(features).unflatten(1, (self.num_classes, self.modalities))
        mean: Tensor = every.mean(dim=2)
        return mean

    def score(self, features: Tensor) -> Tensor:
        maps = self.class_maps(features)
        return self.scale * pooled_extremes(maps, self.top, self.bottom, self.alpha)

    def class_map(self, x: Tensor, classes: Tensor) -> Tensor:
        return maps_of_classes(self.class_maps(self.trunk(x)), classes)


def pooled_extremes(maps: Tensor, top: float, bottom: float, alpha: float) -> Tensor:
    """Of maps (B, K, h, w): mean of the highest share + α · mean of the lowest share, (B, K)."""
    ordered = maps.flatten(2).sort(dim=2, descending=True).values
    count = ordered.shape[2]
    high, low = max(1, round(top * count)), max(1, round(bottom * count))
    return ordered[..., :high].mean(dim=2) + alpha * ordered[..., -low:].mean(dim=2)


@register_network("prm")
class PeakResponse(ClassMapNet):
    """Peak response maps (Zhou et al., CVPR 2018).

    `form` "paper": a class's score is the mean of the peaks of its map, the maxima of 3 × 3
    windows (peak stimulation, their eq. 1). Its own map is the origin of these peaks in the input:
    peaks at or above the map's median, propagated back along positive weights (eq. 4).
    `form` "maps", of the public code of Belharbi et al. (FG 2024): the score is the mean of all
    windows' maxima, and the class's own map is that of the 1 × 1 convolution.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: int,
        depth: Literal[18, 50] = 18,
        large_maps: bool = True,
        form: Literal["paper", "maps"] = "paper",
    ) -> None:
        super().__init__(num_classes, in_channels, depth, large_maps)
        if form not in ("paper", "maps"):
            raise ValueError(f"form {form!r} is not paper or maps")
        self.form = form
        self.maps = nn.Conv2d(self.trunk.width, num_classes, 1)

    def score(self, features: Tensor) -> Tensor:
        maps = self.maps(features)
        if self.form == "maps":
            window = min(3, *maps.shape[-2:])
            return F.max_pool2d(maps, window, stride=1).mean(dim=(2, 3))
        mask = peak_mask(maps)
        score: Tensor = (maps * mask).sum(dim=(2, 3)) / mask.sum(dim=(2, 3))
        return score

    def class_map(self, x: Tensor, classes: Tensor) -> Tensor:
        if self.form == "maps":
            return maps_of_classes(self.maps(self.trunk(x)), classes)
        with excitation_backprop(self), torch.enable_grad():
            picture = x.detach().requires_grad_()
            map_ = maps_of_classes(self.maps(self.trunk(picture)), classes)
            median = map_.detach().flatten(1).median(dim=1).values[:, None, None]
            mask = peak_mask(map_[:, None])[:, 0] & (map_ >= median)
            (back,) = torch.autograd.grad(map_, picture, mask.to(map_))
        summed: Tensor = back.abs().sum(dim=1)
        return summed


def peak_mask(maps: Tensor) -> Tensor:
    """True where maps (B, K, h, w) are the maximum of their 3 × 3 window."""
    return maps == F.max_pool2d(maps, 3, stride=1, padding=1)


@register_network("acol")
class AdversarialComplementary(ClassMapNet):
    """ACoL (Zhang et al., CVPR 2018): two heads; the second sees only what the first ignores.

    Where the first head's map of the true class, scaled to [0, 1], exceeds `threshold`, the second
    head's features are erased; both are trained by cross-entropy (the loss `acol`). The first head
    predicts; the map of a class is the maximum of both heads' maps.
    """

    default_objective: ClassVar[dict[str, Any]] = {"acol": {"weight": 1.0}}

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
        """The second head's maps (B, K, h, w) of features without the first head's region."""
        region = min_max_scaled(maps_of_classes(self.first(features), classes)) > self.threshold
        erased: Tensor = self.second(features * ~region.detach()[:, None])
        return erased

    def class_map(self, x: Tensor, classes: Tensor) -> Tensor:
        features = self.trunk(x)
        first = maps_of_classes(self.first(features), classes)
        second = maps_of_classes(self.complementary_maps(features, classes), classes)
        return torch.maximum(min_max_scaled(first), min_max_scaled(second))


def maps_of_classes(maps: Tensor, classes: Tensor) -> Tensor:
    """Maps (B, K, h, w) of all classes → those of `classes` (B,): (B, h, w)."""
    return maps[torch.arange(len(maps), device=maps.device), classes]


def min_max_scaled(maps: Tensor) -> Tensor:
    """Each map of (B, h, w), scaled to the range 0 to 1."""
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp_min(1e-6)
