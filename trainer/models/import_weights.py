"""Weights published elsewhere into a network of ours: what fits is loaded, the rest is listed."""

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
from trainer.model_index import is_own
from trainer.models.registry import FerModel
from trainer.models.widen import widen_weights

IMAGENET = "imagenet"
CHECKPOINT_KEYS = ("state_dict", "model_state_dict", "model", "net")  # under which weights lie
PREFIXES = ("", "trunk.", "stem.", "stages.")  # of our modules that hold a published trunk


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Tensors by name: loaded, missing from the source, and skipped (with the reason)."""

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
    """Tensors of a .safetensors, torch or TensorFlow.js file, by name; no code in it is executed.

    Raises ModelFileError when it cannot be read.
    """
    if not is_own(path):
        raise ModelFileError(
            f"{path}: other people's models can be run here, and not trained further",
            "Begin with a model of this project, or with a file of weights.",
        )
    if path.suffix == ".json":
        return _read_tensorflow_js(path)
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch's unpickler raises anything on a damaged file
        raise ModelFileError(f"{path}: the weights cannot be read ({error})") from error
    for key in CHECKPOINT_KEYS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise ModelFileError(f"{path}: the file has no named weights")
    weights = {
        str(name).removeprefix("module."): value
        for name, value in content.items()
        if isinstance(value, Tensor)
    }
    if not weights:
        raise ModelFileError(f"{path}: the file has no named weights")
    return weights


def _read_tensorflow_js(manifest: Path) -> dict[str, Tensor]:
    """The tensors of a weights manifest, quantised or not; its files lie in the same folder."""
    weights = {}
    try:
        for group in json.loads(manifest.read_bytes()):
            files = [manifest.parent / Path(name).name for name in group["paths"]]
            content, start = b"".join(file.read_bytes() for file in files), 0
            for entry in group["weights"]:
                tensor, size = _tensorflow_tensor(entry, content, start)
                weights[_torch_name(str(entry["name"]))] = tensor
                start += size
    except Exception as error:  # from any JSON: a value may have any type
        raise ModelFileError(f"{manifest}: the weights cannot be read ({error})") from error
    return weights


def _tensorflow_tensor(entry: dict[str, Any], content: bytes, start: int) -> tuple[Tensor, int]:
    """The tensor that a manifest's entry describes, and its bytes; kernels are (out, in, h, w)."""
    shape, quantisation = entry["shape"], entry.get("quantization")
    if any(type(side) is not int or side < 0 for side in shape):
        raise ValueError(f"{shape} is not a shape")
    dtype = np.dtype(str((quantisation or entry)["dtype"]))
    values = np.frombuffer(content, dtype, math.prod(shape), start).astype(np.float32)
    size = values.size * dtype.itemsize
    if quantisation:
        values = values * np.float32(quantisation["scale"]) + np.float32(quantisation["min"])
    tensor = torch.from_numpy(values.reshape(shape))
    return tensor.permute(3, 2, 0, 1) if tensor.ndim == 4 else tensor, size


def _torch_name(name: str) -> str:
    """`conv/filters`, `scale/weights` and `scale/biases` as torch calls them."""
    name = name.replace("/", ".")
    for theirs, ours in ((".filters", ".weight"), (".weights", ".weight"), (".biases", ".bias")):
        if name.endswith(theirs):
            return name.removesuffix(theirs) + ours
    return name


def imagenet_weights(model: FerModel) -> dict[str, Tensor]:
    """torchvision's ImageNet weights of the trunk of `model`, downloaded if need be.

    Raises UsageError for a network without such weights, or when the download fails.
    """
    if not model.imagenet:
        raise UsageError("model.init imagenet: this network has no ImageNet weights")
    from torchvision.models import get_model_weights

    try:
        source = get_model_weights(model.imagenet).DEFAULT
        weights: dict[str, Tensor] = source.get_state_dict(
            progress=True, check_hash=True, weights_only=True
        )
    except (OSError, RuntimeError) as error:
        raise UsageError(f"model.init imagenet: the download failed ({error})") from error
    return weights


def import_weights(
    model: FerModel, weights: Mapping[str, Tensor], example: Tensor | None = None
) -> ImportReport:
    """Copy every tensor that fits into `model`. Raises UsageError when none does.

    A first convolution over colours becomes one over grey by the sum over its colours, which
    gives the same outputs for a grey picture. Norms published without statistics get those of the
    inputs `example` (B, C, H, W), with unchanged outputs. The weights of a network with the same
    layers and fewer channels are widened.
    """
    state = model.state_dict()
    weights = widen_weights(weights, model) or weights
    fitting: dict[str, Tensor] = {}
    skipped: list[str] = []
    for name, value in weights.items():
        key = next((prefix + name for prefix in PREFIXES if prefix + name in state), None)
        if key is None:
            skipped.append(f"{name}: unknown")
            continue
        own = state[key]
        if value.ndim == own.ndim == 4 and own.shape[1] == 1 and value.shape[1] == 3:
            value = value.sum(dim=1, keepdim=True)
        if value.shape != own.shape:
            skipped.append(f"{name}: {tuple(value.shape)} instead of {tuple(own.shape)}")
            continue
        fitting[key] = value.to(own.dtype)
    if not fitting:
        raise UsageError(
            "model.init: none of the weights fits this network",
            f"It expects names such as {', '.join(list(state)[:3])}.",
        )
    model.load_state_dict(fitting, strict=False)
    norms = [
        module
        for name, module in model.named_modules()
        if isinstance(module, nn.BatchNorm2d)
        and f"{name}.weight" in fitting
        and f"{name}.running_mean" not in fitting
    ]
    if norms:
        if example is None:
            raise UsageError("model.init: these weights need pictures to start from")
        _set_norm_statistics(model, norms, example)
    missing = tuple(name for name in state if name not in fitting)
    return ImportReport(tuple(fitting), missing, tuple(skipped))


@torch.no_grad()
def _set_norm_statistics(model: FerModel, norms: list[nn.BatchNorm2d], example: Tensor) -> None:
    """Give norms that only scale and shift the statistics of their inputs; no output changes."""
    statistics: dict[nn.BatchNorm2d, tuple[Tensor, Tensor]] = {}

    def measure_input(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3))
        statistics[norm] = variance, mean

    for norm in norms:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)  # only scales and shifts
    handles = [norm.register_forward_pre_hook(measure_input) for norm in norms]
    training = model.training
    model.eval()(example)
    model.train(training)
    for handle in handles:
        handle.remove()
    for norm, (variance, mean) in statistics.items():
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.bias.add_(norm.weight * mean)
        norm.weight.mul_((variance + norm.eps).sqrt())
