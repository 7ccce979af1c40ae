"""A camera that is unplugged in the middle of a session, seen through the real window."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ferapp.app import make_window
from ferapp.live.engine import Engine
from ferapp.ui.recording import recording_controller
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window import MainWindow
from tests.support.app.recording_parts import only, parts, rows
from tests.support.sources.scripted import FakeCamera, Studio
from tests.support.ui.picture import pixels

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

LIGHT = 180  # grey level of the camera's pictures


@pytest.fixture
def studio() -> Studio:
    return Studio()


@pytest.fixture
def camera(studio: Studio) -> FakeCamera:
    camera = studio.add(FakeCamera("Cam", LIGHT))
    camera.size = (64, 48)
    return camera


@pytest.fixture
def window(
    qtbot: QtBot,
    studio: Studio,
    camera: FakeCamera,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[MainWindow]:
    monkeypatch.setattr(recording_controller, "recordings_folder", lambda: tmp_path / "made")
    engine = Engine("camera:Cam", "one", "cpu", parts=parts(studio))
    window = make_window(engine, SettingsStore())
    qtbot.addWidget(window)
    window.resize(1280, 800)  # the screen of the tests is smaller
    window.actions_by_id["boxes"].setChecked(False)
    qtbot.waitUntil(lambda: window.live_page.analysis is not None, timeout=20_000)
    qtbot.waitUntil(lambda: bool(window.live_page.status.model.name), timeout=20_000)
    yield window
    camera.state = "good"
    window.close_at_once()


def brightness(window: MainWindow) -> float:
    """Of the lower right quarter of the picture, where nothing floats."""
    view = window.live_page.view
    image = pixels(view)
    return float(np.median(image[image.shape[0] // 2 :, image.shape[1] // 2 :]))


def test_the_last_picture_stays_dimmed_until_the_camera_is_back(
    qtbot: QtBot, window: MainWindow, studio: Studio, camera: FakeCamera
) -> None:
    panel = window.live_page.live_view.notice
    qtbot.waitUntil(lambda: brightness(window) == pytest.approx(LIGHT, abs=3))
    camera.state = "gone"
    qtbot.waitUntil(panel.isVisible, timeout=20_000)
    qtbot.waitUntil(lambda: brightness(window) < LIGHT / 2)
    assert panel.title.text() == "Cam was disconnected"
    assert "This is the last picture." in panel.body.text()
    assert "demo" not in studio.requested  # only a person starts the clip in a session
    for button in (panel.retry_button, panel.demo_button, panel.other_button):
        assert button.isVisible()
    camera.state = "good"
    qtbot.waitUntil(lambda: not panel.isVisible(), timeout=20_000)
    qtbot.waitUntil(lambda: brightness(window) == pytest.approx(LIGHT, abs=3))


def test_the_demo_clip_is_a_button(
    qtbot: QtBot, window: MainWindow, studio: Studio, camera: FakeCamera
) -> None:
    panel = window.live_page.live_view.notice
    camera.state = "gone"
    qtbot.waitUntil(panel.isVisible, timeout=20_000)
    panel.demo_button.click()
    qtbot.waitUntil(lambda: window.live_page.status.source.name == "Demo clip", timeout=20_000)
    assert not window.live_page.status.source.waiting
    qtbot.waitUntil(lambda: not panel.isVisible())


def test_a_recording_waits_for_the_source(
    qtbot: QtBot, window: MainWindow, camera: FakeCamera, tmp_path: Path
) -> None:
    page = window.live_page
    badge = page.live_view.recording

    def frames() -> int:
        recording = page.status.recording
        return recording.frames if recording is not None else 0

    window.actions_by_id["record"].trigger()
    qtbot.waitUntil(lambda: frames() >= 3, timeout=20_000)
    assert "waiting" not in badge.text()
    camera.state = "gone"
    qtbot.waitUntil(lambda: "waiting for the source" in badge.text(), timeout=20_000)
    before = frames()
    camera.state = "good"
    qtbot.waitUntil(lambda: frames() > before + 3, timeout=20_000)
    qtbot.waitUntil(lambda: "waiting" not in badge.text())
    window.actions_by_id["record"].trigger()
    qtbot.waitUntil(lambda: page.status.recording is not None and page.status.recording.over)
    events = rows(only(tmp_path / "made") / "events.csv")
    assert [event["kind"] for event in events] == ["lost", "back"]
    assert events[0]["note"] == "Cam was disconnected"
