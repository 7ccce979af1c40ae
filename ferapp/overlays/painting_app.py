"""Qt's application object, without which no text can be painted; here without a window."""

import os
import sys

from PySide6.QtGui import QGuiApplication

OPENCV_VARIABLES = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")  # of its own Qt 5


def painting_app() -> QGuiApplication:
    """The application of this process; where there is none yet, one that needs no display.

    Call it in the main thread, and keep what it returns while anything is painted.
    """
    existing = QGuiApplication.instance()
    if isinstance(existing, QGuiApplication):
        return existing
    for name in OPENCV_VARIABLES:
        if "cv2" in os.environ.get(name, ""):
            del os.environ[name]
    # on Windows Qt finds fonts only with its usual platform
    offscreen = ["-platform", "offscreen"] if sys.platform == "linux" else []
    return QGuiApplication(["ferapp", *offscreen])
