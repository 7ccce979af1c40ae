"""The menu for the size of all text."""

from collections.abc import Callable

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from ferapp.ui.widgets.text_size import SIZES


class TextSizeMenu(QMenu):
    def __init__(self, parent: QWidget, chosen: int, choose: Callable[[int], object]) -> None:
        super().__init__("Text size", parent)
        self.setToolTipsVisible(True)
        self.menuAction().setToolTip("The size of all text in the windows of this app.")
        group = QActionGroup(self)
        for percent in SIZES:
            usual = " (default)" if percent == SIZES[0] else ""
            action = self.addAction(f"{percent}\u00a0%{usual}")
            action.setCheckable(True)
            action.setChecked(percent == chosen)
            action.setToolTip("In percent of the system's text size. Applies at once.")
            action.triggered.connect(lambda _=False, percent=percent: choose(percent))
            group.addAction(action)
