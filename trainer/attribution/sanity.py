"""Do maps depend on what the network learned? (Adebayo et al., NeurIPS 2018)"""

import copy
from collections.abc import Iterator

import torch
from torch import nn

from trainer.models.registry import FerModel


def randomised(model: FerModel, seed: int = 0) -> Iterator[tuple[str, FerModel]]:
    """The network with more and more of it at random, from the last part to the first.

    Yields what was last made random, and a copy in evaluation mode. A part is what the first two
    names of its layers share, as "stages.2". The last network is random as a whole: its maps
    should have nothing in common with the trained one's.
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
