"""Excitation backprop: responses propagated along positive weights, for peak response maps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def excitation_backprop(model: nn.Module) -> Iterator[None]:
    """Inside, gradients through convolutions are the shares of the inputs in each output.

    Of output v with share P(v), input u with x̂ = x − min(0, min x) gets x̂_u · w⁺_uv · P(v) /
    Σ_u x̂_u · w⁺_uv (Zhang et al. 2018, excitation backprop; Zhou et al. 2018, eq. 4). Values and
    gradients through all other layers are unchanged.
    """
    layers = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    for layer in layers:
        layer.forward = _excitation_forward(layer)  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _excitation_forward(layer: nn.Conv2d) -> Callable[[Tensor], Tensor]:
    def forward(x: Tensor) -> Tensor:
        out: Tensor = _Excitation.apply(x, layer)
        return out

    return forward


class _Excitation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: nn.Conv2d) -> Tensor:
        ctx.save_for_backward(x)
        ctx.layer = layer
        out: Tensor = layer._conv_forward(x, layer.weight, layer.bias)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        layer: nn.Conv2d = ctx.layer
        with torch.enable_grad():
            inputs = (x - x.amin().clamp_max(0)).detach().requires_grad_()
            excited = layer._conv_forward(inputs, layer.weight.detach().relu(), None)
            shares = grads[0] / excited.clamp_min(1e-10) * (excited > 1e-10)
            (back,) = torch.autograd.grad(excited, inputs, shares)
        return inputs.detach() * back, None
