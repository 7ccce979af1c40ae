"""Every network by name: `create("compact")`."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from trainer.errors import UsageError, did_you_mean


class FerModel(nn.Module):
    """A classifier of (B, C, H, W) faces; `forward` returns logits (B, K).

    `attribution_layer` names the submodule whose output (B, C, h, w) attributions explain by
    default; `default_input_size` is the side in pixels it is made for; `default_objective` are
    the terms it is usually trained with; `imagenet` is torchvision's name for its trunk.
    `explains_itself` where it has maps of its classes by its own rule: `class_map`. `symmetric`
    where channel c of 2n is the partner of c + n, which sees the mirror image.
    """

    attribution_layer: ClassVar[str]
    default_input_size: ClassVar[int]
    default_objective: ClassVar[dict[str, Any]] = {}
    imagenet: str = ""
    explains_itself: ClassVar[bool] = False
    symmetric: bool = False
    classifier: nn.Linear

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
        """The network's own maps (B, h, w) of `classes` (B,), where it `explains_itself`."""
        raise NotImplementedError

    def attention_maps(self, x: Tensor) -> dict[str, Tensor]:
        """Attention over places (B, h, w) by its name; none where the network has none."""
        return {}

    def constrain(self) -> None:
        """Bring the weights back to where they must lie; after each step of the optimiser."""

    @property
    def embedding_size(self) -> int:
        return self.classifier.in_features

    @property
    def linear_head(self) -> nn.Linear | None:
        """The last layer, where the embedding is the spatial mean of `attribution_layer`'s output.

        Then the attribution of every class follows from one forward. None otherwise.
        """
        return None

    def for_prediction(
        self, state: dict[str, Tensor], arguments: dict[str, Any]
    ) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """The weights and options that give the same logits without what only training needs."""
        return state, arguments

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(self.embed(x))


class captured:  # noqa: N801
    """While it lasts, outputs of the named layers are kept in `into`, with their graph."""

    def __init__(self, model: nn.Module, layers: set[str], into: dict[str, Tensor]) -> None:
        self._model, self._layers, self._into = model, layers, into
        self._handles: list[torch.utils.hooks.RemovableHandle] = []

    def __enter__(self) -> None:
        modules = dict(self._model.named_modules())
        for name in self._layers:

            def keep(_module: nn.Module, _args: object, output: Tensor, name: str = name) -> None:
                self._into[name] = output

            self._handles.append(modules[name].register_forward_hook(keep))

    def __exit__(self, *exc: object) -> None:
        for handle in self._handles:
            handle.remove()


T = TypeVar("T", bound=FerModel)
_MODELS: dict[str, type[FerModel]] = {}


def register(name: str) -> Callable[[type[T]], type[T]]:
    def add(model: type[T]) -> type[T]:
        _MODELS[name] = model
        return model

    return add


def names() -> list[str]:
    return sorted(_MODELS)


def create(
    name: str,
    num_classes: int = 7,
    in_channels: int = 1,
    input_size: int | None = None,
    **options: Any,
) -> FerModel:
    """A freshly initialised network.

    Raises UsageError when the name or an option is unknown.
    """
    if name not in _MODELS:
        raise UsageError(
            f"there is no model {name!r}", did_you_mean(name, names(), "fertrain models")
        )
    model = _MODELS[name]
    size = input_size or model.default_input_size
    try:
        return model(num_classes, in_channels, size, **options)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the model {name} cannot be built so: {error}") from error
