"""Weights from elsewhere into a network of ours: what fits is taken, the rest is listed."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from trainer.errors import ModelFileError, UsageError
from trainer.models.registry import FerModel

IMAGENET = "imagenet"
WRAPPERS = ("state_dict", "model_state_dict", "model", "net")  # where checkpoints keep weights
PREFIXES = ("", "trunk.", "stem.")  # of our modules that hold a published trunk


@dataclass(frozen=True, slots=True)
class InitReport:
    """Names of tensors: taken, wanted but not there, there but of no use (with the reason)."""

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    skipped: tuple[str, ...]

    def __str__(self) -> str:
        def listed(names: tuple[str, ...]) -> str:
            shown = ", ".join(names[:6])
            return f" ({shown}{', …' if len(names) > 6 else ''})" if names else ""

        return (
            f"{len(self.loaded)} tensors loaded, {len(self.missing)} missing"
            f"{listed(self.missing)}, {len(self.skipped)} skipped{listed(self.skipped)}"
        )


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of a .safetensors or torch file, by name; nothing in it is executed.

    Raises ModelFileError when it cannot be read so.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, SafetensorError, pickle.UnpicklingError) as error:
        raise ModelFileError(f"{path}: no weights can be read from it ({error})") from error
    for key in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise ModelFileError(f"{path}: there are no named weights in it")
    weights = {
        str(name).removeprefix("module."): value
        for name, value in content.items()
        if isinstance(value, Tensor)
    }
    if not weights:
        raise ModelFileError(f"{path}: there are no named weights in it")
    return weights


def imagenet_weights(model: FerModel) -> dict[str, Tensor]:
    """torchvision's ImageNet weights of the network that `model` is built on; downloads them.

    Raises UsageError for a network without such weights, or when they cannot be had.
    """
    if not model.imagenet:
        raise UsageError("model.init imagenet: this network has no ImageNet weights")
    from torchvision.models import get_model_weights

    try:
        chosen = get_model_weights(model.imagenet).DEFAULT
        weights: dict[str, Tensor] = chosen.get_state_dict(progress=True, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise UsageError(f"model.init imagenet: the weights cannot be had ({error})") from error
    return weights


def load_into(model: FerModel, weights: Mapping[str, Tensor]) -> InitReport:
    """Copy every tensor that has its place in `model`. Raises UsageError when none has.

    A first convolution over colours becomes one over grey by the sum over its colours, which
    gives the same answer to a grey picture.
    """
    state = model.state_dict()
    taken: dict[str, Tensor] = {}
    skipped: list[str] = []
    for name, value in weights.items():
        place = next((p + name for p in PREFIXES if p + name in state), None)
        if place is None:
            skipped.append(f"{name}: unknown")
            continue
        wanted = state[place]
        if value.ndim == wanted.ndim == 4 and wanted.shape[1] == 1 and value.shape[1] == 3:
            value = value.sum(dim=1, keepdim=True)
        if value.shape != wanted.shape:
            skipped.append(f"{name}: {tuple(value.shape)} instead of {tuple(wanted.shape)}")
            continue
        taken[place] = value.to(wanted.dtype)
    if not taken:
        raise UsageError(
            "model.init: none of the weights fits this network",
            f"It expects names such as {', '.join(list(state)[:3])}.",
        )
    model.load_state_dict(taken, strict=False)
    missing = tuple(name for name in state if name not in taken)
    return InitReport(tuple(taken), missing, tuple(skipped))
