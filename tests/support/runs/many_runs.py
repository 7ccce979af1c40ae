"""A folder of made-up runs, as files that trainings write: nothing in them was measured."""

import json
import time
from pathlib import Path

import numpy as np

from tests.support.runs.run_files import DEAD
from trainer.config.loading import load_config
from trainer.training.run_dir import RunDir

PER_EPOCH, SAMPLES = 20, 3589
NAMES = ("default", "compact", "pal-strong", "twin", "no-mixup", "long")
ENDS = ("done", "done", "done", "stopped", "failed", "")  # "": killed


def make_many_runs(folder: Path, count: int, epochs: int = 30) -> list[RunDir]:
    """`count` runs with made-up events of `epochs` epochs, the first the oldest."""
    draw = np.random.default_rng(0)
    heads = {
        rate: load_config(None, (f"optim.learning_rate={rate}",)).model_dump()
        for rate in (0.1, 0.03, 0.01)
    }
    runs = []
    for number in range(count):
        day, of_day = divmod(number, 20)
        name = NAMES[number % len(NAMES)]
        run = RunDir(folder / f"202611{day + 1:02d}-1{of_day // 5}{of_day % 5}000-{name}")
        run.path.mkdir(parents=True)
        config = {**heads[(0.1, 0.03, 0.01)[number % 3]]}
        config["run"] = {**config["run"], "seed": number % 5}
        config["optim"] = {**config["optim"], "epochs": epochs}
        run.config.write_text(json.dumps({"name": name, "data": "/made-up", "config": config}))
        run.env.write_text(json.dumps({"pid": DEAD, "time": 100.0}))
        ended, top = ENDS[number % len(ENDS)], float(draw.uniform(0.45, 0.72))
        run.events.write_text("".join(_lines(epochs, top, ended, draw)))
        runs.append(run)
    return runs


def _lines(epochs: int, top: float, ended: str, draw: np.random.Generator) -> list[str]:
    total = epochs * PER_EPOCH
    begun = {
        "event": "run_started", "time": 100.0, "step": 0, "steps": total, "epochs": epochs,
        "pid": DEAD, "parameters": 1_000_000, "val_samples": SAMPLES, "val_data": "made-up",
    }  # fmt: skip
    events, best, best_epoch = [begun], 0.0, 0
    for epoch in range(1, epochs + 1):
        for step in range((epoch - 1) * PER_EPOCH + 1, epoch * PER_EPOCH + 1):
            events.append(made_up_step(step, total, epoch))
        accuracy = top * (1 - np.exp(-epoch / 6)) + float(draw.normal(0, 0.004))
        if accuracy > best:
            best, best_epoch = accuracy, epoch
        events.append(made_up_epoch(epoch, accuracy, best_epoch))
    if ended:
        finished = {"epoch": best_epoch, "temperature": 1.2, "ece": 0.02 + 0.05 * (1 - top)}
        error = "the loss is not a number" if ended == "failed" else ""
        best_model = finished if ended == "done" else {}
        last = {"event": "run_ended", "time": 9e8, "reason": ended, "error": error}
        events.append({**last, "best": best_model, "verdict": ""})
    return [json.dumps(event) + "\n" for event in events]


def made_up_step(step: int, steps: int, epoch: int) -> dict[str, object]:
    loss = 2.0 * float(np.exp(-step / 200))
    return {
        "event": "step", "time": time.time(), "step": step, "steps": steps, "epoch": epoch,
        "loss": loss, "loss_cross_entropy": loss, "learning_rate": 0.1,
        "images_per_second": 200.0, "memory_mb": 512.0, "eta_s": 60,
    }  # fmt: skip


def made_up_epoch(epoch: int, accuracy: float, best_epoch: int) -> dict[str, object]:
    right = np.full(7, accuracy * SAMPLES / 7)
    counts = np.full((7, 7), (1 - accuracy) * SAMPLES / 42)
    np.fill_diagonal(counts, right)
    return {
        "event": "epoch", "time": 100.0 + epoch, "epoch": epoch, "step": epoch * PER_EPOCH,
        "best_epoch": best_epoch, "train_accuracy": accuracy + 0.05, "val_accuracy": accuracy,
        "val_mean_class_accuracy": accuracy - 0.04, "val_macro_f1": accuracy - 0.05,
        "val_ece": 0.06, "val_loss": 1.2, "val_n": SAMPLES,
        "val_confusion": counts.round().astype(int).tolist(),
    }  # fmt: skip
