"""`ferapp --stage` on two screens: reports what stands where, as JSON, and closes.

    python staged_app.py PICTURES

Saves what audience and presenter see into the folder PICTURES.
"""

import json
import sys
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from ferapp.cli import main
from ferapp.ui.shell.window import MainWindow

POLL_MS = 100
LONGEST_S = 120


def place(widget: QWidget) -> dict[str, object]:
    rect = widget.geometry()
    return {
        "screen": widget.screen().name(),
        "rect": [rect.x(), rect.y(), rect.width(), rect.height()],
    }


def press(window: MainWindow, key: Qt.Key) -> None:
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QApplication.sendEvent(window, QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier))


class Watcher(QObject):
    def __init__(self, pictures: Path) -> None:
        super().__init__()
        self._pictures = pictures
        self._polls = 0
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        self._polls += 1
        windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
        audience = windows[0].stage.audience if windows else None
        has_word = audience is not None and audience.readout.top is not None
        has_word = has_word and not audience.is_fading
        if has_word:
            self._report(windows[0], audience)
        if has_word or self._polls * POLL_MS > 1000 * LONGEST_S:
            self._timer.stop()
            QApplication.closeAllWindows()

    def _report(self, window: MainWindow, audience: QWidget) -> None:
        stage = window.stage
        window.grab().save(str(self._pictures / "presenter.png"))
        audience.grab().save(str(self._pictures / "audience.png"))
        report: dict[str, object] = {
            "presenter": place(window),
            "audience": place(audience),
            "is_full_screen": audience.isFullScreen(),
            "word": audience.readout.word,
            "preview": stage.bar.preview.readout.word,
            "bar": stage.bar.isVisible(),
        }
        press(window, Qt.Key.Key_F)
        report["state"] = stage.bar.state.text()
        press(window, Qt.Key.Key_Escape)
        report["is_over"] = stage.audience is None and not stage.bar.isVisible()
        print(json.dumps(report))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    sys.argv = ["ferapp", "--stage", "--source", "demo"]
    app = QApplication(sys.argv)
    watcher = Watcher(folder)
    main()
