"""A trained network as the start of a wider one that answers the same (Net2Net, Chen 2016)."""

from collections.abc import Mapping

import torch
from torch import Tensor

from trainer.models.registry import FerModel


def widen_weights(weights: Mapping[str, Tensor], model: FerModel) -> dict[str, Tensor] | None:
    """`weights` of a network of the same layers with fewer channels, at the shapes of `model`.

    Channel i of n becomes channels i, i + n, … (of a symmetric net, within its half: partners stay
    partners); the weights that read it are split among its copies in random shares, so that the
    copies learn apart. None where the layers do not match,
    and for networks that do not end in pooling and one linear layer, whose order of channels may
    mean more. Inputs and classes keep their number.
    """
    state, head = model.state_dict(), model.linear_head
    if head is None or weights.keys() != state.keys():
        return None
    draw = torch.Generator().manual_seed(0)
    groups = 2 if model.symmetric else 1
    found = {}
    for name, value in weights.items():
        shape = state[name].shape
        pairs = zip(value.shape, shape, strict=False)
        if value.ndim != len(shape) or any(old > new for old, new in pairs):
            return None
        ends = value.ndim == 2 and value.shape[0] != head.out_features
        if ends or value.shape[2:] != shape[2:]:
            return None
        if value.ndim and value.shape[0] != shape[0]:
            value = value[_source(value.shape[0], shape[0], groups)]
        if value.ndim > 1 and value.shape[1] != shape[1]:
            value = _shared(value, _source(value.shape[1], shape[1], groups), draw)
        found[name] = value
    return found


def _source(old: int, new: int, groups: int) -> Tensor:
    """Which of `old` channels each of `new` is a copy of, each within its group."""
    within = torch.arange(new // groups) % (old // groups)
    return torch.cat([within + group * (old // groups) for group in range(groups)])


def _shared(kernel: Tensor, source: Tensor, draw: torch.Generator) -> Tensor:
    """(out, in, …) that reads copies of the channels `source`: those of one share its weight."""
    shares = torch.rand(len(kernel), len(source), generator=draw) + 0.5
    shares = shares / torch.zeros(kernel.shape[:2]).index_add_(1, source, shares)[:, source]
    return kernel[:, source] * shares.reshape(*shares.shape, *[1] * (kernel.ndim - 2))
