"""What keeps windows on the screen, also on a small or scaled one."""

from PySide6.QtCore import QEvent, QPoint, QSize
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QFrame, QScrollArea, QStackedWidget, QWidget

_FRAME = QSize(4, 32)  # px; of a window that has no frame yet


def room_on_screen(window: QWidget) -> QSize:
    """The largest size that `window` can have, so that its frame too is on its screen."""
    frame = window.frameGeometry().size() - window.size()
    return window.screen().availableSize() - (frame if frame.height() > 0 else _FRAME)


class ScreenDialog(QDialog):
    """Opens high enough for its wrapped text, no larger than its screen, and entirely on it."""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        layout = self.layout()
        if layout is not None:
            needed = layout.totalMinimumHeightForWidth(self.width())
            self.resize(self.size().expandedTo(QSize(0, needed)))
        self.keep_on_screen()

    def keep_on_screen(self) -> None:
        """Shrink it to the screen and move it there, where it reaches beyond."""
        self.resize(self.size().boundedTo(room_on_screen(self)))
        frame, screen = self.frameGeometry(), self.screen().availableGeometry()
        size = frame.size().expandedTo(self.size() + _FRAME)
        last = QPoint(screen.right() + 1 - size.width(), screen.bottom() + 1 - size.height())
        inside = QPoint(
            max(screen.left(), min(frame.left(), last.x())),
            max(screen.top(), min(frame.top(), last.y())),
        )
        if inside != frame.topLeft():
            self.move(inside)


class PageArea(QScrollArea):
    """Scrolls the current page of `stack` only where it is smaller than that page's minimum."""

    def __init__(self, stack: QStackedWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setWidget(_CurrentPage(stack))


class _CurrentPage(QWidget):
    """As large as `stack`; it has no layout, which would ask for the preferred height."""

    def __init__(self, stack: QStackedWidget) -> None:
        super().__init__()
        self._stack = stack
        stack.setParent(self)
        stack.currentChanged.connect(lambda _: self.updateGeometry())

    def minimumSizeHint(self) -> QSize:
        page = self._stack.currentWidget()
        if page is None:
            return QSize(0, 0)
        least, layout = page.minimumSizeHint().expandedTo(page.minimumSize()), page.layout()
        if layout is None:
            return least
        height = layout.totalMinimumHeightForWidth(max(self.width(), least.width()))
        return least.expandedTo(QSize(0, height))

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._stack.resize(event.size())
