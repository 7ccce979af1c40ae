"""Means of the loss terms since an epoch began, and the content of "step" events."""

import time
from collections.abc import Mapping
from typing import Any

import torch

from trainer.device import memory_mb
from trainer.training.state import StepPlan

EVENT_SECONDS = 2.0  # between two "step" events


class StepLog:
    """Collects the values of steps, and makes an event of them every EVENT_SECONDS."""

    def __init__(self, plan: StepPlan, device: torch.device) -> None:
        self._plan, self._device = plan, device
        self._sums: dict[str, float] = {}  # over the epoch's samples
        self._samples, self._seconds = 0, 0.0  # of the epoch
        self._newest: dict[str, float] = {}  # values of the newest step
        self._began = self._seconds_before = 0.0  # of the steps until the next validation
        self._event_time, self._event_samples = 0.0, 0  # of the last event

    def begin(self, step: int) -> None:
        """Start measuring at `step`, the first one after a validation."""
        if step % self._plan.steps_per_epoch == 0:
            self._sums, self._samples, self._seconds = {}, 0, 0.0
        self._newest, self._seconds_before = {}, self._seconds
        self._began = self._event_time = time.perf_counter()
        self._event_samples = self._samples

    def add(self, step: int, values: Mapping[str, float], rate: float, samples: int) -> None:
        """Add the mean values of step `step` (from 0) over its `samples`."""
        self._samples += samples
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value * samples
        self._newest = {"step": step + 1, **values, "learning_rate": rate}

    def event_if_due(self, steps_done: int, is_last: bool) -> dict[str, Any]:
        """An event with the newest values; empty unless EVENT_SECONDS have passed since the last
        one, or the step `is_last` before a validation.
        """
        now = time.perf_counter()
        self._seconds = self._seconds_before + now - self._began
        if not self._newest or not (is_last or now - self._event_time >= EVENT_SECONDS):
            return {}
        speed = (self._samples - self._event_samples) / (now - self._event_time)
        samples_left = (self._plan.total_steps - steps_done) * self._plan.samples_per_step
        self._event_time, self._event_samples = now, self._samples
        return {
            "event": "step",
            **self._newest,
            "steps": self._plan.total_steps,
            "epoch": self._plan.epoch(steps_done),
            "images_per_second": round(speed, 1),
            "memory_mb": round(memory_mb(self._device), 1),
            "eta_s": round(samples_left * self._seconds / self._samples),
        }

    def means(self) -> dict[str, float]:
        """Means per sample since the epoch began, and its speed."""
        means = {name: total / self._samples for name, total in self._sums.items()}
        return {**means, "images_per_second": round(self._samples / self._seconds, 1)}
