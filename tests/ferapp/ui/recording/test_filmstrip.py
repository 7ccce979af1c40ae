"""The pictures of a folder in a row: thumbnails, the current one, clicks, arrow keys."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt

from ferapp.live.status import Playback
from ferapp.sources.base import PictureFiles
from ferapp.ui.recording.filmstrip import SIDE
from ferapp.ui.widgets import theme
from tests.support.ui.picture import pixels, rgb
from tests.support.ui.playing import KEY, at, calls, key
from tests.support.ui.window_bench import Bench

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

COLOURS = ((200, 30, 30), (30, 200, 30), (30, 30, 200))  # RGB


@pytest.fixture
def folder(bench: Bench, tmp_path: Path) -> Bench:
    """A folder of 280 pictures plays; the first three exist."""
    names = tuple(f"{number}.png" for number in range(280))
    for name, colour in zip(names, COLOURS, strict=False):
        cv2.imwrite(str(tmp_path / name), np.full((40, 80, 3), colour[::-1], np.uint8))
    playback = Playback(280.0, pictures=PictureFiles(tmp_path, names))
    bench.engine.change_source(playback=playback)
    bench.qtbot.waitUntil(bench.window.live_page.play_bar.filmstrip.isVisible)
    return bench


def colour_of(bench: Bench, number: int) -> list[int]:
    """In the middle of the picture `number` of the row."""
    strip = bench.window.live_page.play_bar.filmstrip
    middle = strip.place(number).center().toPoint()
    return list(pixels(strip)[middle.y(), middle.x()])


def test_thumbnails_stand_in_order_around_the_current_one(folder: Bench) -> None:
    folder.show(at(1.0))
    bar = folder.window.live_page.play_bar
    for number, colour in enumerate(COLOURS):
        folder.qtbot.waitUntil(lambda n=number, c=colour: colour_of(folder, n) == list(c))
    assert bar.filmstrip.place(0).left() == 0  # nothing lies before the first picture
    assert colour_of(folder, 3) == rgb(theme.current().raised)  # there is no such file
    assert bar.time.text() == "2 of 280"
    assert bar.filmstrip.accessibleDescription() == "2 of 280: 1.png"
    folder.show(at(11.0))
    assert bar.time.text() == "12 of 280"
    folder.show(at(140.0))
    assert bar.filmstrip.place(140).center().x() == bar.filmstrip.width() / 2
    folder.show(at(279.0))
    assert bar.filmstrip.place(279).right() == bar.filmstrip.width()


def test_a_click_goes_to_a_picture(folder: Bench) -> None:
    folder.show(at(5.0))
    strip = folder.window.live_page.play_bar.filmstrip
    place = strip.place(7).center().toPoint()
    folder.qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=place)
    assert calls(folder, "seek") == [7.0]
    assert strip.number_at(strip.place(0).left() - SIDE) is None


def test_few_pictures_are_all_visible_in_the_middle(folder: Bench, tmp_path: Path) -> None:
    names = tuple(f"{number}.png" for number in range(3))
    playback = Playback(3.0, pictures=PictureFiles(tmp_path, names))
    folder.engine.change_source(playback=playback)
    strip = folder.window.live_page.play_bar.filmstrip
    folder.qtbot.waitUntil(lambda: strip.place(1).center().x() == strip.width() / 2)
    assert strip.place(0).left() > 0
    assert strip.number_at(strip.place(2).center().x()) == 2
    assert strip.number_at(strip.width() - 1) is None


def test_arrows_step_through_a_folder_but_not_through_a_video(folder: Bench) -> None:
    folder.show(at(5.0))
    key(folder, KEY.Key_Right)
    assert folder.engine.now.source.playback is not None
    assert folder.engine.now.source.playback.paused
    key(folder, KEY.Key_Left)
    assert calls(folder, "step") == [1, -1]
    folder.engine.change_source(playback=Playback(60.0, paused=True))
    strip = folder.window.live_page.play_bar.filmstrip
    folder.qtbot.waitUntil(lambda: not strip.isVisible())
    key(folder, KEY.Key_Right)
    assert calls(folder, "step") == [1, -1]
