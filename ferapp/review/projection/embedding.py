"""t-SNE and UMAP of features: minutes for 30,000 faces, so in a process, and cached on disk."""

import hashlib
import importlib.util
import os
import re
import tempfile
import time
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ferapp.runs.child_process import ChildProcess
from ferapp.runs.task_queue import ReportProgress
from trainer.data.array_files import read_array
from trainer.errors import FerError
from trainer.stored_results import mark_used, results_folder

Embedding = Literal["tsne", "umap"]
TITLES: dict[Embedding, str] = {"tsne": "t-SNE", "umap": "UMAP"}
MIN_FACES = 5  # fewer have no neighbours to keep
POLL_S = 0.1
_STEPS = {  # what the libraries print, and the number of steps it counts towards
    "tsne": (re.compile(r"Iteration (\d+)"), 1000),
    "umap": (re.compile(r"Epochs completed: +(\d+)%"), 100),
}


def has_umap() -> bool:
    """Whether the optional umap-learn is installed."""
    return importlib.util.find_spec("umap") is not None


def embedded_positions(
    features: NDArray[np.float16], method: Embedding, report: ReportProgress
) -> NDArray[np.float32]:
    """Positions (N, 2) of features (N, d) in which neighbours stay neighbours.

    Read from the cache where the same features were embedded before. An exception that `report`
    raises ends the process. Raises FerError with the reason when it fails.
    """
    if len(features) < MIN_FACES:
        raise FerError(f"{TITLES[method]} needs at least {MIN_FACES} faces")
    target = _cache_file(features, method)
    try:
        return _read_positions(target, len(features))
    except (OSError, ValueError):
        pass  # not there yet, or damaged
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".features-", dir=target.parent) as folder:
        source = Path(folder) / "features.npy"
        np.save(source, features)
        _run(method, source, target, report)
    return _read_positions(target, len(features))


def _run(method: Embedding, source: Path, target: Path, report: ReportProgress) -> None:
    threads = str(max((os.cpu_count() or 2) - 1, 1))  # one core stays for the window
    process = ChildProcess(
        "ferapp.review.projection.embed",
        [method, str(source), str(target)],
        source.parent,
        # threads that wait for each other would spin on the cores of others
        {"OMP_NUM_THREADS": threads, "OMP_WAIT_POLICY": "PASSIVE"},
    )
    try:
        while (code := process.poll()) is None:
            report(progress_text(method, process.last_output()))
            time.sleep(POLL_S)
    except BaseException:
        process.kill()
        raise
    if code:
        lines = process.last_output().splitlines()
        raise FerError(f"{TITLES[method]} failed: {lines[-1] if lines else f'exit code {code}'}")


def progress_text(method: Embedding, output: str) -> str:
    """A sentence for the user from the last lines that the library printed."""
    pattern, total = _STEPS[method]
    steps = pattern.findall(output)
    if not steps:
        return f"{TITLES[method]}: finding the neighbours of each face…"
    return f"{TITLES[method]}: {100 * int(steps[-1]) // total}\u00a0%"


def _cache_file(features: NDArray[np.float16], method: Embedding) -> Path:
    content = hashlib.sha256(f"{method} {features.shape}".encode())
    content.update(np.ascontiguousarray(features).tobytes())
    return results_folder("projections") / f"{content.hexdigest()[:24]}.npy"


def _read_positions(file: Path, count: int) -> NDArray[np.float32]:
    positions = read_array(file)
    if positions.shape != (count, 2) or not np.isfinite(positions).all():
        raise ValueError(f"{file.name} has no positions of {count} faces")
    mark_used(file)
    return positions.astype(np.float32)
