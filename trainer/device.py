"""Which device computes, and in which precision."""

import os
from pathlib import Path

import torch
from torch import nn

from trainer.errors import UsageError


def resolve(name: str) -> torch.device:
    """`auto`, `cpu`, `cuda[:N]` or `mps` as a device. Raises UsageError when it is not there."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(
            f"there is no device {name!r}", "Known: auto, cpu, cuda[:N], mps."
        ) from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"the device {name} is not available",
            f"{torch.cuda.device_count()} CUDA devices were found.",
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UsageError("the device mps is not available")
    return device


def autocast_dtype(device: torch.device, precision: str) -> torch.dtype | None:
    """bfloat16 where `precision` allows and the device computes it natively, else None."""
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
    """Whether bf16 trains faster than fp32: 1.8 x with AVX-512 BF16, slower without it or AMX."""
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


def memory_mb(device: torch.device) -> float:
    """MiB that this process holds: the largest amount so far on a GPU, resident on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, ValueError, AttributeError):  # no Linux
        return float("nan")


def memory_format(model: nn.Module, device: torch.device) -> torch.memory_format:
    """channels_last, which is faster, where it is safe.

    torch 2.15's CPU convolutions corrupt the heap in the backward pass with channels_last, odd
    batches and channels that are no multiple of 16 (found with 8 → 16 and 12 → 24, two threads).
    """
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
