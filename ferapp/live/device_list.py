"""Where a model can run on this computer. Asks torch, which must be loaded already."""

import os
from typing import TYPE_CHECKING

from ferapp.live.status import DeviceInfo

if TYPE_CHECKING:
    import torch


def list_devices() -> tuple[DeviceInfo, ...]:
    """The CPU first. A CUDA device in use tells its free memory.

    Asking another would open it, which takes some 300 MiB of it.
    """
    import torch

    cores = os.cpu_count() or 1
    found = [DeviceInfo("cpu", f"CPU, {cores} core{'s' * (cores > 1)}")]
    if torch.cuda.is_available():
        found += [
            DeviceInfo(f"cuda:{index}", torch.cuda.get_device_name(index), _free_mb(index))
            for index in range(torch.cuda.device_count())
        ]
    if torch.backends.mps.is_available():
        found.append(DeviceInfo("mps", "Apple GPU"))
    return tuple(found)


def device_name(device: "torch.device") -> str:
    """The name in the list: `cuda` alone is the first."""
    return f"cuda:{device.index or 0}" if device.type == "cuda" else device.type


def give_back_memory() -> None:
    """What a model that was let go had on a GPU: torch keeps it for the next one else."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()  # nothing where torch has not used one


def _free_mb(index: int) -> float | None:
    import torch

    if not torch.cuda.memory_reserved(index):
        return None
    try:
        return float(torch.cuda.mem_get_info(index)[0] // 2**20)
    except RuntimeError:  # it is there, but does not answer
        return None
