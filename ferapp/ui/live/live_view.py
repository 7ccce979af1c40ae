"""The picture and what floats on it: performance, notices, first steps, status badges."""

from collections.abc import Callable

from PySide6.QtCore import QMargins, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QPushButton, QWidget

from ferapp.live.status import LiveStatus
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

_MARGIN = 14  # px
_MIN_LETTERBOX = 60  # px beside a picture from which on notices move there


class LiveView(QWidget):
    """Notices are at the bottom, where they hide least of a face; later ones above earlier ones."""

    def __init__(self, on_painted: Callable[[Analysis], None]) -> None:
        super().__init__()
        self.view = VideoView(on_painted)
        self.second_view = VideoView(lambda _: None, model=1)  # while two models are compared
        self.second_view.setAccessibleName("Picture with the second model")
        self.second_view.hide()
        self.end_comparison = QPushButton("×", self.second_view)
        self.end_comparison.setToolTip(f"Back to one model. Key: {native('Shift+M')}")
        self.end_comparison.setAccessibleName("End comparison")
        self.end_comparison.setFixedSize(30, 28)
        self.end_comparison.setStyleSheet("padding: 0;")
        enable_keyboard(self.end_comparison)
        self._views = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._views.setContentsMargins(QMargins())
        self._views.setSpacing(2)
        self._views.addWidget(self.view)
        self._views.addWidget(self.second_view)
        self._first_title = ""  # of the first of two compared models
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
        self.frozen.setToolTip("The picture is frozen. Press Space to continue.")
        self.frozen.hide()
        self.recording = QLabel(self)
        self.recording.setProperty("recording", True)
        self.recording.setFont(theme.sized(self.font(), 1.0))
        self.recording.setAccessibleName("Recording")
        self.recording.setToolTip("Frames and results are being recorded. Press R to stop.")
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
        for view in (self.view, self.second_view):
            view.set_dimmed(status.source.waiting)
        self._show_second_model(status)
        self.analysis_notice.show_text(status.analysis_notice)
        self.opening.setText(source_text.opening_text(status.source.opening))
        self.opening.setVisible(bool(status.source.opening))
        self._arrange()  # the picture may have changed its shape

    def _show_second_model(self, status: LiveStatus) -> None:
        """A second view while two models are compared; it waits until its model is loaded."""
        second = status.second_model
        self.second_view.setVisible(second is not None)
        self._first_title = f"A · {source_text.model_title(status)}" if second else ""
        self._show_title()
        name = second.name if second is not None else ""
        self.second_view.set_title(f"B · {name}" if name else "")
        notice = second.notice if second is not None else ""
        self.second_view.set_message(notice or "Loading the second model…")
        if not name:
            self.second_view.clear()

    def show_analysis(self, analysis: Analysis) -> None:
        """In both views, if a second model has predictions too."""
        self.view.show_analysis(analysis)
        self._show_title()
        if len(analysis.models) > 1:
            self.second_view.show_analysis(analysis)

    def _show_title(self) -> None:
        """The file of a folder, and the model if two are compared."""
        shown = self.view.analysis
        picture = source_text.picture_title(shown.frame) if shown is not None else ""
        self.view.set_title("  ·  ".join(part for part in (self._first_title, picture) if part))

    def show_recording(self, progress: str) -> None:
        """A red badge with this text; "" hides it."""
        self.recording.setText(f"●  Recording  {progress}")
        if self.recording.isHidden() == bool(progress):
            self.recording.setVisible(bool(progress))
        self._arrange()

    def set_frozen(self, on: bool, text: str = "Frozen") -> None:
        if self.frozen.text() == text and self.frozen.isHidden() != on:
            return
        self.frozen.setText(text)
        self.frozen.setAccessibleName(text)
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

    def _orient_views(self) -> None:
        """Side by side or one above the other, whichever makes the pictures larger."""
        shown = self.view.analysis
        if shown is None or self.second_view.isHidden():
            return
        height, width = shown.picture.shape[:2]
        beside = min(self.width() / 2 / width, self.height() / height)
        below = min(self.width() / width, self.height() / 2 / height)
        direction = QBoxLayout.Direction
        self._views.setDirection(
            direction.LeftToRight if beside >= below else direction.TopToBottom
        )
        self.end_comparison.move(self.second_view.width() - self.end_comparison.width() - 8, 8)

    def _arrange_badges(self, room: QRect) -> None:
        """In the upper right corner, below the first steps if those are in the way."""
        top = room.top()
        card = self.first_steps.geometry().adjusted(0, 0, theme.GAP, theme.GAP)
        for badge in (self.recording, self.frozen):
            if badge.isHidden():
                continue
            badge.adjustSize()
            corner = QPoint(room.right() + 1 - badge.width(), top)
            if not self.first_steps.isHidden() and card.contains(corner):
                corner.setY(card.bottom() + 1)
            badge.move(corner)
            top = corner.y() + badge.height() + theme.GAP

    def _arrange(self) -> None:
        """Place everything inside the picture, or inside the whole widget if that is too small."""
        self._orient_views()
        room = self.view.picture_rect().toAlignedRect()
        if room.width() < 360 or room.height() < self.hud.height() + 2 * _MARGIN:
            room = QRect(self.rect())
        room.adjust(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        self.hud.move(room.topLeft())
        self.first_steps.resize(self.first_steps.size_in(self.width() - 2 * _MARGIN))
        self.first_steps.move(
            _MARGIN, _MARGIN
        )  # in the corner of the widget it hides less of a wide picture
        self._arrange_badges(room)
        left, bottom = room.left(), room.bottom() + 1
        if left > _MIN_LETTERBOX:  # notices hide less of the picture there
            left = _MARGIN
        if self.height() - bottom > _MIN_LETTERBOX:
            bottom = self.height() - _MARGIN
        space = QSize(self.width() - left - _MARGIN, self.height())
        for notice in self._notices:
            if not notice.isHidden():
                rect = QRect(QPoint(left, 0), notice.size_in(space))
                rect.moveBottom(bottom - 1)
                if self.toast.isVisible() and rect.intersects(self.toast.geometry()):
                    rect.moveBottom(self.toast.y() - theme.GAP)
                notice.setGeometry(rect)
                bottom = rect.top() - theme.GAP
        self.opening.setText(
            self.opening.fontMetrics().elidedText(
                self.opening.text(), Qt.TextElideMode.ElideMiddle, space.width() - 2 * _MARGIN
            )
        )
        self.opening.adjustSize()
        self.opening.move(left, bottom - self.opening.height())
