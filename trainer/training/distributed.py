"""One training run in several processes, started by `torchrun`.

Gradients are averaged after the backward pass. DistributedDataParallel would do so meanwhile, but
it sees a model's forward() only: PAL differentiates twice, and center loss reads inner maps.
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
    """The processes of a run; this one is number `rank` of `size`. Alone, nothing is exchanged."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes the run's files and speaks to the user."""
        return self.rank == 0

    def total(self, value: Tensor) -> Tensor:
        """The sum over all processes."""
        if self.size > 1:
            value = value.clone()
            dist.all_reduce(value)
        return value

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by the sum of all processes', in one exchange a type."""
        if self.size == 1:
            return
        of_type: dict[torch.dtype, list[Tensor]] = {}
        for parameter in parameters:
            if parameter.requires_grad:
                if parameter.grad is None:  # this process had no sample in the step
                    parameter.grad = torch.zeros_like(parameter)
                of_type.setdefault(parameter.dtype, []).append(parameter.grad)
        for gradients in of_type.values():
            flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
            dist.all_reduce(flat)
            parts = torch.split(flat, [gradient.numel() for gradient in gradients])
            for gradient, part in zip(gradients, parts, strict=True):
                gradient.copy_(part.view_as(gradient))

    def mean_buffers(self, model: nn.Module) -> None:
        """Average what each process measured on its own samples: BatchNorm's statistics."""
        if self.size > 1:
            for buffer in model.buffers():
                if buffer.is_floating_point():
                    dist.all_reduce(buffer)
                    buffer /= self.size

    def any(self, value: bool) -> bool:
        """Whether it is true in some process."""
        return value if self.size == 1 else bool(self.total(torch.tensor(float(value))))

    def share(self, value: T) -> T:
        """The value that the leading process has."""
        if self.size > 1:
            box = [value]
            dist.broadcast_object_list(box)
            value = box[0]
        return value

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """First the leading process does what follows, then the others."""
        if self.size > 1 and not self.leads:
            dist.barrier()
        yield
        if self.size > 1 and self.leads:
            dist.barrier()


@contextmanager
def joined() -> Iterator[World]:
    """The processes that `torchrun` started, by the variables it sets; this one alone without.

    They part at the end. Python's own end would find threads of gloo alive, and one time in ten
    abort a process that had done everything right.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield World()
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    # gloo for what lies on the CPU: flags, paths
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    # long, for the others wait while one prepares the data
    dist.init_process_group(backend, timeout=timedelta(hours=12))
    try:
        yield World(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()
