"""Contrast, and colours that keep apart for every viewer."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

from ferapp.overlays import palette
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.theme import DARK, LIGHT, Theme
from trainer.labels import EXPRESSIONS

# Machado, Oliveira and Fernandes 2009, severity 1: how dichromats see linear RGB
VIEWERS = {
    "trichromat": np.eye(3),
    "protanope": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranope": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanope": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def linear(colour: str) -> NDArray[np.float64]:
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    to_lms = [[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]
    to_lab = [[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]]
    lms = np.array(to_lms) @ np.clip(rgb, 0, 1)
    return np.asarray(np.array(to_lab) @ np.cbrt(lms), dtype=np.float64)


def contrast(one: str, other: str) -> float:
    a, b = (linear(c) @ np.array([0.2126, 0.7152, 0.0722]) for c in (one, other))
    return float((max(a, b) + 0.05) / (min(a, b) + 0.05))


@pytest.mark.parametrize("look", [DARK, LIGHT], ids=lambda t: t.name)
def test_text_is_legible(look: Theme) -> None:
    for ground in (look.window, look.panel, look.raised):
        for text in (look.text, look.muted):
            assert contrast(text, ground) >= 4.5, (text, ground)
    assert contrast(look.warning, look.raised) >= 4.5
    assert contrast(look.on_accent, look.accent) >= 4.5


def test_text_on_the_picture_is_legible() -> None:
    for text in (palette.VIDEO_TEXT, palette.VIDEO_MUTED):
        assert contrast(text, palette.VIDEO_BACKGROUND) >= 4.5
    for plate in palette.FACE_COLOURS:
        assert contrast(palette.ON_FACE_COLOUR, plate) >= 4.5


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("look", [DARK, LIGHT], ids=lambda t: t.name)
def test_expressions_keep_apart(look: Theme, viewer: str) -> None:
    assert tuple(look.expressions) == (*EXPRESSIONS, "contempt")
    seen = {name: oklab(VIEWERS[viewer] @ linear(c)) for name, c in look.expressions.items()}
    for one, other in combinations(look.expressions, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 0.1, (one, other)
    for name, colour in look.expressions.items():
        assert contrast(colour, look.panel) >= 3, name


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("colours", [palette.FACE_COLOURS, DARK.series, LIGHT.series])
def test_faces_and_curves_keep_apart(colours: tuple[str, ...], viewer: str) -> None:
    seen = [oklab(VIEWERS[viewer] @ linear(c)) for c in colours]
    for one, other in combinations(seen, 2):
        assert np.linalg.norm(one - other) > 0.12


@pytest.mark.parametrize("look", [DARK, LIGHT], ids=lambda t: t.name)
def test_curves_are_seen_on_the_panel(look: Theme) -> None:
    assert all(contrast(colour, look.panel) >= 3 for colour in look.series)


def test_themes_apply_at_once(qapp: QApplication) -> None:
    theme.apply_theme(qapp, "light")
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == LIGHT.window
    theme.apply_theme(qapp, "dark")
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == DARK.window
    assert theme.current() is DARK


def test_another_vocabulary_gets_colours() -> None:
    assert DARK.expression("bored", 8) in DARK.expressions.values()
    assert DARK.expression("happy", 0) == DARK.expressions["happy"]
