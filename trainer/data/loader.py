"""The next batches are read while the network works on this one."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from torch import Tensor

from trainer.data.crops import Crops

Sample = tuple[Tensor, Tensor, Tensor]


def load_batches(crops: Crops, batches: Iterable[Tensor], threads: int) -> Generator[Sample]:
    """Pixels (B, S, S) uint8, landmarks (B, 68, 2) and targets (B, K) of each batch of rows (B,).

    In order. `threads` batches are prepared ahead: threads, because OpenCV does not hold the GIL.
    """

    def load(rows: Tensor) -> Sample:
        return crops.pixels[rows], crops.landmarks[rows], crops.targets[rows]

    with ThreadPoolExecutor(threads, thread_name_prefix="loader") as pool:
        ahead: deque[Future[Sample]] = deque()
        for rows in batches:
            ahead.append(pool.submit(load, rows))
            if len(ahead) > threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
