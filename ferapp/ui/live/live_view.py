"""The picture and what floats on it: performance, notices, first steps, status badges."""

from collections.abc import Callable

from PySide6.QtCore import QMargins, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ferapp.live.status import LiveStatus
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.duel.duel_view import DuelView
from ferapp.ui.live.fault_panel import FaultPanel, Notice
from ferapp.ui.live.first_steps import FirstSteps
from ferapp.ui.live.hud import Hud
from ferapp.ui.live.video_view import VideoView
from ferapp.ui.text import source_text, wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.toast import Toast
from ferapp.vision.types import Analysis

_MARGIN = 14  # px
_MIN_LETTERBOX = 60  # px beside a picture from which on notices move there


class LiveView(QWidget):
    """Notices are at the bottom, where they hide least of a face; later ones above earlier ones."""

    def __init__(self, on_painted: Callable[[Analysis], None]) -> None:
        super().__init__()
        self.view = VideoView(on_painted)
        self.duel = DuelView(on_painted)  # in place of the picture while something is compared
        views = QVBoxLayout(self)
        views.setContentsMargins(QMargins())
        views.addWidget(self.view)
        views.addWidget(self.duel)
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
        self._title = ""  # of the picture
        for notice in self._notices:
            notice.changed.connect(self._arrange)

    def show_status(self, status: LiveStatus) -> None:
        self.view.set_message(wording.waiting(status))
        if self.hud.isVisible():
            self.hud.show_status(status)
        self.notice.show_status(status)
        self.view.set_dimmed(status.source.waiting)
        self.duel.show_status(status)
        self.view.setVisible(self.duel.sides is None)
        self.analysis_notice.show_text(status.analysis_notice)
        self.opening.setText(source_text.opening_text(status.source.opening))
        self.opening.setVisible(bool(status.source.opening))
        self._arrange()  # the picture may have changed its shape

    def show_analysis(self, analysis: Analysis) -> None:
        self.view.show_analysis(analysis)
        self._title = source_text.picture_title(analysis.frame)
        self._show_title()
        if self.duel.sides is not None:
            self.duel.show_analysis(analysis)

    def _show_title(self) -> None:
        """Notices have the corner of the title."""
        is_covered = any(not notice.isHidden() for notice in self._notices)
        self.view.set_title("" if is_covered else self._title)

    def set_overlay_style(self, style: OverlayStyle) -> None:
        self.view.set_overlay_style(style)
        self.duel.set_overlay_style(style)

    def selected_map(self) -> QImage | None:
        """The coloured map of the selected face, or of a held one."""
        return self.view.selected_map() if self.duel.held is None else self.duel.selected_map()

    @property
    def overlay_delay_ms(self) -> float | None:
        """Of the maps on the screen; None without maps."""
        view = self.view if self.duel.sides is None else self.duel.wipe
        return view.overlay_delay_ms

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

    def _arrange_badges(self, room: QRect) -> None:
        """In the upper right corner, beside the picture if there is room."""
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
        room = self.view.picture_rect().toAlignedRect()
        if self.duel.sides is not None:
            room = self.duel.wipe.geometry()
        if room.width() < 360 or room.height() < self.hud.height() + 2 * _MARGIN:
            room = QRect(self.rect())
        room.adjust(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        self.hud.move(room.topLeft())
        self.first_steps.resize(self.first_steps.size_in(self.width() - 2 * _MARGIN))
        self.first_steps.move(_MARGIN, _MARGIN)  # in the corner it hides least of a face
        self._arrange_badges(self.rect().adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN))
        left, bottom = room.left(), room.bottom() + 1
        if self.duel.sides is None:  # notices hide less of the picture beside it
            left = _MARGIN if left > _MIN_LETTERBOX else left
            below = self.height() - bottom
            bottom = self.height() - _MARGIN if below > _MIN_LETTERBOX else bottom
        self._show_title()
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
