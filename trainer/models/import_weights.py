"""Weights from elsewhere into a network of ours: what fits is taken, the rest is listed."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from trainer.errors import ModelFileError, UsageError
from trainer.models.registry import FerModel
from trainer.models.widen import widen_weights

IMAGENET = "imagenet"
WRAPPERS = ("state_dict", "model_state_dict", "model", "net")  # where checkpoints keep weights
PREFIXES = ("", "trunk.", "stem.", "stages.")  # of our modules that hold a published trunk


@dataclass(frozen=True, slots=True)
class ImportReport:
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
    """Tensors of a .safetensors, torch or TensorFlow.js file, by name; nothing in it is executed.

    Raises ModelFileError when it cannot be read so.
    """
    if path.suffix == ".json":
        return _tensorflow_js(path)
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever torch's unpickler makes of a damaged file
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


def _tensorflow_js(manifest: Path) -> dict[str, Tensor]:
    """Of a weights manifest and the files it names, all in one folder; quantised ones too.

    Kernels become (out, in, height, width), names those of torch.
    """
    weights = {}
    try:
        for group in json.loads(manifest.read_bytes()):
            files = [manifest.parent / Path(name).name for name in group["paths"]]
            content, start = b"".join(file.read_bytes() for file in files), 0
            for entry in group["weights"]:
                packed = entry.get("quantization")
                kind = np.dtype(str((packed or entry)["dtype"]))
                if any(type(side) is not int or side < 0 for side in entry["shape"]):
                    raise ValueError(f"the shape {entry['shape']} is none")
                count = math.prod(entry["shape"])
                values = np.frombuffer(content, kind, count, start).astype(np.float32)
                start += count * kind.itemsize
                if packed:
                    values = values * np.float32(packed["scale"]) + np.float32(packed["min"])
                tensor = torch.from_numpy(values.reshape(entry["shape"]))
                name = str(entry["name"]).replace("/", ".")
                for theirs, ours in ((".filters", ".weight"), (".weights", ".weight")):
                    name = name.removesuffix(theirs) + ours * name.endswith(theirs)
                name = name.removesuffix("es") if name.endswith(".biases") else name
                weights[name] = tensor.permute(3, 2, 0, 1) if tensor.ndim == 4 else tensor
    except Exception as error:  # JSON of anybody: anything may stand where a number should
        raise ModelFileError(f"{manifest}: no weights can be read from it ({error})") from error
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
        weights: dict[str, Tensor] = chosen.get_state_dict(
            progress=True, check_hash=True, weights_only=True
        )
    except (OSError, RuntimeError) as error:
        raise UsageError(f"model.init imagenet: the weights cannot be had ({error})") from error
    return weights


def import_weights(
    model: FerModel, weights: Mapping[str, Tensor], example: Tensor | None = None
) -> ImportReport:
    """Copy every tensor that has its place in `model`. Raises UsageError when none has.

    A first convolution over colours becomes one over grey by the sum over its colours, which
    gives the same answer to a grey picture. Norms that come without statistics (published so for
    prediction alone) get those of the inputs `example` (B, C, H, W), with unchanged outputs. A
    network of the same layers with fewer channels is widened.
    """
    state = model.state_dict()
    weights = widen_weights(weights, model) or weights
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
    norms = [
        module
        for name, module in model.named_modules()
        if isinstance(module, nn.BatchNorm2d)
        and f"{name}.weight" in taken
        and f"{name}.running_mean" not in taken
    ]
    if norms:
        if example is None:
            raise UsageError("model.init: these weights need pictures to start from")
        _measure(model, norms, example)
    return ImportReport(tuple(taken), missing, tuple(skipped))


@torch.no_grad()
def _measure(model: FerModel, norms: list[nn.BatchNorm2d], example: Tensor) -> None:
    """Give norms that scale and shift only the statistics of what they see, changing no output."""
    seen: dict[nn.BatchNorm2d, tuple[Tensor, Tensor]] = {}

    def look(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3))
        seen[norm] = variance, mean

    for norm in norms:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)  # so far it only scales and shifts
    handles = [norm.register_forward_pre_hook(look) for norm in norms]
    training = model.training
    model.eval()(example)
    model.train(training)
    for handle in handles:
        handle.remove()
    for norm, (variance, mean) in seen.items():
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.bias.add_(norm.weight * mean)
        norm.weight.mul_((variance + norm.eps).sqrt())
