"""Agreement of two maps against formulas."""

import math

import numpy as np
import pytest

from ferapp.vision.map_agreement import map_correlation, map_difference, resample_map

CROP = np.array([[0.5, 0, -10], [0, 0.5, -20]], np.float32)  # half the frame's size


def test_the_correlation_is_numpys() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 9, 9)).astype(np.float32)
    b += 0.5 * a
    expected = np.corrcoef(a.ravel(), b.ravel())[0, 1]
    assert map_correlation(a, b) == pytest.approx(expected, abs=1e-6)
    assert map_correlation(a, 3 * a + 1) == pytest.approx(1)
    assert map_correlation(a, -a) == pytest.approx(-1)


def test_locations_that_one_map_lacks_do_not_count() -> None:
    a = np.arange(16, dtype=np.float32).reshape(4, 4)
    b = a.copy()
    b[0] = -100  # would spoil it
    lacking = b.copy()
    lacking[0] = np.nan
    assert map_correlation(a, b) < 0.9
    assert map_correlation(a, lacking) == pytest.approx(1)


def test_a_map_without_contrast_has_no_correlation() -> None:
    a = np.arange(4, dtype=np.float32).reshape(2, 2)
    assert math.isnan(map_correlation(a, np.zeros_like(a)))
    assert math.isnan(map_correlation(a, np.full_like(a, np.nan)))


def test_the_difference_is_that_of_the_maps_by_their_peaks() -> None:
    a = np.array([[4, 0], [-2, 1]], np.float32)
    b = np.array([[0, -10], [-5, np.nan]], np.float32)
    difference = map_difference(a, b)
    np.testing.assert_allclose(difference[:1], [[1, 1]])
    assert difference[1, 0] == 0  # −1/2 in both
    assert math.isnan(difference[1, 1])
    np.testing.assert_array_equal(map_difference(a, np.zeros_like(a)), a / 4)
    np.testing.assert_array_equal(map_difference(a, 7 * a), np.zeros_like(a))


def test_a_map_of_the_same_crop_stays_as_it_is() -> None:
    values = np.random.default_rng(1).normal(size=(6, 6)).astype(np.float32)
    np.testing.assert_array_equal(resample_map(values, CROP, CROP.copy(), 6), values)


def test_a_ramp_over_the_frame_is_the_same_ramp_in_every_crop() -> None:
    """The map's value at a frame pixel (x, y) is x + 10 y, whatever the crop."""

    def ramp(from_frame: np.ndarray, size: int) -> np.ndarray:
        to_frame = np.linalg.inv(np.vstack([from_frame, [0, 0, 1]]))
        rows, columns = np.mgrid[:size, :size]
        x, y, _ = np.tensordot(to_frame, np.stack([columns, rows, np.ones_like(rows)]), 1)
        return np.asarray(x + 10 * y, np.float32)

    turned = np.array([[0.6, 0.3, -30], [-0.3, 0.6, -5]], np.float32)
    resampled = resample_map(ramp(CROP, 40), CROP, turned, 30)
    inside = np.isfinite(resampled)
    assert 0.2 < inside.mean() < 1  # the crops overlap in part
    # half a pixel beyond the outermost centres the edge is repeated
    near = np.abs(resampled - ramp(turned, 30))[inside]
    assert np.quantile(near, 0.9) < 1e-2


def test_outside_its_own_crop_a_map_says_nothing() -> None:
    ones = np.ones((4, 4), np.float32)
    moved = CROP.copy()
    moved[:, 2] += [2, 0]  # the other crop begins two pixels further left
    resampled = resample_map(ones, CROP, moved, 4)
    assert np.isnan(resampled[:, :2]).all()
    assert (resampled[:, 2:] == 1).all()
