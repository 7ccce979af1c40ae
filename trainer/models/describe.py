"""A network as a table: its layers, their output shapes, parameters and operations."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from trainer.models.registry import FerModel, capture_outputs

DEPTH = 2  # of nested modules that are listed


@dataclass(frozen=True, slots=True)
class LayerRow:
    name: str
    kind: str
    shape: tuple[int, ...]  # of the output for one picture, without the batch
    parameters: int


@dataclass(frozen=True, slots=True)
class NetworkDescription:
    """`parameters` are the sum of the rows without a dot in their names, which contain the others.

    `flops` are those of all layers for one picture, `prediction_flops` those of the prediction
    alone: what only training and displays need, such as DACL's attention, is not in them. A
    multiplication and an addition count as two.
    """

    layers: tuple[LayerRow, ...]
    parameters: int
    flops: int
    prediction_flops: int


def describe_network(model: FerModel, in_channels: int, side: int) -> NetworkDescription:
    """Run one (in_channels, side, side) picture through every layer of `model` and record it."""
    model.eval()
    run = _Recorder(model)
    x = torch.zeros(1, in_channels, side, side)
    features: dict[str, Tensor] = {}
    layer = model.attribution_layer
    with torch.no_grad(), FlopCounterMode(display=False) as counter, run.recording(counter):
        with capture_outputs(model, {layer}, features):
            model(x)
        prediction = counter.get_total_flops()
        run.only_new = True
        # what is beside the path of the prediction: the weights of features, the second head
        model.attend(features[layer])
        if model.has_class_map and run.missing:
            model.class_map(x, torch.zeros(1, dtype=torch.long))
    return NetworkDescription(
        _rows(model, run.shapes),
        sum(p.numel() for p in model.parameters()),
        prediction + run.new_flops,
        prediction,
    )


class _Recorder:
    """Notes the output shape of every module that runs, and counts the operations of new ones.

    With `only_new`, modules that have run before are not counted again.
    """

    def __init__(self, model: nn.Module) -> None:
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.only_new = False
        self.new_flops = 0
        self._model = model
        self._open: list[tuple[str, int]] = []  # new modules that run, with the count before

    @property
    def missing(self) -> bool:
        """Whether a module with weights of its own has not run."""
        return any(
            name not in self.shapes and any(True for _ in module.parameters(recurse=False))
            for name, module in self._model.named_modules()
            if name
        )

    @contextmanager
    def recording(self, counter: FlopCounterMode) -> Iterator[None]:
        """Inside, forward passes of the network are recorded."""
        handles = []
        for name, module in self._model.named_modules():
            if not name:
                continue

            def begin(_module: nn.Module, _args: object, name: str = name) -> None:
                if self.only_new and name not in self.shapes:
                    self._open.append((name, counter.get_total_flops()))

            def end(_module: nn.Module, _args: object, output: Any, name: str = name) -> None:
                self.shapes[name] = tuple(output.shape[1:]) if isinstance(output, Tensor) else ()
                if self._open and self._open[-1][0] == name:
                    _, before = self._open.pop()
                    if not self._open:  # not within another new module, which counts it
                        self.new_flops += counter.get_total_flops() - before

            handles.append(module.register_forward_pre_hook(begin))
            handles.append(module.register_forward_hook(end))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _rows(model: nn.Module, shapes: dict[str, tuple[int, ...]]) -> tuple[LayerRow, ...]:
    """A row for each module that runs or has parameters, and for parameters of the network's own.

    The parameters of a module include those of the modules in it.
    """
    rows = [
        LayerRow(name, "Parameter", tuple(value.shape), value.numel())
        for name, value in model.named_parameters(recurse=False)
    ]
    for name, module in model.named_modules():
        count = sum(p.numel() for p in module.parameters())
        if name and name.count(".") < DEPTH and (name in shapes or count):
            rows.append(LayerRow(name, type(module).__name__, shapes.get(name, ()), count))
    return tuple(rows)
