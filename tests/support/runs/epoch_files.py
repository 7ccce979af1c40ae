"""The recorded epochs of a run: files with known logits."""

from pathlib import Path

import numpy as np

from ferapp.review.opening import OpenedEvaluation
from tests.support.runs.run_files import make_run, started
from tests.support.ui.inspect_bench import small_opened
from trainer.training.run_dir import RunDir

CLASSES = 7


def made_up_logits(label: np.ndarray, epochs: int, seed: int = 0) -> np.ndarray:
    """(E, N, 7) of a training that gets better: noise, and a label that grows."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(size=(epochs, len(label), CLASSES))
    growth = np.linspace(0.2, 2.0, epochs)[:, None]
    logits[:, np.arange(len(label)), label] += growth
    return logits.astype(np.float32)


def write_samples(run: RunDir, sample_id: np.ndarray, label: np.ndarray) -> None:
    folder = run.path / "epochs"
    folder.mkdir(parents=True, exist_ok=True)
    index = np.arange(len(label))
    np.savez(folder / "samples.npz", sample_id=sample_id, source_index=index, label=label)


def write_epoch(run: RunDir, epoch: int, logits: np.ndarray) -> None:
    np.savez(run.path / "epochs" / f"{epoch:04d}.npz", logits=logits.astype(np.float16))


def run_with_epochs(
    folder: Path, logits: np.ndarray, label: np.ndarray, sample_id: np.ndarray
) -> RunDir:
    """An ended run that has recorded `logits` (E, N, 7) of the epochs 0, 1, …"""
    run = make_run(folder, [started()])
    write_samples(run, sample_id, label)
    for epoch, each in enumerate(logits):
        write_epoch(run, epoch, each)
    return run


def opened_run(run: RunDir, count: int) -> OpenedEvaluation:
    """As if the run had been opened: an evaluation of `count` samples 000, 001, …"""
    return small_opened(str(run.path), count)
