"""A short message that floats over a widget and goes away by itself."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QEnterEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import SpacePressesButton

SHOWN_MS = 6000
_WIDEST = 480  # px
_EDGE = 14
_INSIDE = 10


class Toast(QFrame):
    """In the lower right corner of its parent; a newer message takes the place of an older one.

    It stays while the pointer is on it or the keyboard is on its button.
    """

    def __init__(self, parent: QWidget, shown_ms: int = SHOWN_MS) -> None:
        super().__init__(parent)
        self._room = parent
        self.setObjectName("toast")
        self.setAccessibleName("Message")
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.button = QPushButton()
        self.button.setAccessibleName("No action")
        self.button.hide()
        self.button.setFlat(True)
        self.button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.installEventFilter(SpacePressesButton(self.button))
        self.button.clicked.connect(self._act)
        self._action: Callable[[], None] | None = None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(_INSIDE, 8, _INSIDE, 8)
        layout.setSpacing(theme.GAP)
        layout.addWidget(self.label)
        layout.addWidget(self.button)
        self._timer = QTimer(self, interval=shown_ms, singleShot=True)
        self._timer.timeout.connect(self._end)
        parent.installEventFilter(self)
        self.hide()

    def tell(
        self, text: str, button: str = "", action: Callable[[], None] | None = None, tip: str = ""
    ) -> None:
        """Show `text` for some seconds; with `button` also a button that does `action`."""
        self.label.setText(text)
        self.label.setToolTip(tip)
        self.setAccessibleDescription(text)
        self._action = action
        self.button.setText(button)
        self.button.setAccessibleName(button)
        self.button.setVisible(bool(button))
        self.show()
        self.raise_()
        self._place()
        self._timer.start()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def _act(self) -> None:
        self.hide()
        if self._action is not None:
            self._action()

    def _end(self) -> None:
        if self.button.hasFocus():
            self._timer.start()
        else:
            self.hide()

    def _place(self) -> None:
        room = self._room.rect().adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)
        beside = self.button.sizeHint().width() + theme.GAP if self.button.text() else 0
        most = min(_WIDEST, room.width()) - beside - 2 * _INSIDE - 2
        metrics = self.label.fontMetrics()
        lines = self.label.text().splitlines()
        longest = max((metrics.horizontalAdvance(line) for line in lines), default=0) + 4
        self.label.setFixedWidth(max(0, min(longest, most)))
        self.adjustSize()
        self.move(room.right() + 1 - self.width(), room.bottom() + 1 - self.height())

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._timer.start()
        super().leaveEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False
