"""Tooltips that follow their values: an open one is asked again while the pointer rests."""

from PySide6.QtCore import QEvent, QObject, QPoint, QTimer
from PySide6.QtGui import QCursor, QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

REFRESH_MS = 250


class LiveTooltips(QObject):
    """Asks the widget under the pointer for its tooltip, as Qt did when it opened."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, interval=REFRESH_MS)
        self._timer.timeout.connect(lambda: self.refresh(QCursor.pos()))
        self._timer.start()

    def refresh(self, position: QPoint) -> None:
        """`position` is the pointer's, on the screen."""
        if not QToolTip.isVisible():
            return
        widget = QApplication.widgetAt(position)
        if widget is not None:
            local = widget.mapFromGlobal(position)
            QApplication.sendEvent(widget, QHelpEvent(QEvent.Type.ToolTip, local, position))
