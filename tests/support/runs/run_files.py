"""Run directories made from events, and processes that look like trainings."""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from trainer.config.loading import load_config
from trainer.training.run_dir import RunDir

DEAD = 2**22 + 1  # above every possible process id


def make_run(
    folder: Path,
    events: list[dict[str, Any]],
    name: str = "20261124-101500-x",
    data: str = "/data",
    sets: tuple[str, ...] = (),
) -> RunDir:
    run = RunDir(folder / name)
    run.path.mkdir(parents=True)
    config = load_config(None, sets)
    head = {"name": "x", "data": data, "config": config.model_dump()}
    run.config.write_text(json.dumps(head))
    run.env.write_text(json.dumps({"pid": DEAD}))
    run.events.write_text("".join(json.dumps(event) + "\n" for event in events))
    return run


def started(
    step: int = 0, pid: int = DEAD, host: str = platform.node(), time: float = 100.0
) -> dict[str, Any]:
    return {
        "event": "run_started", "time": time, "step": step, "steps": 300, "epochs": 30,
        "pid": pid, "host": host,
    }  # fmt: skip


def step(number: int, loss: float = 1.0) -> dict[str, Any]:
    return {
        "event": "step", "time": 100.0 + number, "step": number, "epoch": 1 + (number - 1) // 10,
        "loss": loss, "loss_cross_entropy": loss, "learning_rate": 0.1, "images_per_second": 200.0,
        "memory_mb": 512.0, "eta_s": 60,
    }  # fmt: skip


def epoch(number: int, accuracy: float) -> dict[str, Any]:
    return {
        "event": "epoch", "time": 100.0 + 10 * number, "epoch": number, "step": 10 * number,
        "train_accuracy": 0.5, "val_accuracy": accuracy, "val_mean_class_accuracy": accuracy - 0.1,
        "val_confusion": np.eye(7, dtype=int).tolist(),
    }  # fmt: skip


@contextmanager
def running_process(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process with these words in its command line, until the end of the block."""
    waits = "import sys; print(flush=True); sys.stdin.read()"
    child = subprocess.Popen(
        [sys.executable, "-c", waits, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        child.stdout.readline()  # before that its command line is its parent's
        yield child
    finally:
        child.communicate()


def running_training(*more: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """A process whose command line looks like a training."""
    return running_process("train", *more)
