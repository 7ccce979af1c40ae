"""Landmarks of a prepared folder's pictures, detected by worker processes.

Each finished chunk is a file, so that a killed run continues where it stopped.
"""

import multiprocessing
import multiprocessing.util
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.synchronize import Event, Semaphore
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from trainer.data.array_files import read_array
from trainer.data.face_data import FaceData
from trainer.errors import DataError
from trainer.files import write_atomic
from trainer.stop_signals import NUMBERS

if TYPE_CHECKING:
    from trainer.faces.landmarker import FaceLandmarker

CHUNK = 256
REPORT_S = 0.3  # between two reports, at most
DETECTION_CONFIDENCE = 0.3
Progress = Callable[[str, int, int], None]


def detect_landmarks(
    data: FaceData, chunk_folder: Path, workers: int | None, progress: Progress
) -> NDArray[np.float32]:
    """(N, 68, 2) in picture pixels, NaN where no face is detected.

    Raises DataError when a stored chunk is damaged.
    """
    chunk_folder.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(data), CHUNK)
    files = {start: chunk_folder / f"{start:08d}.npy" for start in starts}
    missing = [start for start in starts if not files[start].is_file()]
    stored = min((len(starts) - len(missing)) * CHUNK, len(data))

    def report(detected: int) -> None:
        progress("landmarks", min(stored + detected, len(data)), len(data))

    report(0)
    for start, points in _detect_chunks(data, missing, workers or os.cpu_count() or 1, report):
        write_atomic(files[start], partial(_write_points, points))
    report(len(data))
    try:
        return np.concatenate([read_array(files[start]) for start in starts])
    except (OSError, ValueError) as error:
        raise DataError(
            f"{chunk_folder}: the landmarks detected so far are damaged ({error})",
            "Remove this folder.",
        ) from error


def _detect_chunks(
    data: FaceData, starts: list[int], workers: int, report: Callable[[int], None]
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """`report` gets the number of pictures so far, several times a second: it may raise."""
    if not starts:
        return
    context = multiprocessing.get_context("spawn")
    stopped, detected, count = context.Event(), context.Semaphore(0), 0
    with ProcessPoolExecutor(
        min(workers, len(starts)),
        mp_context=context,
        initializer=_begin_worker,
        initargs=(stopped, detected),
    ) as pool:
        running: dict[Future[NDArray[np.float32]], int] = {}
        waiting = deque(starts)
        try:
            while waiting or running:
                while waiting and len(running) < 2 * workers:  # bounds the pictures in memory
                    start = waiting.popleft()
                    chunk = np.asarray(data.images[start : start + CHUNK])
                    with _workers_leave_main_alone():  # a submission may start one
                        running[pool.submit(_detect_chunk, chunk)] = start
                for future in wait(running, REPORT_S, "FIRST_COMPLETED").done:
                    yield running.pop(future), future.result()
                while detected.acquire(block=False):
                    count += 1
                report(count)
        finally:
            stopped.set()  # chunks in hand end after the picture in hand
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _workers_leave_main_alone() -> Iterator[None]:
    """Processes that are spawned meanwhile do not run the main module once more.

    They need nothing of it, and a script that trains has no `if __name__ == "__main__"`.
    """
    main: dict[str, Any] = vars(sys.modules["__main__"])
    hidden: dict[str, Any] = {n: main.pop(n) for n in ("__file__", "__spec__") if n in main}
    main["__spec__"] = None
    try:
        yield
    finally:
        main.update(hidden)


def _write_points(points: NDArray[np.float32], stream: BinaryIO) -> None:
    np.save(stream, points)


@dataclass(frozen=True, slots=True)
class _Worker:
    landmarker: "FaceLandmarker"
    stopped: Event  # nobody waits for its chunks any more
    detected: Semaphore  # released once for each picture


_worker: list[_Worker] = []  # the one of a worker process


def _begin_worker(stopped: Event, detected: Semaphore) -> None:
    """Close the landmarker as the worker ends: at `atexit` threads can no longer be started."""
    for number in NUMBERS:  # the parent stops its workers
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from trainer.faces.landmarker import FaceLandmarker

    landmarker = FaceLandmarker(min_confidence=DETECTION_CONFIDENCE)
    _worker.append(_Worker(landmarker, stopped, detected))
    multiprocessing.util.Finalize(None, landmarker.close, exitpriority=1)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for its next chunk for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _detect_chunk(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    from trainer.faces.landmarker import face_of_crop

    points = np.full((len(images), 68, 2), np.nan, np.float32)
    for index, image in enumerate(images):
        if _worker[0].stopped.is_set():
            break
        face = face_of_crop(_worker[0].landmarker, image)
        if face is not None:
            points[index] = face.landmarks
        _worker[0].detected.release()
    return points
