"""The next batches are read while the network works on this one."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from trainer.data.crops import Crops

Sample = tuple[Tensor, Tensor, Tensor]


def load_batches(
    crops: Crops, batches: Iterable[Tensor], threads: int, device: torch.device
) -> Generator[Sample]:
    """Pixels (B, S, S) uint8, landmarks (B, 68, 2) and targets (B, K) of each batch of rows (B,).

    In order. `threads` batches are prepared ahead: threads, because OpenCV does not hold the GIL.
    For a GPU `device` they lie in memory that it copies from by itself.
    """

    def load(rows: Tensor) -> Sample:
        pixels, landmarks, targets = crops.pixels[rows], crops.landmarks[rows], crops.targets[rows]
        if device.type == "cuda":
            return pixels.pin_memory(), landmarks.pin_memory(), targets.pin_memory()
        return pixels, landmarks, targets

    with ThreadPoolExecutor(threads, thread_name_prefix="loader") as pool:
        ahead: deque[Future[Sample]] = deque()
        for rows in batches:
            ahead.append(pool.submit(load, rows))
            if len(ahead) > threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
