"""The schedule of steps and learning rates."""

import itertools

import pytest

from trainer.config.loading import load_config
from trainer.config.sections import OptimConfig
from trainer.training.distributed import World
from trainer.training.state import StepPlan, learning_rate


@pytest.mark.parametrize(
    ("samples", "batch", "accumulate", "processes", "expected"),
    [(100, 10, 1, 1, 10), (100, 10, 2, 1, 5), (105, 10, 1, 2, 5), (5, 10, 1, 1, 1)],
)
def test_steps_of_an_epoch(
    samples: int, batch: int, accumulate: int, processes: int, expected: int
) -> None:
    config = load_config(None, [f"optim.batch_size={batch}", f"optim.accumulate={accumulate}"])
    assert StepPlan.of(config, samples, World(0, processes)).steps_per_epoch == expected


def test_one_cycle_starts_low_peaks_once_and_ends_near_zero() -> None:
    settings = OptimConfig(learning_rate=0.5, warmup=0.2)
    rates = [learning_rate(step, 100, 10, settings) for step in range(100)]
    assert rates[0] == pytest.approx(0.5 / 25)
    assert max(rates) == rates[20] == pytest.approx(0.5)
    assert rates[-1] < 0.005
    assert all(a < b for a, b in itertools.pairwise(rates[:21]))
    assert all(a > b for a, b in itertools.pairwise(rates[20:]))


def test_step_and_constant_schedules() -> None:
    falling = OptimConfig(schedule="step", step_epochs=5, step_factor=0.2, learning_rate=0.01)
    rates = [learning_rate(epoch * 10, 200, 10, falling) for epoch in range(20)]
    assert rates == pytest.approx([0.01] * 5 + [0.002] * 5 + [0.0004] * 5 + [0.00008] * 5)
    constant = OptimConfig(schedule="constant", learning_rate=0.001)
    assert {learning_rate(step, 100, 10, constant) for step in range(100)} == {0.001}
