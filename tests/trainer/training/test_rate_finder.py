"""The learning rate range test: its suggestion from a known curve, and on drawn faces."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tests.support.trainer.drawn import drawn_data
from tests.support.trainer.plain_runs import SETS
from trainer.cli.commands import main
from trainer.config.loading import load_config
from trainer.data.face_data import save
from trainer.training.rate_curve import HIGHEST, LOWEST, SMOOTHING, STEPS, rate_curve
from trainer.training.rate_finder import find_rate


def test_the_suggestion_is_a_tenth_of_the_rate_with_the_lowest_loss() -> None:
    rates = np.geomspace(1e-5, 10, 61)
    losses = np.log10(rates / 0.1) ** 2 + 1  # a bowl around 0.1
    curve = rate_curve(rates.tolist(), losses.tolist())
    assert curve.suggestion is not None
    # smoothing over about ten steps moves the bowl to the right by as many
    assert math.log10(0.01) < math.log10(curve.suggestion) < math.log10(0.1)
    assert f"{curve.suggestion:g}" in curve.sentence()


def test_the_average_has_no_bias_towards_zero() -> None:
    curve = rate_curve([1e-3, 1e-2], [2.0, 4.0])
    assert curve.smooth[0] == pytest.approx(2.0)
    assert curve.smooth[1] == pytest.approx((2 * SMOOTHING + 4) / (SMOOTHING + 1))


def test_without_a_fall_there_is_no_suggestion() -> None:
    curve = rate_curve(np.geomspace(1e-5, 10, 50).tolist(), np.linspace(2, 8, 50).tolist())
    assert curve.suggestion is None
    assert "No learning rate lowers the loss" in curve.sentence()


def test_rates_grow_by_a_factor_until_the_loss_explodes() -> None:
    done: list[int] = []
    curve = find_rate(load_config(None, SETS), drawn_data(4), lambda step, *_: done.append(step))
    assert curve.rates[0] == LOWEST
    ratio = (HIGHEST / LOWEST) ** (1 / (STEPS - 1))
    np.testing.assert_allclose(curve.rates[1:] / curve.rates[:-1], ratio)
    assert done == list(range(1, len(curve.rates) + 1))
    assert len(curve.rates) <= STEPS
    assert curve.losses[0] == pytest.approx(math.log(7), abs=0.5)  # a network that guesses
    assert np.isfinite(curve.losses).all()


def test_the_command_prints_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(drawn_data(4), tmp_path / "data")
    sets = [part for each in SETS for part in ("--set", each)]
    out = tmp_path / "curve.png"
    arguments = ["--data", str(tmp_path / "data"), *sets, "--out", str(out), "--json"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["fertrain", "find-rate", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(printed["rates"]) == len(printed["losses"]) <= STEPS
    assert out.read_bytes().startswith(b"\x89PNG")
