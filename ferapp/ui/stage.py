"""The picture and what floats on it: figures, the notice of the source, the mark of a freeze."""

from collections.abc import Callable

from PySide6.QtCore import QMargins, QRect
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ferapp.live.state import LiveStatus
from ferapp.ui import wording
from ferapp.ui.hud import Hud
from ferapp.ui.video_view import VideoView
from ferapp.vision.analysis import Analysis

_EDGE = 14


class Stage(QWidget):
    def __init__(self, on_painted: Callable[[Analysis], None]) -> None:
        super().__init__()
        self.view = VideoView(on_painted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(QMargins())
        layout.addWidget(self.view)
        self.hud = Hud(self)
        self.hud.hide()
        self.notice = self._floating("onVideo", "Notice about the source")
        self.notice.setWordWrap(True)
        self.frozen = self._floating("frozen", "Frozen")
        self.frozen.setText("Frozen")
        self.frozen.setToolTip("The picture is held. Press Space to go on.")

    def _floating(self, look: str, name: str) -> QLabel:
        label = QLabel(self)
        label.setProperty(look, True)
        label.setAccessibleName(name)
        label.hide()
        return label

    def show_status(self, status: LiveStatus) -> None:
        self.view.set_message(wording.waiting(status))
        if self.hud.isVisible():
            self.hud.show_status(status)
        if status.source_notice != self.notice.text():
            self.notice.setText(status.source_notice)
            self.notice.setVisible(bool(status.source_notice))
        self._arrange()  # the picture may have changed its shape

    def set_frozen(self, on: bool) -> None:
        self.frozen.setVisible(on)
        self._arrange()

    def set_hud(self, on: bool, status: LiveStatus) -> None:
        self.hud.show_status(status)
        self.hud.setVisible(on)
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Everything stands inside the picture; over all of the stage where that is too small."""
        room = self.view.picture_rect().toAlignedRect()
        if room.width() < 360 or room.height() < self.hud.height() + 2 * _EDGE:
            room = QRect(self.rect())
        room.adjust(_EDGE, _EDGE, -_EDGE, -_EDGE)
        self.hud.move(room.topLeft())
        self.frozen.adjustSize()
        self.frozen.move(room.right() + 1 - self.frozen.width(), room.top())
        metrics = self.notice.fontMetrics()
        lines = self.notice.text().splitlines()
        line = max((metrics.horizontalAdvance(text) for text in lines), default=0) + 40
        width = min(line, room.width(), 520)
        height = self.notice.heightForWidth(width)
        self.notice.setGeometry(room.left(), room.bottom() + 1 - height, width, height)
