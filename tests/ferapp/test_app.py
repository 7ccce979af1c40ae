"""What was found before the window opened is said in it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support import ROOT

# little memory is left; the window says so, and is then closed
SCRIPT = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from ferapp import app
from ferapp.cli import command_line as cli
from ferapp.ui.shell.window import MainWindow

def look():
    for window in QApplication.topLevelWidgets():
        if isinstance(window, MainWindow):
            toast = window.live_page.live_view.toast
            print(toast.isVisible(), toast.label.text(), flush=True)
            window.close()

make = app.make_application
def with_timer(*arguments):
    global timer
    application = make(*arguments)
    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(0)
    return application
app.make_application = with_timer
cli.check_room = lambda task, need: f"{task}: little is left"
sys.argv = ["ferapp", "--source", "demo"]
cli.main()
"""


def test_little_memory_is_a_notice_in_the_window(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**environment, "HOME": str(tmp_path)},
        timeout=120,
    )
    assert done.stdout.splitlines()[0] == "True ferapp: little is left", done.stderr
    assert "ferapp: little is left" in done.stderr  # the log
