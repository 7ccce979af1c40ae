"""The slide for a talk: what is on it, and where."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.live.slide import RecentShares, SlideContent, draw_slide
from ferapp.ui.widgets.theme import DARK, LIGHT, Theme
from tests.support.ui.fake_engine import analysis, face
from tests.support.ui.picture import rgb
from tests.support.ui.window_bench import Bench
from trainer.labels import EXPRESSIONS

pytestmark = pytest.mark.usefixtures("qapp")

WHEN = datetime(2026, 11, 30, 22, 15)


def recent(happy: float) -> RecentShares:
    shares = np.full((200, 7), (1 - happy) / 6, np.float32)
    shares[:, EXPRESSIONS.index("happy")] = happy
    return RecentShares(np.linspace(-20, 0, 200), shares)


def drawn(theme: Theme = DARK, happy: float = 0.87, **changes: object) -> NDArray[np.int64]:
    shown = analysis(face((320, 180), 90), size=(640, 360))
    content = SlideContent(shown, OverlayStyle(), recent(happy), "default", WHEN, theme)
    image = draw_slide(replace(content, **changes))  # type: ignore[arg-type]
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return rows[..., 2::-1].astype(int)


def where(pixels: NDArray[np.int64], colour: str) -> NDArray[np.bool_]:
    return np.asarray(np.abs(pixels - rgb(colour)).sum(axis=-1) < 12)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda t: t.name)
def test_bars_and_plot_show_the_shares_in_the_colours_of_the_theme(theme: Theme) -> None:
    pixels = drawn(theme)
    assert pixels.shape == (1440, 2560, 3)
    assert where(pixels, theme.window).mean() > 0.2
    happy = where(pixels[:, 1760:], theme.expressions["happy"])
    rows = np.flatnonzero(happy.sum(axis=1) > 200)
    bar = happy[rows[rows < 800]].sum(axis=1).max()
    assert bar == pytest.approx(0.87 * (360 - 96 - 60) * 2, abs=8)
    line = np.flatnonzero(happy[800:1280].any(axis=1)) + 800
    assert line.size
    lower = np.flatnonzero(
        where(drawn(theme, happy=0.3)[:, 1760:], theme.expressions["happy"])[800:1280].any(axis=1)
    )
    assert lower.mean() + 800 > line.mean() + 80  # a lower share, further down


def test_the_picture_has_its_overlays_at_the_slides_resolution() -> None:
    bare = drawn(style=OverlayStyle(boxes=False, landmarks=False))
    full = drawn()
    change = np.abs(full - bare).sum(axis=-1) > 60
    assert change[:, :1680].any()
    assert not change[:, 1760:].any()


def test_model_class_balance_and_date_stand_below() -> None:
    plain = drawn()[1310:]
    for other in (drawn(model="accurate"), drawn(when=datetime(2025, 1, 2, 3, 4))):
        change = np.abs(other[1310:] - plain).sum(axis=-1) > 60
        assert change.any()
    assert (np.abs(drawn(model="accurate") - drawn()).sum(axis=-1) == 0)[:1310].all()


def test_a_picture_without_a_face_is_a_slide_too() -> None:
    pixels = drawn(analysis=analysis(size=(640, 360)))
    assert where(pixels[:1300, 1700:], DARK.window).all()


def test_the_key_saves_a_slide(bench: Bench, tmp_path: Path) -> None:
    bench.show(analysis(face()))
    with bench.qtbot.waitSignal(bench.window.snapshots.done) as done:
        bench.qtbot.keyClick(bench.window, Qt.Key.Key_S, Qt.KeyboardModifier.ShiftModifier)
    image = QImage(done.args[1])
    assert (image.width(), image.height()) == (2560, 1440)
    assert Path(done.args[1]).with_suffix(".json").is_file()
