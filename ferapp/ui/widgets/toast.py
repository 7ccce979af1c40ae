"""A short message that floats over a widget and disappears after a while."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QEnterEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import SpacePressesButton
from ferapp.ui.widgets.text_size import scaled

SHOWN_MS = 6000
_MAX_WIDTH = 480  # px
_MARGIN = 14
_PADDING = 10


class Toast(QFrame):
    """Shown in the lower right corner of its parent; a newer message replaces an older one.

    It stays while the pointer is over it or its button has the focus.
    """

    def __init__(self, parent: QWidget, shown_ms: int = SHOWN_MS) -> None:
        super().__init__(parent)
        self._parent = parent
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
        layout.setContentsMargins(_PADDING, 8, _PADDING, 8)
        layout.setSpacing(theme.GAP)
        layout.addWidget(self.label)
        layout.addWidget(self.button)
        self._timer = QTimer(self, interval=shown_ms, singleShot=True)
        self._timer.timeout.connect(self._time_out)
        parent.installEventFilter(self)
        self.hide()

    def show_message(
        self, text: str, button: str = "", action: Callable[[], None] | None = None, tip: str = ""
    ) -> None:
        """Show `text` for some seconds, with a button that calls `action` if `button` names one."""
        self.label.setText(text)
        self.label.setToolTip(tip)
        self.setAccessibleDescription(text)
        self._action = action
        self.button.setText(button)
        self.button.setAccessibleName(button)
        self.button.setVisible(bool(button))
        self.show()
        self.raise_()
        self._update_geometry()
        self._timer.start()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def dismiss(self) -> None:
        """Hide the message, because what it was about is gone."""
        self._timer.stop()
        self.hide()

    def _act(self) -> None:
        self.hide()
        if self._action is not None:
            self._action()

    def _time_out(self) -> None:
        if self.button.hasFocus():
            self._timer.start()
        else:
            self.hide()

    def _update_geometry(self) -> None:
        area = self._parent.rect().adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        button_width = self.button.sizeHint().width() + theme.GAP if self.button.text() else 0
        max_label = min(scaled(_MAX_WIDTH), area.width()) - button_width - 2 * _PADDING - 2
        metrics = self.label.fontMetrics()
        lines = self.label.text().splitlines()
        longest = max((metrics.horizontalAdvance(line) for line in lines), default=0) + 4
        self.label.setFixedWidth(max(0, min(longest, max_label)))
        self.adjustSize()
        self.move(area.right() + 1 - self.width(), area.bottom() + 1 - self.height())

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._timer.start()
        super().leaveEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._update_geometry()
        return False
