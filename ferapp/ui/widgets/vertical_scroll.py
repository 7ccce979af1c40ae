"""An area that scrolls vertically and never cuts its content off at the side."""

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class VerticalScrollArea(QScrollArea):
    """Scrolls vertically only: it is never narrower than its content."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def minimumSizeHint(self) -> QSize:
        bar, content = self.verticalScrollBar().sizeHint(), self.widget()
        width = content.minimumSizeHint().width() if content is not None else 0
        return QSize(width + bar.width(), super().minimumSizeHint().height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest and watched is self.widget():
            self.updateGeometry()
        return super().eventFilter(watched, event)


class CompactWidget(QWidget):
    """Takes the room that there is, and asks for no more than its content needs.

    In a scroll area a plot then shrinks before anything has to be scrolled.
    """

    def hasHeightForWidth(self) -> bool:
        return False  # else the layout around it would ask for the preferred height

    def sizeHint(self) -> QSize:
        layout, least = self.layout(), self.minimumSizeHint()
        height = layout.totalMinimumHeightForWidth(self.width()) if layout is not None else 0
        return QSize(least.width(), max(height, least.height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()  # text wraps otherwise now
