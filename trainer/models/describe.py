"""A network as a table: its layers, their output shapes, parameters and operations."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from trainer.models.registry import FerModel

DEPTH = 2  # of nested modules that are listed


@dataclass(frozen=True, slots=True)
class Layer:
    name: str
    kind: str
    shape: tuple[int, ...]  # of the output for one picture, without the batch
    parameters: int


@dataclass(frozen=True, slots=True)
class Description:
    """`flops` counts a multiplication and an addition as two, for one picture."""

    layers: tuple[Layer, ...]
    parameters: int
    flops: int


def describe_network(model: FerModel, in_channels: int, side: int) -> Description:
    """Run one (in_channels, side, side) picture through `model` and note what comes by."""
    rows: dict[str, Layer] = {}
    handles = []
    for name, module in model.named_modules():
        if not name or name.count(".") >= DEPTH:
            continue

        def note(module: nn.Module, _args: object, output: Any, name: str = name) -> None:
            shape = tuple(output.shape[1:]) if isinstance(output, Tensor) else ()
            count = sum(p.numel() for p in module.parameters())
            rows[name] = Layer(name, type(module).__name__, shape, count)

        handles.append(module.register_forward_hook(note))
    model.eval()
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, in_channels, side, side))
    for handle in handles:
        handle.remove()
    order = [name for name, _ in model.named_modules() if name in rows]
    return Description(
        tuple(rows[name] for name in order),
        sum(p.numel() for p in model.parameters()),
        counter.get_total_flops(),
    )
