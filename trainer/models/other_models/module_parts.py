"""What attributions can use in a torch module that nobody described: found by running it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from trainer.card import Preprocessing
from trainer.errors import ModelFileError

TRIED_LAYERS = 8  # from the last one back


@dataclass(frozen=True, slots=True)
class ModuleParts:
    """`layer` is the last submodule that keeps places apart, `head` the linear one that ends it.

    Both are "" where there is none. `is_mean_pooled` where the head's input is the spatial mean of
    the layer's output; `has_gradient` where answers depend on pixels in a way that torch follows.
    """

    layer: str = ""
    head: str = ""
    is_mean_pooled: bool = False
    has_gradient: bool = False


def find_parts(
    module: nn.Module, sizes: Preprocessing, wanted_layer: str, name: str
) -> ModuleParts:
    """The parts of a module in evaluation mode; `wanted_layer` is the one that its card names.

    Raises ModelFileError where the module called `name` has no such layer.
    """
    generator = torch.Generator().manual_seed(0)
    side = sizes.input_size
    x = torch.randn(2, sizes.channels, side, side, generator=generator)
    with torch.no_grad(), _record(module) as calls:
        output = module(x)
    maps = [key for key, (_, out) in calls.items() if _is_map(out)]
    if wanted_layer and wanted_layer not in maps:
        known = ", ".join(list(dict.fromkeys(maps))[-TRIED_LAYERS:]) or "none"
        raise ModelFileError(
            f"{name}: its card names the layer {wanted_layer!r}, which gives no features with "
            "places (B, C, h, w)",
            f"Layers that do, the last ones: {known}.",
        )
    candidates = [wanted_layer] if wanted_layer else maps[::-1][:TRIED_LAYERS]
    layer = next((each for each in candidates if _explains(module, x, each)), "")
    head = next((key for key, call in calls.items() if _is_head(module, key, call, output)), "")
    pooled = False
    if head and layer:
        features, embedding = calls[layer][1], calls[head][0]
        mean = features.mean(dim=(2, 3))
        pooled = mean.shape == embedding.shape and torch.allclose(mean, embedding, atol=1e-5)
    return ModuleParts(layer, head, pooled, _has_gradient(module, x))


@contextmanager
def _record(module: nn.Module) -> Iterator[dict[str, tuple[Any, Any]]]:
    """Inside, each submodule's first input and its output by its name, in the order they end."""
    calls: dict[str, tuple[Any, Any]] = {}
    handles = []
    for name, part in module.named_modules():
        if name:

            def store(_: nn.Module, args: Any, output: Any, name: str = name) -> None:
                calls.pop(name, None)
                first = args[0] if args else None
                # copies: a later layer may write into what it gets
                calls[name] = _copied(first), _copied(output)

            handles.append(part.register_forward_hook(store))
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _copied(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value


def _is_map(output: Any) -> bool:
    return isinstance(output, Tensor) and output.ndim == 4 and min(output.shape[2:]) > 1


def _is_head(module: nn.Module, key: str, call: tuple[Any, Any], output: Tensor) -> bool:
    """Whether it is a linear layer of one row a picture whose output is that of the module."""
    embedding, given = call
    return (
        isinstance(module.get_submodule(key), nn.Linear)
        and embedding.ndim == 2
        and given.shape == output.shape
        and torch.equal(given, output)
    )


def _explains(module: nn.Module, x: Tensor, layer: str) -> bool:
    """Whether the answer can be differentiated by the output of `layer`."""
    leaves: list[Tensor] = []

    def cut(_module: nn.Module, _args: Any, output: Tensor) -> Tensor:
        leaves.append(output.detach().requires_grad_())
        return leaves[-1]

    handle = module.get_submodule(layer).register_forward_hook(cut)
    try:
        with torch.enable_grad():
            gradient = torch.autograd.grad(module(x)[:, 0].sum(), leaves[-1])[0]
        return len(leaves) == 1 and bool(gradient.abs().max() > 0)
    except RuntimeError:  # a part behind it writes into it, or is not differentiable
        return False
    finally:
        handle.remove()


def _has_gradient(module: nn.Module, x: Tensor) -> bool:
    try:
        with torch.enable_grad():
            pixels = x.clone().requires_grad_()
            torch.autograd.grad(module(pixels * 1)[:, 0].sum(), pixels)
    except RuntimeError:
        return False
    return True
