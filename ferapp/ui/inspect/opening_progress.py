"""Covers the Inspect page while something is opened, and shows the progress."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QRegion
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ferapp.overlays import palette
from ferapp.ui.widgets import theme

_OPACITY = 0.93


class OpeningProgress(QWidget):
    """Covers its parent except `uncovered`, whose buttons can open something else instead.

    The `disabled` widgets, which still show what was open before, take no keys or clicks.
    """

    def __init__(self, parent: QWidget, uncovered: QWidget, disabled: tuple[QWidget, ...]) -> None:
        super().__init__(parent)
        self._parent, self._uncovered, self._disabled = parent, uncovered, disabled
        self.title = QLabel()
        self.title.setFont(theme.sized(self.font(), 1.6, QFont.Weight.DemiBold))
        self.message = QLabel()
        self.message.setFont(theme.sized(self.font(), 1.2))
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        for label in (self.title, self.message):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addStretch(1)
        self.setAccessibleName("Progress")
        for widget in (parent, uncovered):
            widget.installEventFilter(self)
        self.hide()

    def begin(self, title: str) -> None:
        self.title.setText(title)
        self.show_message("")
        for widget in self._disabled:
            widget.setEnabled(False)
        self._update_geometry()
        self.show()
        self.raise_()

    def show_message(self, message: str) -> None:
        self.message.setText(message)
        self.setAccessibleDescription(f"{self.title.text()} {message}".strip())

    def end(self) -> None:
        self.hide()
        for widget in self._disabled:
            widget.setEnabled(True)

    def _update_geometry(self) -> None:
        self.setGeometry(self._parent.rect())
        corner = self._uncovered.mapTo(self._parent, self._uncovered.rect().topLeft())
        hole = self._uncovered.rect().translated(corner)
        self.setMask(QRegion(self.rect()).subtracted(QRegion(hole)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and not self.isHidden():
            self._update_geometry()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), palette.to_qcolor(theme.current().window, _OPACITY))
