"""Whether any of a window can be on the screen: not while it is minimised or on another desktop."""

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QWindow
from PySide6.QtWidgets import QWidget


class WindowExposure(QObject):
    """`is_exposed` is what the window system says; True before the window is first shown."""

    changed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._handle: QWindow | None = None  # of the system, from the first showing on
        self._was_exposed = False
        self.is_exposed = True
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Show and self._handle is None:
            self._handle = self._window.windowHandle()
            self._handle.installEventFilter(self)
        if kind in (QEvent.Type.Expose, QEvent.Type.WindowStateChange):
            self._update()
        return False

    def _update(self) -> None:
        shown = self._handle is not None and self._handle.isExposed()
        self._was_exposed = self._was_exposed or shown
        exposed = not self._window.isMinimized() and (shown or not self._was_exposed)
        if exposed != self.is_exposed:
            self.is_exposed = exposed
            self.changed.emit()
