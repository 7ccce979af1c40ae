"""A network's weights as the start of a wider one with the same outputs (Net2Net, Chen 2016)."""

from collections.abc import Mapping

import torch
from torch import Tensor

from trainer.models.registry import AFFECT, FerModel


def widen_weights(weights: Mapping[str, Tensor], model: FerModel) -> dict[str, Tensor] | None:
    """`weights` of a network with the same layers but fewer channels, in the shapes of `model`.

    Channel i of n becomes channels i, i + n, … (of a symmetric network, within its half: partners
    stay partners); the weights that read it are split among its copies in random shares, so that
    the copies learn different things. Inputs and classes keep their number. None where the layers
    do not match, and for networks that do not end in pooling and one linear layer, where the order
    of the channels may carry meaning.
    """
    state, head = model.state_dict(), model.linear_head
    new = state.keys() - weights.keys()
    if head is None or weights.keys() - state.keys() or any(not _is_affect(name) for name in new):
        return None
    generator = torch.Generator().manual_seed(0)
    groups = 2 if model.symmetric else 1
    wide = {}
    for name, value in weights.items():
        shape = state[name].shape
        pairs = zip(value.shape, shape, strict=False)
        if value.ndim != len(shape) or any(old > new for old, new in pairs):
            return None
        classes = 2 if _is_affect(name) else head.out_features
        has_other_classes = value.ndim == 2 and value.shape[0] != classes
        if has_other_classes or value.shape[2:] != shape[2:]:
            return None
        if value.ndim and value.shape[0] != shape[0]:
            value = value[_source_channels(value.shape[0], shape[0], groups)]
        if value.ndim > 1 and value.shape[1] != shape[1]:
            source = _source_channels(value.shape[1], shape[1], groups)
            value = _split_among_copies(value, source, generator)
        wide[name] = value
    return wide


def _is_affect(name: str) -> bool:
    return name.startswith(f"{AFFECT}.")


def _source_channels(old: int, new: int, groups: int) -> Tensor:
    """(new,) which of `old` channels each new one is a copy of, within its group."""
    within = torch.arange(new // groups) % (old // groups)
    return torch.cat([within + group * (old // groups) for group in range(groups)])


def _split_among_copies(kernel: Tensor, source: Tensor, generator: torch.Generator) -> Tensor:
    """(out, in, …) that reads copies of the channels `source`, which share the weight of each."""
    shares = torch.rand(len(kernel), len(source), generator=generator) + 0.5
    shares = shares / torch.zeros(kernel.shape[:2]).index_add_(1, source, shares)[:, source]
    return kernel[:, source] * shares.reshape(*shares.shape, *[1] * (kernel.ndim - 2))
