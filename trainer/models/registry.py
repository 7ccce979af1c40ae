"""Every network by name: `create("compact")`."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from trainer.card import ModelCard
from trainer.errors import UsageError, did_you_mean

AFFECT = "affect"  # the layer whose output are valence and arousal
FRAME = "frame"  # of a network for clips: the frame model, which lies in another file


class AffectHead(nn.Linear):
    """(B, d) → valence and arousal (B, 2), each in (−1, 1)."""

    def __init__(self, features: int) -> None:
        super().__init__(features, 2)

    def forward(self, embedding: Tensor) -> Tensor:
        return super().forward(embedding).tanh()


class FerModel(nn.Module, ABC):
    """A classifier of (B, C, H, W) faces; `forward` returns logits (B, K).

    `attribution_layer` names the submodule whose output (B, C, h, w) attributions explain by
    default; `default_input_size` is the side in pixels it is made for; `default_objective` are
    the losses it is usually trained with; `imagenet` is torchvision's name for its trunk.
    `spatial_attention` names what `attention_maps` returns. `symmetric` where channel c of 2n is
    the partner of c + n, which sees the mirror image. `affect` is the head for valence and arousal
    of networks that learn them; `capture_outputs` reads it from a forward pass. `reads_clips` where
    features of frames are classified in time. `has_gradient` and `has_feature_layer` are false for
    other people's models that lack them. A model that was loaded from a file has its `card`, and
    that `file`.
    """

    attribution_layer: ClassVar[str]
    default_input_size: ClassVar[int]
    default_objective: ClassVar[dict[str, Any]] = {}
    imagenet: str = ""
    spatial_attention: tuple[str, ...] = ()
    reads_clips: ClassVar[bool] = False
    has_gradient: bool = True
    has_feature_layer: bool = True
    symmetric: bool = False
    classifier: nn.Linear
    affect: AffectHead | None
    card: ModelCard
    file: Path

    def __init__(self) -> None:
        super().__init__()
        self.register_module(AFFECT, None)

    @abstractmethod
    def embed(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the features (B, d) that the last layer classifies."""

    @abstractmethod
    def classify(self, embedding: Tensor) -> Tensor:
        """(B, d) → logits (B, K)."""

    def attend(self, features: Tensor) -> Tensor | None:
        """Weights (B, d) of the embedding, from `attribution_layer`'s output; None without any."""
        return None

    def class_map(self, x: Tensor, classes: Tensor) -> Tensor:
        """The network's own maps (B, h, w) of `classes` (B,), for networks that draw them."""
        raise NotImplementedError

    @property
    def has_class_map(self) -> bool:
        return type(self).class_map is not FerModel.class_map

    def attention_maps(self, x: Tensor) -> dict[str, Tensor]:
        """Attention over places (B, h, w), by the names in `spatial_attention`."""
        return {}

    def grey(self, x: Tensor) -> Tensor:
        """What a hidden pixel of inputs (B, C, H, W) becomes, (B, C, 1, 1): normalised, 0."""
        return torch.zeros_like(x[:, :, :1, :1])

    def place(self, device: torch.device) -> torch.device:
        """Move to `device`, as far as it can; returns where it runs."""
        self.to(device)
        return device

    def constrain(self) -> None:
        """Project the weights back onto their constraint, after each step of the optimiser."""

    @property
    def embedding_size(self) -> int:
        return self.classifier.in_features

    @property
    def linear_head(self) -> nn.Linear | None:
        """The last layer, where the embedding is the spatial mean of `attribution_layer`'s output.

        Then the attribution of every class follows from one forward pass. None otherwise.
        """
        return None

    def for_prediction(
        self, state: dict[str, Tensor], arguments: dict[str, Any]
    ) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Weights and options that give the same logits, without what only training needs."""
        return state, arguments

    def forward(self, x: Tensor) -> Tensor:
        embedding = self.embed(x)
        if self.affect is not None:
            self.affect(embedding)
        return self.classify(embedding)


@contextmanager
def capture_outputs(
    model: nn.Module, layers: set[str], outputs: dict[str, Tensor]
) -> Iterator[None]:
    """Inside, forward passes store the outputs of the named layers, with their graph."""
    modules = dict(model.named_modules())
    handles = []
    for name in layers:

        def store(_module: nn.Module, _args: object, output: Tensor, name: str = name) -> None:
            outputs[name] = output

        handles.append(modules[name].register_forward_hook(store))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


T = TypeVar("T", bound=FerModel)
_NETWORKS: dict[str, type[FerModel]] = {}


def register_network(name: str) -> Callable[[type[T]], type[T]]:
    """A class decorator that makes a network known to `create` and to every command."""

    def add(network: type[T]) -> type[T]:
        _NETWORKS[name] = network
        return network

    return add


def names() -> list[str]:
    return sorted(_NETWORKS)


def find_network(name: str) -> type[FerModel]:
    """Raises UsageError that suggests similar names."""
    if name not in _NETWORKS:
        raise UsageError(
            f"there is no model {name!r}", did_you_mean(name, names(), "fertrain models")
        )
    return _NETWORKS[name]


def create(
    name: str,
    num_classes: int = 7,
    in_channels: int = 1,
    input_size: int | None = None,
    *,
    valence_arousal: bool = False,
    **options: Any,
) -> FerModel:
    """A freshly initialised network, with a head for `valence_arousal` beside the classifier.

    Raises UsageError when the name or an option is unknown.
    """
    network: Callable[..., FerModel] = find_network(name)
    size = input_size or find_network(name).default_input_size
    try:
        model = network(num_classes, in_channels, size, **options)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the model {name} cannot be built with these options: {error}") from error
    if valence_arousal:
        model.affect = AffectHead(model.embedding_size)
    return model


def build(card: ModelCard) -> FerModel:
    """A freshly initialised network as `card` describes it. Raises UsageError."""
    return create(
        card.architecture,
        num_classes=len(card.classes),
        input_size=card.preprocessing.input_size,
        valence_arousal=card.valence_arousal,
        **card.arguments,
    )
