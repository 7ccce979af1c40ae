"""Signed values to colours, without Qt."""

import numpy as np
import pyqtgraph as pg
import pytest

from ferapp.overlays import colour_maps


def test_scaled_by_the_largest_magnitude() -> None:
    out = colour_maps.normalise_map(np.array([[-4.0, 2.0], [1.0, np.nan]], np.float32))
    np.testing.assert_allclose(out, [[-1.0, 0.5], [0.25, 0.0]])


def test_a_map_of_zeros_is_invisible() -> None:
    zeros = np.zeros((4, 4), np.float32)
    assert not colour_maps.attribution_image(colour_maps.normalise_map(zeros), 1.0).any()


def test_positive_is_warm_and_negative_is_cool() -> None:
    values = np.linspace(0.2, 1, 9, dtype=np.float32)
    warm, cool = (
        colour_maps.warm_cool_ramp(values).astype(int),
        colour_maps.warm_cool_ramp(-values).astype(int),
    )
    assert (warm[:, 0] > warm[:, 2]).all()
    assert (cool[:, 2] > cool[:, 0]).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_lightness_rises_with_the_magnitude(sign: int) -> None:
    values = sign * np.linspace(0.01, 1, 50, dtype=np.float32)
    luma = colour_maps.warm_cool_ramp(values) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(luma) > -0.5).all()
    assert luma[-1] - luma[0] > 120


def test_colour_tables_are_those_of_pyqtgraph() -> None:
    for name, table in colour_maps.colour_tables().items():
        expected = pg.colormap.get(name).getLookupTable(0, 1, 256)
        np.testing.assert_array_equal(table, expected, name)


def test_alpha_follows_magnitude_and_opacity() -> None:
    values = np.array([[0.0, 0.5], [-1.0, 1.0]], np.float32)
    alpha = colour_maps.attribution_image(values, 0.6)[..., 3]
    np.testing.assert_allclose(alpha, [[0, 76], [153, 153]], atol=1)
    assert not colour_maps.attribution_image(values, 0.0).any()


def test_a_map_fades_out_over_its_last_tenth() -> None:
    ones = np.ones((200, 200), np.float32)
    plain, faded = (colour_maps.attribution_image(ones, 0.6, fades=on) for on in (False, True))
    np.testing.assert_array_equal(faded[20:180, 20:180], plain[20:180, 20:180])
    alpha = faded[..., 3].astype(int)
    for edge in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]):
        assert not edge.any()
    ramp = alpha[100, :21]
    assert (np.diff(ramp) >= 0).all()
    assert np.diff(ramp).max() < 0.1 * 153  # no step that is seen
    assert ramp[10] == pytest.approx(153 / 2, abs=3)
    assert alpha[4, 4] < alpha[4, 100]  # corners are round
    hue = faded[100, 10, :3] / faded[100, 10, 3]  # the colour of a value stays its own
    np.testing.assert_allclose(hue, plain[100, 10, :3] / 153, atol=0.02)


def test_colours_are_premultiplied() -> None:
    values = np.linspace(-1, 1, 81, dtype=np.float32).reshape(9, 9)
    image = colour_maps.attribution_image(values, 0.5)
    assert (image[..., :3].max(axis=-1) <= image[..., 3]).all()


def test_upsampling_keeps_the_position_of_a_peak() -> None:
    values = np.zeros((12, 12), np.float32)
    values[3, 7] = 1.0
    out = colour_maps.upsample_map(values, 5)
    assert out.shape == (60, 60)
    row, column = np.unravel_index(out.argmax(), out.shape)
    assert (row, column) == (3 * 5 + 2, 7 * 5 + 2)


def test_upsampling_keeps_constants_and_ramps() -> None:
    flat = np.full((6, 6), 0.3, np.float32)
    np.testing.assert_allclose(colour_maps.upsample_map(flat, 4), 0.3, atol=1e-6)
    ramp = np.tile(np.linspace(0, 0.9, 10, dtype=np.float32), (10, 1))
    out = colour_maps.upsample_map(ramp, 2)[10, 4:-4]
    np.testing.assert_allclose(np.diff(out), 0.05, atol=1e-5)
