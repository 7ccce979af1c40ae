"""Ctrl+C, SIGTERM and SIGHUP close the window in order, also while it records or asks something."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from PySide6.QtCore import QEventLoop, QTimer
from pytestqt.qtbot import QtBot

from ferapp.ui.shell.quit_signals import quit_signals
from tests.support import ROOT

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}

# records the demo clip, says so, and then waits for its end
RECORDING = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from ferapp import cli
from ferapp.ui.shell.window import MainWindow

asked = []

def look():
    windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
    if not windows:
        return
    status = windows[0].live_page.status
    if status.model.name and not asked:
        asked.append("record")
        windows[0].actions_by_id["record"].trigger()
    if status.recording is not None and status.recording.frames > 5:
        timer.stop()
        print(status.recording.folder, flush=True)
        QMessageBox.question(windows[0], "Really?", "An open question must not stop it.")

from ferapp import app
make = app.make_application
timer = None
def with_timer(*arguments):
    global timer
    application = make(*arguments)
    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(50)
    return application
app.make_application = with_timer
sys.argv = ["ferapp", "--source", "demo"]
cli.main()
"""


@pytest.fixture
def hangup_is_heard() -> Iterator[None]:
    """Under nohup, SIGHUP is ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", EXIT_CODES)
@pytest.mark.usefixtures("hangup_is_heard")
def test_the_event_loop_hears_a_signal_while_it_waits(qtbot: QtBot, number: int) -> None:
    loop, heard = QEventLoop(), list[str]()

    def stop() -> None:
        heard.append("stop")
        loop.quit()

    with quit_signals(stop):
        QTimer.singleShot(0, lambda: os.kill(os.getpid(), number))
        QTimer.singleShot(20_000, loop.quit)
        loop.exec()
    assert heard == ["stop"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("hangup_is_heard")
def test_a_recording_is_complete_and_settings_are_saved(number: int, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    process = subprocess.Popen(
        [sys.executable, "-c", RECORDING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**environment, "HOME": str(tmp_path)},
    )
    try:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == EXIT_CODES[number], errors  # type: ignore[index]
    assert "Traceback" not in errors
    session = json.loads((folder / "session.json").read_text())
    assert session["ended"]
    assert session["counts"]["frames"] > 5
    with av.open(str(folder / "clean.mkv")) as video:
        assert sum(1 for _ in video.decode(video=0)) == session["counts"]["frames"]
    settings = Path(os.environ["XDG_CONFIG_HOME"]) / "ferapp" / "settings.json"
    assert json.loads(settings.read_text())["geometry"]
