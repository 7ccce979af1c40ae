"""The key explains the colours of the map, in these colours."""

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ferapp.overlays.colour_maps import MAP_PALETTES
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.live.face.attribution_key import AttributionKey
from tests.support.ui.picture import pixels


@pytest.fixture
def key(qtbot: QtBot) -> AttributionKey:
    key = AttributionKey()
    qtbot.addWidget(key)
    key.resize(220, key.sizeHint().height())
    return key


def test_against_and_for(key: AttributionKey) -> None:
    key.show_map(OverlayStyle(), "Happy", "Happy")
    assert key.ends() == ("against", "for Happy")
    key.show_map(OverlayStyle(signed=False), "Happy", "Happy")
    assert key.ends() == ("weak", "strong, for Happy")


@pytest.mark.parametrize("name", MAP_PALETTES)
@pytest.mark.parametrize("signed", [True, False])
def test_the_ends_have_the_colours_of_the_map(key: AttributionKey, name: str, signed: bool) -> None:
    key.show_map(OverlayStyle(palette=name, signed=signed), "Happy", "Happy")
    row = pixels(key)[4]
    ramp = MAP_PALETTES[name].signed if signed else MAP_PALETTES[name].strength
    ends = ramp(np.array([-1, 1], np.float32)).astype(int)
    np.testing.assert_allclose(row[-5], ends[1], atol=30)
    if signed:
        np.testing.assert_allclose(row[5], ends[0], atol=30)


@pytest.mark.parametrize("method", ["attention_heads", "landmark_attention", "rollout"])
def test_attention_is_that_of_the_picture_not_of_a_class(key: AttributionKey, method: str) -> None:
    """Its maps have no negative values, so the key shows the positive half of the colours."""
    look = OverlayStyle(method=method, palette="blue_red")
    key.show_map(look, "Happy", "Happy")
    assert key.ends() == ("less attention", "more")
    assert "whatever the expression" in key.toolTip()
    assert "Happy" not in key.toolTip()
    row = pixels(key)[4]
    end = MAP_PALETTES["blue_red"].signed(np.ones(1, np.float32)).astype(int)[0]
    np.testing.assert_allclose(row[-5], end, atol=30)
    assert row[90][0] > row[90][2] + 20  # red, where a signed key is blue
    key.show_map(replace(look, full_scale=0.25), "Happy", "Happy")
    assert key.numbers() == ("0", "", "0.250")
    key.show_map(replace(look, method="grad_x_input"), "Happy", "Happy")
    blue = pixels(key)[4][5]
    assert blue[2] > blue[0]


def test_a_held_scale_is_shown_in_logits(key: AttributionKey) -> None:
    look = OverlayStyle(full_scale=0.3478)
    key.show_map(look, "Happy", "Happy")
    assert key.numbers() == ("−0.348", "logits", "+0.348")
    assert "0.348 logits" in key.toolTip()
    key.show_map(replace(look, signed=False), "Happy", "Happy")
    assert key.numbers() == ("0", "logits", "0.348")
    key.show_map(OverlayStyle(), "Happy", "Happy")
    assert key.numbers() == ("", "", "")
    assert "pictures cannot be compared" in key.toolTip()


@pytest.mark.parametrize(
    ("value", "text"), [(0.03124, "0.0312"), (4.268, "4.27"), (135.4, "135"), (12, "12.0")]
)
def test_scale_values_have_three_digits(key: AttributionKey, value: float, text: str) -> None:
    key.show_map(OverlayStyle(full_scale=value), "Happy", "Happy")
    assert key.numbers()[2] == f"+{text}"


def test_another_class_than_the_chosen_one_is_named(key: AttributionKey) -> None:
    key.show_map(OverlayStyle(), "Happy", "Sad")
    assert key.ends() == ("against", "for Happy")
    assert key.numbers() == ("", "no map for Sad", "")
    assert "Sad was chosen" in key.toolTip()
    assert "no map for Sad" in key.accessibleDescription()


def test_the_overlay_delay_is_in_the_tooltip(key: AttributionKey) -> None:
    key.show_map(OverlayStyle(), "Happy", "Happy")
    assert "age" not in key.toolTip()
    key.show_delay(34.4)
    assert "Overlay delay: 34\u00a0ms" in key.toolTip()
    key.show_delay(None)
    assert "age" not in key.toolTip()
