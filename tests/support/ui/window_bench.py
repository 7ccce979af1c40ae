"""A window with a scripted engine."""

from dataclasses import dataclass

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.ui.shell.window import MainWindow
from ferapp.vision.types import Analysis
from tests.support.ui.fake_engine import FakeEngine


@dataclass
class Bench:
    window: MainWindow
    engine: FakeEngine
    qtbot: QtBot
    app: QApplication

    def show(self, analysis: Analysis) -> None:
        """Deliver `analysis` and wait until it was painted."""
        self.engine.give(analysis)
        self.qtbot.waitUntil(lambda: self._was_painted(analysis))

    def _was_painted(self, analysis: Analysis) -> bool:
        """The page may show debounced quality issues in place of the measured ones."""
        return any(a.frame is analysis.frame for a in self.engine.painted_ones)
