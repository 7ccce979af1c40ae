"""Where a model can run on this computer. Needs torch, which must be imported already."""

import os
from typing import TYPE_CHECKING

from ferapp.live.status import DeviceInfo

if TYPE_CHECKING:
    import torch


def list_devices() -> tuple[DeviceInfo, ...]:
    """The CPU first. Only a CUDA device in use has its free memory.

    Querying another one would open it, which takes some 300 MiB of its memory.
    """
    import torch

    cores = os.cpu_count() or 1
    devices = [DeviceInfo("cpu", f"CPU, {cores} core{'s' * (cores > 1)}")]
    if torch.cuda.is_available():
        devices += [
            DeviceInfo(f"cuda:{index}", torch.cuda.get_device_name(index), _free_mb(index))
            for index in range(torch.cuda.device_count())
        ]
    if torch.backends.mps.is_available():
        devices.append(DeviceInfo("mps", "Apple GPU"))
    return tuple(devices)


def device_name(device: "torch.device") -> str:
    """The name in the list; `cuda` alone is the first one."""
    return f"cuda:{device.index or 0}" if device.type == "cuda" else device.type


def give_back_memory() -> None:
    """Return what released models had on a GPU; otherwise torch keeps it for later ones."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()  # does nothing where torch has used none


def _free_mb(index: int) -> float | None:
    import torch

    if not torch.cuda.memory_reserved(index):
        return None
    try:
        return float(torch.cuda.mem_get_info(index)[0] // 2**20)
    except RuntimeError:  # it exists, but does not respond
        return None
