"""The picture and what floats on it: figures, notices, first steps, the mark of a freeze."""

from collections.abc import Callable

from PySide6.QtCore import QMargins, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QPushButton, QWidget

from ferapp.live.status import LiveStatus, ModelState
from ferapp.ui.live.fault_panel import FaultPanel, Notice
from ferapp.ui.live.first_steps import FirstSteps
from ferapp.ui.live.hud import Hud
from ferapp.ui.live.video_view import VideoView
from ferapp.ui.shell.actions import native
from ferapp.ui.text import source_text, wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard
from ferapp.ui.widgets.toast import Toast
from ferapp.vision.types import Analysis

_EDGE = 14
_ROOM_BESIDE = 60  # px beside a picture, from which on notices stand there


class Stage(QWidget):
    """Notices stand at the bottom, where they hide least of a face; the newest is the highest."""

    def __init__(self, on_painted: Callable[[Analysis], None]) -> None:
        super().__init__()
        self.view = VideoView(on_painted)
        self.other_view = VideoView(lambda _: None)  # what a second model makes of it
        self.other_view.setAccessibleName("Picture with the second model")
        self.other_view.hide()
        self.end_comparison = QPushButton("×", self.other_view)
        self.end_comparison.setToolTip(f"Back to one model. Key: {native('Shift+M')}")
        self.end_comparison.setAccessibleName("End the comparison")
        self.end_comparison.setFixedSize(30, 28)
        self.end_comparison.setStyleSheet("padding: 0;")
        enable_keyboard(self.end_comparison)
        self._views = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._views.setContentsMargins(QMargins())
        self._views.setSpacing(2)
        self._views.addWidget(self.view)
        self._views.addWidget(self.other_view)
        self._first_title = ""  # of the first of two models
        self.hud = Hud(self)
        self.hud.hide()
        self.notice = FaultPanel(self)
        self.analysis_notice = Notice(self, "Analysis")
        self.opening = QLabel(self)
        self.opening.setProperty("onVideo", True)
        self.opening.setAccessibleName("Opening")
        self.opening.hide()
        self.frozen = QLabel("Frozen", self)
        self.frozen.setProperty("frozen", True)
        self.frozen.setAccessibleName("Frozen")
        self.frozen.setToolTip("The picture is held. Press Space to go on.")
        self.frozen.hide()
        self.recording = QLabel(self)
        self.recording.setProperty("recording", True)
        self.recording.setFont(theme.sized(self.font(), 1.0))
        self.recording.setAccessibleName("Recording")
        self.recording.setToolTip("What is seen and measured is recorded. Press R to end it.")
        self.recording.hide()
        self.first_steps = FirstSteps(self)
        self.toast = Toast(self)
        self._notices = (self.notice, self.analysis_notice)
        for notice in self._notices:
            notice.changed.connect(self._arrange)

    def show_status(self, status: LiveStatus) -> None:
        self.view.set_message(wording.waiting(status))
        if self.hud.isVisible():
            self.hud.show_status(status)
        self.notice.show_status(status)
        self._show_second(status)
        self.analysis_notice.say(status.analysis_notice)
        self.opening.setText(source_text.opening(status))
        self.opening.setVisible(bool(status.source_opening))
        self._arrange()  # the picture may have changed its shape

    def _show_second(self, status: LiveStatus) -> None:
        """Two views while two models are compared; the second waits until its model is there."""
        on = status.other_state is not ModelState.NONE
        self.other_view.setVisible(on)
        second = status.other_name
        self._first_title = f"A · {source_text.model_title(status)}" if on else ""
        self._show_title()
        self.other_view.set_title(f"B · {second}" if second else "")
        self.other_view.set_message(status.other_notice or "The second model is loading …")
        if not on or not second:
            self.other_view.clear()

    def show_analysis(self, analysis: Analysis) -> None:
        """With what a second model makes of it, if there is one that has something to say."""
        self.view.show_analysis(analysis)
        self._show_title()
        if analysis.other is not None:
            self.other_view.show_analysis(analysis.other)

    def _show_title(self) -> None:
        """Which picture of a folder it is, and whose results of two models."""
        shown = self.view.analysis
        picture = source_text.picture_title(shown.frame) if shown is not None else ""
        self.view.set_title("  ·  ".join(part for part in (self._first_title, picture) if part))

    def show_recording(self, words: str) -> None:
        """A red sign with these words; "" takes it away."""
        self.recording.setText(f"●  Recording  {words}")
        if self.recording.isHidden() == bool(words):
            self.recording.setVisible(bool(words))
        self._arrange()

    def set_frozen(self, on: bool, words: str = "Frozen") -> None:
        if self.frozen.text() == words and self.frozen.isHidden() != on:
            return
        self.frozen.setText(words)
        self.frozen.setAccessibleName(words)
        self.frozen.setVisible(on)
        self._arrange()

    def set_hud(self, on: bool, status: LiveStatus) -> None:
        self.hud.show_status(status)
        self.hud.setVisible(on)
        self._arrange()

    def show_first_steps(self, on: bool) -> None:
        self.first_steps.setVisible(on)
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _turn_views(self) -> None:
        """Side by side or one above the other: as the pictures are larger."""
        shown = self.view.analysis
        if shown is None or self.other_view.isHidden():
            return
        height, width = shown.picture.shape[:2]
        beside = min(self.width() / 2 / width, self.height() / height)
        below = min(self.width() / width, self.height() / 2 / height)
        direction = QBoxLayout.Direction
        self._views.setDirection(
            direction.LeftToRight if beside >= below else direction.TopToBottom
        )
        self.end_comparison.move(self.other_view.width() - self.end_comparison.width() - 8, 8)

    def _arrange_signs(self, room: QRect) -> None:
        """In the upper right corner, below the first steps where those are there."""
        top = room.top()
        card = self.first_steps.geometry().adjusted(0, 0, theme.GAP, theme.GAP)
        for sign in (self.recording, self.frozen):
            if sign.isHidden():
                continue
            sign.adjustSize()
            corner = QPoint(room.right() + 1 - sign.width(), top)
            if not self.first_steps.isHidden() and card.contains(corner):
                corner.setY(card.bottom() + 1)
            sign.move(corner)
            top = corner.y() + sign.height() + theme.GAP

    def _arrange(self) -> None:
        """Everything stands inside the picture; over all of the stage where that is too small."""
        self._turn_views()
        room = self.view.picture_rect().toAlignedRect()
        if room.width() < 360 or room.height() < self.hud.height() + 2 * _EDGE:
            room = QRect(self.rect())
        room.adjust(_EDGE, _EDGE, -_EDGE, -_EDGE)
        self.hud.move(room.topLeft())
        self.first_steps.resize(self.first_steps.size_in(self.width() - 2 * _EDGE))
        self.first_steps.move(_EDGE, _EDGE)  # beside a wide picture it hides less of it
        self._arrange_signs(room)
        left, bottom = room.left(), room.bottom() + 1
        if left > _ROOM_BESIDE:  # there notices hide less of the picture
            left = _EDGE
        if self.height() - bottom > _ROOM_BESIDE:
            bottom = self.height() - _EDGE
        space = QSize(self.width() - left - _EDGE, self.height())
        for notice in self._notices:
            if not notice.isHidden():
                place = QRect(QPoint(left, 0), notice.size_in(space))
                place.moveBottom(bottom - 1)
                if self.toast.isVisible() and place.intersects(self.toast.geometry()):
                    place.moveBottom(self.toast.y() - theme.GAP)
                notice.setGeometry(place)
                bottom = place.top() - theme.GAP
        self.opening.setText(
            self.opening.fontMetrics().elidedText(
                self.opening.text(), Qt.TextElideMode.ElideMiddle, space.width() - 2 * _EDGE
            )
        )
        self.opening.adjustSize()
        self.opening.move(left, bottom - self.opening.height())
