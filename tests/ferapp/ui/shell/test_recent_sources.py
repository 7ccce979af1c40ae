"""Recent files, addresses and recordings: what is remembered, its picture, and forgetting."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QMenu

from ferapp.personal.stored_data import DataLocations, delete_stored
from ferapp.ui.shell.drop_paste import pasted_folder
from ferapp.ui.shell.menus.recent_sources import (
    ICON,
    is_remembered,
    thumbnail_file,
    thumbnails_folder,
)
from ferapp.ui.shell.settings import RECENT, SettingsStore
from tests.support.ui.fake_engine import analysis, face
from tests.support.ui.picture import pixels
from tests.support.ui.playing import calls
from tests.support.ui.window_bench import Bench

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

RED = (200, 30, 30)


def play(bench: Bench, uri: str) -> None:
    """Show a red picture of that source, and let the window notice."""
    made = analysis(face(), size=(320, 180))
    picture = np.empty_like(made.picture)
    picture[:] = (*RED[::-1], 255)
    bench.show(replace(made, frame=replace(made.frame, source=uri), picture=picture))
    bench.engine.change_source(uri=uri, name=uri)
    bench.qtbot.waitUntil(lambda: bench.window.live_page.status.source.uri == uri)


def menu(bench: Bench) -> QMenu:
    return bench.window.source_menu.recent


def titles(bench: Bench) -> list[str]:
    return [action.text() for action in menu(bench).actions()]


def test_files_addresses_and_recordings_are_listed_newest_first(bench: Bench) -> None:
    assert not menu(bench).menuAction().isVisible()
    for uri in ("/v/clip & co.mp4", "rtsp://host/door", "/r/2026-11-24-200000", "demo"):
        play(bench, uri)
    assert titles(bench) == ["2026-11-24-200000", "rtsp://host/door", "clip && co.mp4"]
    assert menu(bench).menuAction().isVisible()
    menu(bench).actions()[2].trigger()
    assert calls(bench, "open_source") == ["/v/clip & co.mp4"]
    play(bench, "/v/clip & co.mp4")
    assert titles(bench)[0] == "clip && co.mp4"
    assert len(titles(bench)) == 3


def test_the_picture_is_small_and_in_the_cache(bench: Bench) -> None:
    play(bench, "/v/clip.mp4")
    image = QImage(str(thumbnail_file("/v/clip.mp4")))
    assert (image.width(), image.height()) == (160, 90)
    colour = image.pixelColor(30, 20)
    np.testing.assert_allclose((colour.red(), colour.green(), colour.blue()), RED, atol=6)
    listed = menu(bench)
    listed.resize(listed.sizeHint())
    red = np.abs(pixels(listed)[..., :3].astype(int) - RED).max(axis=2) < 8
    rows, columns = (np.count_nonzero(red.any(axis=axis)) for axis in (1, 0))
    assert (rows, columns) == pytest.approx((ICON, ICON), abs=2)  # large enough to recognise
    assert thumbnail_file("/v/clip.mp4").stat().st_size < 8000
    (action,) = menu(bench).actions()
    assert not action.icon().isNull()
    assert thumbnail_file("/v/clip.mp4").name in action.toolTip()
    assert action.toolTip().endswith("/v/clip.mp4")


def test_only_so_many_are_kept_with_their_pictures(bench: Bench) -> None:
    for number in range(RECENT + 2):
        play(bench, f"/v/{number}.mp4")
    assert len(titles(bench)) == RECENT
    assert len(list(thumbnails_folder().iterdir())) == RECENT
    assert not thumbnail_file("/v/0.mp4").exists()


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "demo",
        "camera:HD Webcam@1280x720",
        "rtsp://anna:secret@host/door",
        "http://host/door?token=secret",
    ],
)
def test_cameras_passwords_and_the_demo_clip_are_not_remembered(uri: str) -> None:
    assert not is_remembered(uri)


def test_pasted_pictures_are_not_remembered() -> None:
    assert not is_remembered(str(pasted_folder() / "x" / "Pasted picture 1.png"))


def test_all_is_forgotten_with_all_data(bench: Bench, tmp_path: Path) -> None:
    play(bench, "/v/clip.mp4")
    settings = bench.window.store.path
    bench.window.store.save()
    assert SettingsStore().now.recent_sources == ("/v/clip.mp4",)
    bench.window.clear_recent()
    locations = DataLocations(settings, (tmp_path / "r",), tmp_path / "s", pasted_folder())
    assert delete_stored(locations.find()) == ()
    assert not thumbnails_folder().exists()
    assert bench.window.store.now.recent_sources == ()
    menu(bench).aboutToShow.emit()
    assert titles(bench) == []
