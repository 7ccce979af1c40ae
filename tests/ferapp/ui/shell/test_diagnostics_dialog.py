"""Saving diagnostics from the window: what is said before, meanwhile and after."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QProcess
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from ferapp.ui.shell.diagnostics_dialog import DOCTOR, DiagnosticsDialog
from tests.support.ui.window_bench import Bench

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

RESULT = json.dumps({"ok": True, "bundle": {"members": ["contents.txt", "ferapp.log"]}})


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def dialog_running(parent: QWidget, script: str) -> DiagnosticsDialog:
    return DiagnosticsDialog(parent, (sys.executable, "-c", script))


def test_it_says_what_will_be_in_the_file_and_then_what_is(
    qtbot: QtBot, parent: QWidget, tmp_path: Path
) -> None:
    script = f"import sys; print('noise'); print({RESULT!r}); open(sys.argv[-1], 'w').close()"
    dialog = dialog_running(parent, script)
    text = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "It contains no pictures" in text
    file = tmp_path / "d.zip"
    with qtbot.waitSignal(dialog.process.finished, timeout=60_000):
        dialog.save(str(file))
        assert not dialog.save_button.isEnabled()
    assert file.is_file()
    assert dialog.state.text() == f"Saved as {file}\nIn it: contents.txt, ferapp.log"
    assert dialog.save_button.isEnabled()


def test_a_failure_is_shown(qtbot: QtBot, parent: QWidget) -> None:
    dialog = dialog_running(parent, "import sys; sys.exit('Error: the disk is full')")
    with qtbot.waitSignal(dialog.process.finished, timeout=60_000):
        dialog.save("d.zip")
    assert dialog.state.text() == "Nothing was saved. Error: the disk is full"
    dialog = DiagnosticsDialog(parent, ("/nowhere/python",))
    with qtbot.waitSignal(dialog.process.errorOccurred, timeout=60_000):
        dialog.save("d.zip")
    assert dialog.state.text().startswith("Nothing was saved. ")
    assert dialog.save_button.isEnabled()


def test_closing_it_ends_the_process(qtbot: QtBot, parent: QWidget) -> None:
    dialog = dialog_running(parent, "import sys; sys.stdin.read()")
    dialog.show()
    with qtbot.waitSignal(dialog.process.started, timeout=60_000):
        dialog.save("d.zip")
    pid = dialog.process.processId()
    dialog.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def test_the_menu_opens_it(bench: Bench) -> None:
    bench.window.actions_by_id["diagnostics"].trigger()
    (dialog,) = bench.window.findChildren(DiagnosticsDialog)
    assert dialog.isVisible()
    assert dialog.process.state() is QProcess.ProcessState.NotRunning
    assert DOCTOR[1:] == ("-m", "ferapp", "doctor")
    dialog.close()
