"""Loads the next batches in threads while the network works on the current one."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import torch
from torch import Tensor

from trainer.data.crops import Crops


class Sample(NamedTuple):
    """One batch: rows (B,) of the crops, pixels (B, S, S) uint8, landmarks (B, 68, 2), targets
    (B, K), valence and arousal (B, 2).
    """

    rows: Tensor
    pixels: Tensor
    landmarks: Tensor
    targets: Tensor
    valence_arousal: Tensor


def load_batches(
    crops: Crops, batches: Iterable[Tensor], threads: int, device: torch.device
) -> Generator[Sample]:
    """The samples of each batch of rows (B,).

    Of each batch of rows (B,), in order, with up to `threads` batches loaded ahead; threads
    suffice, because OpenCV releases the GIL. For a GPU `device` the tensors are in pinned memory.
    """

    def load(rows: Tensor) -> Sample:
        parts = (crops.pixels, crops.landmarks, crops.targets, crops.valence_arousal)
        sample = Sample(rows, *(part[rows] for part in parts))
        if device.type == "cuda":
            return Sample(*(part.pin_memory() for part in sample))
        return sample

    with ThreadPoolExecutor(threads, thread_name_prefix="loader") as pool:
        queue: deque[Future[Sample]] = deque()
        for rows in batches:
            queue.append(pool.submit(load, rows))
            if len(queue) > threads:
                yield queue.popleft().result()
        while queue:
            yield queue.popleft().result()
