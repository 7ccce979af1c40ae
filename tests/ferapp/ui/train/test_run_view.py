"""One run: its metrics in words, and its growing log."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferapp.runs.run_reader import RunSnapshot
from ferapp.runs.run_validations import Validation
from ferapp.ui.train.run_view import RunView
from ferapp.ui.widgets.theme import apply_theme

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def lines(count: int, word: str = "line") -> str:
    return "".join(f"{word} {number}\n" for number in range(count))


def test_the_log_grows_without_disturbing_its_reader(qtbot: QtBot, qapp: QApplication) -> None:
    apply_theme(qapp, "dark")
    view = RunView()
    qtbot.addWidget(view)

    def write(log: str, run: str = "one") -> None:
        view.show_run(RunSnapshot(Path(run), run, "running", log=log))

    view.show_log.setChecked(True)
    view.resize(900, 700)
    view.show()
    log, bar = view.log, view.log.verticalScrollBar()
    write(lines(100))
    assert bar.value() == bar.maximum() > 0
    write(lines(101))
    assert log.toPlainText() == lines(101)
    assert bar.value() == bar.maximum()  # it follows the end

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


def test_the_best_validation_is_shown_with_its_epoch(qtbot: QtBot) -> None:
    view = RunView()
    qtbot.addWidget(view)
    run = RunSnapshot(Path("one"), "one", "done")
    view.show_run(run)
    assert view.metrics["best"].text() == "–"
    best = Validation(3, 30, 3.0, 280, {"accuracy": 0.59, "mean_class_accuracy": 0.0})
    view.show_run(replace(run, best=best))
    assert view.metrics["best"].text() == "59.0\u00a0%"
    assert view.conditions.text().replace("\u00a0", " ") == "val · epoch 3 · n = 280"
    assert view.metrics["mean_class"].text() == "0.0\u00a0%"


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (RunSnapshot(Path("a"), "a", "interrupted"), "ended before training began"),
        (
            RunSnapshot(Path("a"), "a", "interrupted", start_event={"steps": 3}),
            "ended unexpectedly: it was killed, or ran out of memory or disk space. No epoch",
        ),
    ],
)
def test_an_interrupted_run_says_what_may_have_happened(
    qtbot: QtBot, run: RunSnapshot, reason: str
) -> None:
    view = RunView()
    qtbot.addWidget(view)
    view.show_run(run)
    assert reason in view.reason.text()
