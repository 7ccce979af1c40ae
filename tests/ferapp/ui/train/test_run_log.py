"""The log of a run that goes on can be read and copied."""

from pathlib import Path

import pytest
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.runs.run_reader import Run
from ferapp.ui.train.run_view import RunView
from ferapp.ui.widgets.theme import apply_theme

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def lines(count: int, word: str = "line") -> str:
    return "".join(f"{word} {number}\n" for number in range(count))


def test_the_log_grows_without_disturbing_who_reads_it(qtbot: QtBot, qapp: QApplication) -> None:
    apply_theme(qapp, "dark")
    view = RunView()
    qtbot.addWidget(view)

    def write(log: str, run: str = "one") -> None:
        view.show_run(Run(Path(run), run, "running", log=log))

    view.show_log.setChecked(True)
    view.resize(900, 700)
    view.show()
    log, bar = view.log, view.log.verticalScrollBar()
    write(lines(100))
    assert bar.value() == bar.maximum() > 0
    write(lines(101))
    assert log.toPlainText() == lines(101)
    assert bar.value() == bar.maximum()  # at the end it follows

    bar.setValue(20)
    write(lines(102))
    assert log.toPlainText() == lines(102)
    assert bar.value() == 20

    log.moveCursor(QTextCursor.MoveOperation.EndOfLine, QTextCursor.MoveMode.KeepAnchor)
    selected = log.textCursor().selectedText()
    assert selected
    write(lines(103))
    assert log.textCursor().selectedText() == selected
    log.moveCursor(QTextCursor.MoveOperation.StartOfLine)
    write(lines(103))
    assert log.toPlainText() == lines(103)

    log.selectAll()
    write(lines(50, "other"), "two")
    assert log.toPlainText() == lines(50, "other")
    assert bar.value() == bar.maximum()
