"""Where the window was: size, place and state, remembered as one text."""

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget


def window_place(window: QWidget) -> str:
    return bytes(window.saveGeometry().data()).hex()


def restore_place(window: QWidget, place: str) -> None:
    """As `window_place` gave it, unless it is damaged or on a screen that is gone.

    Never full screen: who starts the app wants to see its window.
    """
    try:
        remembered = QByteArray(bytes.fromhex(place))
    except ValueError:
        return
    default = window.saveGeometry()
    if window.restoreGeometry(remembered):
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowFullScreen)
        screens = QGuiApplication.screens()
        if not any(s.availableGeometry().contains(window.geometry().center()) for s in screens):
            window.restoreGeometry(default)
