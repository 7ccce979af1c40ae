"""A notification of the system at the end of a run, while the window is not in front."""

from collections.abc import Callable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

SHOWN_MS = 10_000


class EndNotice:
    """`action` switches notifications on and off; `remember` gets the setting."""

    def __init__(self, window: QWidget, is_on: bool, remember: Callable[[bool], object]) -> None:
        self._window = window
        self._tray: QSystemTrayIcon | None = None  # seen only once there was a notification
        self.action = QAction("Notify when a run ends", window, checkable=True, checked=is_on)
        self.action.setToolTip("A notification of the system, while this window is not in front.")
        self.action.toggled.connect(remember)

    def show(self, title: str, text: str) -> None:
        """Nothing happens while the window is in front, which shows the run itself."""
        if not self.action.isChecked() or self._window.isActiveWindow():
            return
        if not QSystemTrayIcon.isSystemTrayAvailable():
            QApplication.alert(self._window)  # the taskbar's entry asks for attention
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(QApplication.windowIcon(), self._window)
            self._tray.setToolTip("ferapp")
            self._tray.messageClicked.connect(self._window.activateWindow)
            self._window.destroyed.connect(self._tray.hide)
        self._tray.show()
        self._tray.showMessage(title, text, QApplication.windowIcon(), SHOWN_MS)
