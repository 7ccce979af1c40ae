"""PQ and HLG to 8 bits, against the formulas of the standards."""

import numpy as np
import pytest

from ferapp.sources.decoding.tone_mapping import (
    HLG_PEAK,
    KNEE,
    REFERENCE_WHITE,
    hlg_scene_light,
    pq_light,
    srgb_signal,
    tone_curve,
    tone_map,
)


def pixel(signal: float) -> np.ndarray:
    return np.full((1, 1, 3), round(signal * 65535), np.uint16)


def test_pq_of_known_lights() -> None:
    """Values of ITU-R BT.2408, table 1, and the ends."""
    signals = np.array([0.0, 0.38, 0.58, 0.75, 1.0])
    np.testing.assert_allclose(pq_light(signals), [0, 26, 203, 983, 10_000], rtol=0.03)


def test_hlg_of_known_lights() -> None:
    """ITU-R BT.2100: a signal of one half is a twelfth; BT.2408: reference white is at 75 %."""
    light = hlg_scene_light(np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(light, [0, 1 / 12, 1], atol=1e-6)
    white = HLG_PEAK * hlg_scene_light(np.array([0.75])) ** 1.2
    assert white[0] == pytest.approx(REFERENCE_WHITE, rel=0.01)


def test_the_curve_keeps_mid_tones_and_never_clips() -> None:
    light = np.linspace(0, 50, 1000)
    shown = tone_curve(light)
    np.testing.assert_allclose(shown[light <= KNEE], light[light <= KNEE])
    assert (np.diff(shown) >= 0).all()
    assert shown.max() <= 1
    steps = tone_curve(np.array([KNEE - 1e-4, KNEE, KNEE + 1e-4]))
    assert np.diff(steps) == pytest.approx([1e-4, 1e-4], rel=1e-2)  # no bend at the knee


@pytest.mark.parametrize("signal", [0.1, 0.3, 0.38, 0.45, 0.58])
def test_grey_in_pq(signal: float) -> None:
    light = pq_light(np.array([signal])) / REFERENCE_WHITE
    expected = 255 * srgb_signal(tone_curve(light))
    assert np.abs(tone_map(pixel(signal), "PQ") - expected).max() <= 1.5


@pytest.mark.parametrize("signal", [0.1, 0.38, 0.5, 0.75])
def test_grey_in_hlg(signal: float) -> None:
    light = HLG_PEAK / REFERENCE_WHITE * hlg_scene_light(np.array([signal])) ** 1.2
    expected = 255 * srgb_signal(tone_curve(light))
    assert np.abs(tone_map(pixel(signal), "HLG") - expected).max() <= 1.5


@pytest.mark.parametrize("transfer", ["PQ", "HLG"])
def test_black_white_and_hue(transfer: str) -> None:
    assert tone_map(pixel(0), transfer).max() == 0  # type: ignore[arg-type]
    assert tone_map(pixel(1), transfer).min() >= 254  # type: ignore[arg-type]
    red = np.array([[[13_000, 13_000, 26_000]]], np.uint16)
    blue, green, shown = tone_map(red, transfer)[0, 0].astype(int)  # type: ignore[arg-type]
    assert shown > green + 40
    assert shown > blue + 40
