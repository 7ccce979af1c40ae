"""Copying a table: the same entries in every menu."""

from collections.abc import Callable

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from ferapp.runs.text_table import TABLE_FORMATS, Rows

_TIPS = {
    "CSV": "For spreadsheets and programs.",
    "Markdown": "For notes, issues and web pages.",
    "LaTeX": "For a paper; it needs the package booktabs.",
}


def copy_menu(name: str, table: Callable[[], Rows], parent: QWidget) -> QMenu:
    """A menu that copies what `table` returns, whose first row has the titles of the columns."""
    menu = QMenu(name, parent)
    menu.setToolTipsVisible(True)
    for title, write in TABLE_FORMATS.items():
        action = menu.addAction(title)
        action.setToolTip(_TIPS[title])
        action.triggered.connect(
            lambda _=False, write=write: QGuiApplication.clipboard().setText(write(table()))
        )
    return menu
