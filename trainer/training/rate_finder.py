"""The learning rate range test (Smith 2017, Cyclical learning rates, section 3.3).

A few steps train with a rate that grows from step to step. Where it is too small the loss stays,
then it falls, and where the rate is too large it explodes.
"""

import math
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.config.train_config import TrainConfig
from trainer.data.face_data import FaceData
from trainer.training.run_dir import RunDir
from trainer.training.trainer import StepResult, Trainer

STEPS = 100
LOWEST, HIGHEST = 1e-5, 10.0
SMOOTHING = 0.9  # decay of the moving average of the loss
EXPLODED = 4.0  # times the lowest loss: no larger rate is tried
BELOW_LOWEST = 10.0  # the suggestion is the rate of the lowest loss, divided by this
FLAT_STEPS = 5  # a lowest loss within these is the start's: nothing was learned


@dataclass(frozen=True, slots=True)
class RateCurve:
    """Learning rates (S,) and the loss (S,) at each, as it was and smoothed; S at most STEPS."""

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smooth: NDArray[np.float64]

    @property
    def lowest(self) -> int:
        """The step of the lowest smoothed loss."""
        return int(np.argmin(self.smooth))

    @property
    def suggestion(self) -> float | None:
        """A tenth of the rate at the lowest loss, two digits; None where no rate lowers it."""
        if self.lowest < FLAT_STEPS:
            return None
        return float(f"{self.rates[self.lowest] / BELOW_LOWEST:.1e}")

    def sentence(self) -> str:
        if self.suggestion is None:
            return "No learning rate lowers the loss: look at the data and the loss first."
        return (
            f"Try optim.learning_rate={self.suggestion:g}: a tenth of {self.rates[self.lowest]:.2g}"
            ", where the loss is lowest."
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "suggestion": self.suggestion,
            "rates": self.rates.tolist(),
            "losses": self.losses.tolist(),
            "smooth": self.smooth.tolist(),
        }


def rate_curve(rates: list[float], losses: list[float]) -> RateCurve:
    """The curve of the steps so far, with a moving average that is not biased towards its start."""
    smooth, average = [], 0.0
    for step, loss in enumerate(losses, 1):
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        smooth.append(average / (1 - SMOOTHING**step))
    return RateCurve(np.array(rates), np.array(losses), np.array(smooth))


def find_rate(
    config: TrainConfig,
    data: FaceData,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> RateCurve:
    """Train up to STEPS steps as `config` says, but for the rate; nothing is kept.

    `report` gets the steps done and their number. Raises UsageError as a training does.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Trainer(RunDir(Path(folder)), "find-rate", config, data)) as trainer,
    ):
        return _range_test(trainer, report)


def _range_test(trainer: Trainer, report: Callable[[int, int], None]) -> RateCurve:
    state, per_epoch = trainer.state, trainer.plan.steps_per_epoch
    state.train_mode()
    rates: list[float] = []
    losses: list[float] = []
    while state.step < STEPS:
        end = min(STEPS, (state.step // per_epoch + 1) * per_epoch)
        rows_of_steps = trainer.batches.rows_of_steps(state.step, end)
        samples = trainer.batches.load(rows_of_steps)
        for rows in rows_of_steps:
            rate = LOWEST * (HIGHEST / LOWEST) ** (state.step / (STEPS - 1))
            loss = _loss(trainer.train_step(rows, [next(samples) for _ in rows], rate))
            if not math.isfinite(loss):
                samples.close()
                return rate_curve(rates, losses)
            rates.append(rate)
            losses.append(loss)
            report(state.step, STEPS)
            smooth = rate_curve(rates, losses).smooth
            if smooth[-1] > EXPLODED * smooth.min():
                samples.close()
                return rate_curve(rates, losses)
    return rate_curve(rates, losses)


def _loss(result: StepResult) -> float:
    """The mean over the samples of the step."""
    counts = [len(rows) for rows in result.rows]
    values = [float(value["loss"]) for value in result.values]
    return float(np.average(values, weights=counts))
