"""Do maps depend on what the network learned? (Adebayo et al., NeurIPS 2018)"""

import copy
from collections.abc import Iterator

import torch
from torch import nn

from trainer.models.registry import FerModel


def cascading_randomisation(model: FerModel, seed: int = 0) -> Iterator[tuple[str, FerModel]]:
    """The network with more and more of its weights reset at random, from the last part on.

    Yields the part reset last, and the same copy of the network, in evaluation mode. A part are
    the layers whose names share their first two components, as "stages.2". In the end the whole
    network is random: its maps should have nothing in common with the trained network's.
    """
    network = copy.deepcopy(model).eval()
    parts: dict[str, list[nn.Module]] = {}
    for name, module in network.named_modules():
        if next(module.parameters(recurse=False), None) is not None:
            parts.setdefault(".".join(name.split(".")[:2]), []).append(module)
    for part, (name, modules) in enumerate(reversed(parts.items())):
        with torch.random.fork_rng():
            torch.manual_seed(seed + part)
            for module in modules:
                _reset(module)
        yield name, network


@torch.no_grad()
def _reset(module: nn.Module) -> None:
    reset = getattr(module, "reset_parameters", None)
    if callable(reset):
        reset()
        return
    for parameter in module.parameters(recurse=False):
        parameter.normal_(std=0.02)
