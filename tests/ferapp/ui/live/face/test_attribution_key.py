"""The key explains the colours of the map, in these colours."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.overlays import palette
from ferapp.overlays.colour_maps import MAP_PALETTES
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.live.face.attribution_key import AttributionKey
from ferapp.ui.widgets import theme
from tests.support.ui.picture import pixels, rgb


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


def over_a_face(colour: NDArray[np.uint8], opacity: float) -> NDArray[np.float64]:
    return np.asarray(opacity * colour + (1 - opacity) * np.array(rgb(palette.FACE_GREY)))


@pytest.mark.parametrize("name", MAP_PALETTES)
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("look", ["dark", "light"])
def test_the_colours_are_those_of_the_map_over_a_face(
    key: AttributionKey, qapp: QApplication, name: str, signed: bool, look: theme.Mode
) -> None:
    """In the light theme weak values would be white, which they never are on a picture."""
    theme.apply_theme(qapp, look)
    key.show_map(OverlayStyle(palette=name, signed=signed, opacity=0.7), "Happy", "Happy")
    row = pixels(key)[4]
    theme.apply_theme(qapp, "dark")
    ramp = MAP_PALETTES[name].signed if signed else MAP_PALETTES[name].strength
    ends = ramp(np.array([-1, 1], np.float32))
    np.testing.assert_allclose(row[-5], over_a_face(ends[1], 0.7), atol=20)
    np.testing.assert_allclose(row[5], over_a_face(ends[0], 0.7 if signed else 0.0), atol=20)
    if signed:
        np.testing.assert_allclose(row[110], rgb(palette.FACE_GREY), atol=4)


@pytest.mark.parametrize("method", ["gradcam", "gradcam_pp", "layercam", "action_units"])
def test_a_one_sided_map_has_a_one_sided_key(key: AttributionKey, method: str) -> None:
    key.show_map(OverlayStyle(method=method, full_scale=0.25), "Happy", "Happy")
    assert key.ends()[0] == ""
    assert key.ends()[1].endswith("Happy")
    assert key.numbers()[0] == "0"
    assert "against it.\nLeft" not in key.toolTip()
    row = pixels(key)[4]
    np.testing.assert_allclose(row[5], rgb(palette.FACE_GREY), atol=12)
    assert all(row[x][0] > row[x][2] for x in (60, 160))  # warm from end to end


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
    np.testing.assert_allclose(row[-5], over_a_face(end, look.opacity), atol=20)
    assert row[90][0] > row[90][2] + 12  # red, where a signed key is blue
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
