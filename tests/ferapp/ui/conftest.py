"""One window with a scripted engine; theme and garbage collection as they were afterwards."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.ui.live import live_page, snapshot, table_bar
from ferapp.ui.recording import recording_controller
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.teach import teach_window
from ferapp.ui.timeline import timeline_pane
from ferapp.ui.train import run_form, train_page
from ferapp.ui.train.data import data_checking
from ferapp.ui.widgets import dialogs, live_tooltips
from ferapp.ui.widgets.theme import apply_theme
from tests.support.ui.fake_engine import FakeEngine
from tests.support.ui.teach_bench import TeachBench
from tests.support.ui.window_bench import Bench


@pytest.fixture(autouse=True)
def _no_picture_of_a_test_in_the_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "pictures_folder", lambda: tmp_path / "ferapp")
    monkeypatch.setattr(recording_controller, "recordings_folder", lambda: tmp_path / "recordings")


@pytest.fixture(autouse=True)
def _quick_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    """How often a widget looks for news is a matter of taste; a test would only wait for it."""
    for module, names in (
        (live_page, ("STATUS_MS", "SUMMARY_MS")),
        (timeline_pane, ("REFRESH_MS",)),
        (train_page, ("REFRESH_MS",)),
        (data_checking, ("POLL_MS",)),
        (run_form, ("VALIDATE_MS",)),
        (teach_window, ("REFRESH_MS",)),
        (table_bar, ("POLL_MS",)),
        (live_tooltips, ("REFRESH_MS",)),
        (dialogs, ("LOG_MS",)),
    ):
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name) // 8)


@pytest.fixture
def bench(qtbot: QtBot, qapp: QApplication) -> Iterator[Bench]:
    apply_theme(qapp, "dark")
    engine = FakeEngine()
    window = MainWindow(engine, SettingsStore())
    window.resize(1280, 800)  # the screen of the tests is smaller
    qtbot.addWidget(window, before_close_func=MainWindow.close_at_once)
    with qtbot.waitActive(window):  # keys reach only the active window
        window.show()
        window.activateWindow()
    yield Bench(window, engine, qtbot, qapp)
    window.close_at_once()  # a running recording would ask
    assert gc.isenabled()


@pytest.fixture
def teaching(bench: Bench) -> Iterator[TeachBench]:
    made = TeachBench(bench)
    yield made
    if made.personal_data.teach_window is not None:
        made.personal_data.teach_window.kill_training()
