"""Measures how fast a configuration trains on this machine."""

import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import torch

from trainer.config.train_config import TrainConfig
from trainer.device import resolve_device
from trainer.errors import UsageError
from trainer.models.registry import find_network
from trainer.training.loop_bench import noise_data
from trainer.training.run_dir import RunDir
from trainer.training.trainer import Trainer

SECONDS = 5.0
MAX_BATCH = 32  # pictures a step, so that a large network's step ends while a person waits
STEPS, EPOCHS = 8, 1000  # steps that are read ahead at once, and more epochs than there is time for


def training_speed(config: TrainConfig, device_name: str = "auto") -> float:
    """Pictures per second of whole steps on noise: loading, augmentation, both passes, update.

    Steps are counted for `SECONDS`, and at least one, after one in which kernels are chosen. The
    initial weights are random, since their values cost nothing. Validation is not measured. Raises
    UsageError for clips' networks.
    """
    if find_network(config.model.name).reads_clips:
        raise UsageError(f"{config.model.name} learns from clips, which are not timed")
    device = resolve_device(device_name)
    batch = min(config.optim.batch_size, MAX_BATCH)
    timed = config.model_copy(
        update={
            "model": config.model.model_copy(update={"init": "", "keep_init": False}),
            "optim": config.optim.model_copy(update={"batch_size": batch, "epochs": EPOCHS}),
        }
    )
    side = config.data.crop_size
    shape = (STEPS * batch + 1, side, side)
    pictures = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        run = RunDir(Path(folder) / "bench")
        run.path.mkdir()
        with closing(Trainer(run, "bench", timed, noise_data(pictures))) as trainer:
            trainer.train_until(1)
            steps, began = 0, time.perf_counter()
            while time.perf_counter() - began < SECONDS:
                trainer.train_until(trainer.state.step + 1)
                steps += 1
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            return steps * batch / (time.perf_counter() - began)
