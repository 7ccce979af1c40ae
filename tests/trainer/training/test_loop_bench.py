"""The speed of the training loop, and the plain loop that it is compared with."""

import numpy as np
import pytest
import torch

from trainer.config.loading import load_config
from trainer.config.train_config import TrainConfig
from trainer.training import loop_bench
from trainer.training.loop_bench import bench_loop
from trainer.training.plain_loop import PlainLoop, PlainPictures

SMALL = (
    "model.options={widths = [16], blocks = [1]}",
    "optim.batch_size=8",
    "optim.learning_rate=0.05",
    "run.device='cpu'",
)
UNCHANGED = ("flip", "rotation", "scale", "shift", "gamma", "blur", "noise", "erase")
CPU = torch.device("cpu")


def halves(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures that are bright above (0) or below (1), and which."""
    labels = np.arange(count) % 2
    pictures = np.full((count, 48, 48), 40, np.uint8)
    pictures[labels == 0, :24] = 200
    pictures[labels == 1, 24:] = 200
    return pictures, labels


def test_the_bench_compares_loops_in_one_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    def small(device: torch.device, precision: str, rounds: int) -> TrainConfig:
        return load_config(
            None, (*SMALL, f"optim.epochs={rounds + 2}", f"run.precision={precision}")
        )

    monkeypatch.setattr(loop_bench, "_config", small)
    done: list[tuple[int, int]] = []
    bench = bench_loop("cpu", 1, lambda *state: done.append(state))
    assert done == [(0, 1), (1, 1)]
    *ours, plain = bench.loops
    assert [loop.precision for loop in ours] in (["fp32"], ["bf16", "fp32"])
    assert (plain.precision, plain.loading, plain.ratio) == ("fp32", "2 processes", 1)
    for loop in ours:
        assert loop.loading == "2 threads"
        assert loop.ratio == pytest.approx(loop.images_per_second / plain.images_per_second)
    assert bench.loader > max(loop.images_per_second for loop in ours)
    shares = [cost.share for cost in bench.costs]
    assert shares == sorted(shares, reverse=True)
    assert 0.5 < sum(shares) <= 1
    assert "convolution_backward" in [cost.operation for cost in bench.costs]


def test_the_plain_loop_learns() -> None:
    torch.manual_seed(0)
    loop = PlainLoop(*halves(16), load_config(None, SMALL), CPU)
    losses = [loop.train_epoch() for _ in range(6)]
    assert losses[-1] < losses[0] - 0.3


def test_plain_pictures_switched_off_are_the_normalised_centre() -> None:
    off = tuple(f"augment.{name}=0" for name in UNCHANGED)
    pictures, labels = halves(2)
    x, label = PlainPictures(pictures, labels, load_config(None, (*SMALL, *off)))[1]
    assert label == 1
    assert x.shape == (1, 44, 44)
    assert x.mean().abs() < 1e-4
    assert x.std() == pytest.approx(1, abs=0.1)
    assert (x[0, :22] < 0).all()
    assert (x[0, 22:] > 0).all()
