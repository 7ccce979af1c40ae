"""A network as a table: its layers, their output shapes, parameters and operations."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from trainer.models.registry import FerModel

DEPTH = 2  # of nested modules that are listed


@dataclass(frozen=True, slots=True)
class LayerRow:
    name: str
    kind: str
    shape: tuple[int, ...]  # of the output for one picture, without the batch
    parameters: int


@dataclass(frozen=True, slots=True)
class NetworkDescription:
    """`flops` are for one picture; a multiplication and an addition count as two."""

    layers: tuple[LayerRow, ...]
    parameters: int
    flops: int


def describe_network(model: FerModel, in_channels: int, side: int) -> NetworkDescription:
    """Run one (in_channels, side, side) picture through `model` and record every layer."""
    rows: dict[str, LayerRow] = {}
    handles = []
    for name, module in model.named_modules():
        if not name or name.count(".") >= DEPTH:
            continue

        def record(module: nn.Module, _args: object, output: Any, name: str = name) -> None:
            shape = tuple(output.shape[1:]) if isinstance(output, Tensor) else ()
            count = sum(p.numel() for p in module.parameters())
            rows[name] = LayerRow(name, type(module).__name__, shape, count)

        handles.append(module.register_forward_hook(record))
    model.eval()
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, in_channels, side, side))
    for handle in handles:
        handle.remove()
    return NetworkDescription(
        tuple(rows[name] for name, _ in model.named_modules() if name in rows),
        sum(p.numel() for p in model.parameters()),
        counter.get_total_flops(),
    )
