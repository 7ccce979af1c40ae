"""Smoothed probabilities follow their time constant, face by face."""

from pathlib import Path

import numpy as np
import pytest

from ferapp.vision.hidden_areas import hide_parts
from ferapp.vision.smoothing import Smoothing

STEP_S = 1 / 15


def test_smoothing_follows_its_time_constant() -> None:
    smoothing = Smoothing()
    low, high = np.zeros(7, np.float32), np.ones(7, np.float32)
    smoothing.smooth(0, low, 0.0, 0.3)
    after = smoothing.smooth(0, high, 0.3, 0.3)
    assert after == pytest.approx(np.full(7, 1 - np.exp(-1)), rel=1e-5)
    assert smoothing.smooth(0, high, 0.4, 0.0) == pytest.approx(high)  # 0 switches it off


def test_each_face_is_smoothed_separately_and_with_hidden_parts_too() -> None:
    smoothing = Smoothing()
    low, high = np.zeros(7, np.float32), np.ones(7, np.float32)
    smoothing.smooth(0, low, 0.0, 0.3)
    assert smoothing.smooth(1, high, 0.1, 0.3) == pytest.approx(high)
    assert smoothing.smooth(0, high, 0.1, 0.3, hide_parts({"mouth"})) == pytest.approx(high)
    assert smoothing.smooth(0, low, 0.1, 0.3) == pytest.approx(low)


def test_another_model_is_not_blended_with_the_one_before() -> None:
    smoothing = Smoothing()
    low, high = np.zeros(7, np.float32), np.ones(7, np.float32)
    smoothing.use_model(Path("one"), "trained")
    smoothing.smooth(0, low, 0.0, 0.3)
    smoothing.use_model(Path("one"), "trained")
    assert smoothing.smooth(0, high, 0.0, 0.3) == pytest.approx(low)  # the same moment
    smoothing.use_model(Path("two"), "trained")
    assert smoothing.smooth(0, high, 0.0, 0.3) == pytest.approx(high)
