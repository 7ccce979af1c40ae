"""The device to compute on, its precision, memory and memory format. Imports torch on use."""

import re
from typing import TYPE_CHECKING

from trainer.errors import UsageError

if TYPE_CHECKING:
    import torch
    from torch import nn


DEVICE_PATTERN = r"^(auto|cpu|mps|cuda(:\d+)?)$"


def check_device_name(name: str) -> None:
    """Raise UsageError for what names no device, without loading torch."""
    if not re.match(DEVICE_PATTERN, name):
        raise UsageError(f"unknown device {name!r}", "Known: auto, cpu, cuda[:N], mps.")


def resolve_device(name: str) -> "torch.device":
    """The device named `auto`, `cpu`, `cuda[:N]` or `mps`. Raises UsageError without one."""
    import torch

    check_device_name(name)
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"the device {name} is not available",
            f"{torch.cuda.device_count()} CUDA devices were found.",
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UsageError("the device mps is not available")
    return device


def autocast_dtype(device: "torch.device", precision: str) -> "torch.dtype | None":
    """bfloat16 if `precision` is bf16, or auto and the device is faster with it; else None."""
    import torch

    if precision == "fp32":
        return None
    if precision == "bf16":
        return torch.bfloat16
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else None
    if device.type == "cpu":
        return torch.bfloat16 if cpu_has_bf16() else None
    return None


def cpu_has_bf16() -> bool:
    """Whether bf16 trains faster than fp32: with AMX, or with AVX-512 BF16 on other than Intel's.

    AMD's AVX-512 BF16 trains 1.8 × as fast as fp32. Intel's, where a virtual machine hides AMX,
    0.65 × as fast: convolutions take twice as long as in fp32.
    """
    import torch

    capabilities = torch.cpu.get_capabilities()
    if capabilities.get("amx_tile"):
        return True
    is_intel = str(capabilities.get("cpu_name")).startswith("Intel")
    return bool(capabilities.get("avx512_bf16")) and not is_intel


def memory_mb(device: "torch.device") -> float:
    """MiB of this process: the peak so far on a CUDA device, else resident memory."""
    import psutil
    import torch

    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return float(psutil.Process().memory_info().rss) / 2**20


def memory_format(model: "nn.Module", device: "torch.device") -> "torch.memory_format":
    """channels_last, which is faster, where it is safe.

    torch 2.15's CPU convolutions corrupt the heap in the backward pass with channels_last, odd
    batch sizes and channel counts that are not multiples of 16 (seen with 8 → 16 and 12 → 24
    channels, two threads).
    """
    import torch
    from torch import nn

    if device.type == "cpu":
        counts = [
            count
            for module in model.modules()
            if isinstance(module, nn.Conv2d)
            for count in (module.in_channels, module.out_channels)
        ]
        if any(count % 16 for count in counts[1:]):
            return torch.contiguous_format
    return torch.channels_last
