"""The Train page on runs of a temporary folder, and a small prepared data set."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.support.ui.train_bench import TrainBench, make_train_bench, save_cartoons


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "prepared"
    save_cartoons(folder)
    return folder


@pytest.fixture
def bench(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[TrainBench]:
    yield from make_train_bench(qtbot, qapp, tmp_path / "runs")
