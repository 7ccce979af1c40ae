"""One window with a scripted engine; theme and garbage collection as they were afterwards."""

import gc
from collections.abc import Iterator

import pytest
from bench import Bench
from fake_engine import FakeEngine
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.ui.theme import apply_theme
from ferapp.ui.window import MainWindow


@pytest.fixture
def bench(qtbot: QtBot, qapp: QApplication) -> Iterator[Bench]:
    apply_theme(qapp, "dark")
    engine = FakeEngine()
    window = MainWindow(engine)
    qtbot.addWidget(window)
    with qtbot.waitActive(window):  # keys reach only the active window
        window.show()
        window.activateWindow()
    yield Bench(window, engine, qtbot, qapp)
    window.close()
    assert gc.isenabled()
