"""One training run in several processes, started by `torchrun`.

Gradients are summed after the backward pass. DistributedDataParallel would overlap the two, but it
sees a model's forward() only: PAL differentiates twice, and center loss reads inner maps.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class World:
    """The processes of a run; this one has number `rank` of `size`. One alone exchanges nothing."""

    rank: int = 0
    size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process validates, writes the run's files and prints."""
        return self.rank == 0

    def sum(self, value: Tensor) -> Tensor:
        """The sum over all processes."""
        if self.size > 1:
            value = value.clone()
            dist.all_reduce(value)
        return value

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its sum over all processes, in one exchange per dtype."""
        if self.size == 1:
            return
        by_dtype: dict[torch.dtype, list[Tensor]] = {}
        for parameter in parameters:
            if parameter.requires_grad:
                if parameter.grad is None:  # this process had no sample in the step
                    parameter.grad = torch.zeros_like(parameter)
                by_dtype.setdefault(parameter.dtype, []).append(parameter.grad)
        for gradients in by_dtype.values():
            flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
            dist.all_reduce(flat)
            sums = torch.split(flat, [gradient.numel() for gradient in gradients])
            for gradient, total in zip(gradients, sums, strict=True):
                gradient.copy_(total.view_as(gradient))

    def average_buffers(self, model: nn.Module) -> None:
        """Average what each process measured on its own samples: BatchNorm's statistics."""
        if self.size > 1:
            for buffer in model.buffers():
                if buffer.is_floating_point():
                    dist.all_reduce(buffer)
                    buffer /= self.size

    def any(self, value: bool) -> bool:
        """Whether `value` is true in some process."""
        return value if self.size == 1 else bool(self.sum(torch.tensor(float(value))))

    def broadcast(self, value: T) -> T:
        """The main process's value."""
        if self.size > 1:
            box = [value]
            dist.broadcast_object_list(box)
            value = box[0]
        return value

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """The main process runs the block first, then all others."""
        if self.size > 1 and not self.is_main:
            dist.barrier()
        yield
        if self.size > 1 and self.is_main:
            dist.barrier()


SINGLE_PROCESS = World()


@contextmanager
def distributed_world() -> Iterator[World]:
    """The processes that `torchrun` started, from its environment variables; else this one alone.

    The process group is destroyed at the end: if threads of gloo still run at interpreter exit, one
    process in ten aborts although its work is done.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield SINGLE_PROCESS
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    # gloo for CPU tensors and objects: flags, paths
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    # long, because the other processes wait while one prepares the data
    dist.init_process_group(backend, timeout=timedelta(hours=12))
    try:
        yield World(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()
