"""Puts the window together. The window is shown first; OpenCV, MediaPipe and torch come later."""

import os
import sys

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from ferapp.live.engine import Engine
from ferapp.ui.theme import apply_theme
from ferapp.ui.window import MainWindow


def make_application() -> QApplication:
    # importing cv2 points these at its own Qt 5 plugins, which breaks ours
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        os.environ.pop(name, None)
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("ferapp")
    apply_theme(app, "system")
    return app


def make_window(engine: Engine) -> MainWindow:
    """The window, shown; its engine starts as soon as the event loop runs."""
    window = MainWindow(engine)
    window.show()
    QTimer.singleShot(0, window, engine.start)
    return window


def open_window(source: str | None, model: str, device: str) -> int:
    """Run the app until its window closes; returns the exit code."""
    app = make_application()
    window = make_window(Engine(source, model, device))
    code = app.exec()
    window.close()
    return code
