"""The learning rate range test (Smith 2017, Cyclical learning rates, section 3.3).

A few steps train with a rate that grows from step to step. Where it is too small the loss stays,
then it falls, and where the rate is too large it explodes.
"""

import math
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from trainer.config.train_config import TrainConfig
from trainer.data.face_data import FaceData
from trainer.training.rate_curve import HIGHEST, LOWEST, STEPS, RateCurve, rate_curve
from trainer.training.run_dir import RunDir
from trainer.training.trainer import StepResult, Trainer

EXPLODED = 4.0  # times the lowest loss: no larger rate is tried
ReportStep = Callable[[int, float, float], None]  # steps done, and the newest one's rate and loss


def find_rate(
    config: TrainConfig,
    data: FaceData,
    report: ReportStep = lambda done, rate, loss: None,
) -> RateCurve:
    """Train up to STEPS steps as `config` says, but for the rate; nothing is kept.

    Raises UsageError as a training does.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Trainer(RunDir(Path(folder)), "find-rate", config, data)) as trainer,
    ):
        return _range_test(trainer, report)


def _range_test(trainer: Trainer, report: ReportStep) -> RateCurve:
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
            report(state.step, rate, loss)
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
