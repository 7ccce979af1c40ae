"""The Studies page on studies of a temporary folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.ui.widgets.theme import apply_theme
from tests.support.ui.studies_bench import StudiesBench


@pytest.fixture
def bench(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[StudiesBench]:
    apply_theme(qapp, "dark")
    made = StudiesBench(tmp_path, qtbot)
    yield made
    if made.page.process is not None:
        made.page.process.kill()
        made.page.process = None
    made.page.stop()
