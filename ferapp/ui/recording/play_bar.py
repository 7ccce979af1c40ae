"""The bar below the picture while a file plays: pause, position, speed and loop.

For a recording also its marks, and the choice of recorded results or a new analysis; for a folder
its pictures.
"""

import math
import time
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QColor,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QToolTip,
    QVBoxLayout,
)

from ferapp.live.status import Playback
from ferapp.recording.session import MARK
from ferapp.sources.recorded import Mark, Replay
from ferapp.ui.recording.filmstrip import Filmstrip
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.text_size import fix_width

SPEEDS = (0.25, 0.5, 1.0, 1.5, 2.0)
_MARK_REACH = 5  # px from a mark within which its note is shown
_STEP_MS = 1000
_NEAR_S = 0.6  # a frame this close to the target of a seek counts as the target
_SEEK_TIMEOUT_S = 1.0  # for the frame at the target
_STORED = "The stored results, unsmoothed as in"
_AGAIN = (
    "Run the current model on the recorded frames.\n"
    "They were compressed, so results may differ slightly from those of the live frames."
)
_TABLE_AGAIN = "Run the current model on the frames. The table stays as it is."
_NO_PICTURES = "The pictures of this table are missing, so it cannot be analysed again."
_HAS_OVERLAYS = (
    "Only the video with overlays was recorded: they are part of the picture,\n"
    "so it cannot be analysed again."
)


class Timeline(QSlider):
    """Position in the file in ms, with a line for each mark. A click seeks."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.marks: tuple[Mark, ...] = ()
        self.setSingleStep(_STEP_MS)
        self.setPageStep(5 * _STEP_MS)
        self.setMinimumSize(100, 28)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Position")
        self.setToolTip("Position in the file. Click or drag to seek.")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def x_of(self, time_s: float) -> float:
        """Horizontal position of a time, in px."""
        groove, handle = self._groove_and_handle()
        room = groove.width() - handle.width()
        share = 1000 * time_s / max(self.maximum(), 1)
        return groove.x() + handle.width() / 2 + room * min(share, 1.0)

    def mark_at(self, x: float) -> Mark | None:
        near = [mark for mark in self.marks if abs(self.x_of(mark.time_s) - x) <= _MARK_REACH]
        return min(near, key=lambda mark: abs(self.x_of(mark.time_s) - x), default=None)

    def _groove_and_handle(self) -> tuple[QRect, QRect]:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        control, part = QStyle.ComplexControl.CC_Slider, QStyle.SubControl
        return (
            self.style().subControlRect(control, option, part.SC_SliderGroove, self),
            self.style().subControlRect(control, option, part.SC_SliderHandle, self),
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            groove, handle = self._groove_and_handle()
            start = groove.x() + handle.width() // 2
            room = groove.width() - handle.width()
            x = round(event.position().x()) - start
            self.setValue(QStyle.sliderValueFromPosition(0, self.maximum(), x, room))
        super().mousePressEvent(event)  # the handle is under the pointer now and follows it

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            middle = self.height() / 2
            for mark in self.marks:
                x = self.x_of(mark.time_s)
                colours = theme.current()
                painter.setPen(
                    QPen(QColor(colours.warning if mark.kind == MARK else colours.muted), 2)
                )
                painter.drawLine(QPointF(x, middle - 11), QPointF(x, middle - 4))
                if mark.note:  # marks with a note get a dot
                    painter.setBrush(painter.pen().color())
                    painter.drawEllipse(QRectF(x - 2, middle - 13, 4, 4))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            mark = self.mark_at(event.pos().x())
            QToolTip.showText(
                event.globalPos(), wording.mark(mark) if mark else self.toolTip(), self
            )
            return True
        return super().event(event)


class PlayBar(QFrame):
    """`sought` carries seconds; `reanalysis_changed` whether to analyse a recording again.

    `steps` are the actions that go back and on by a frame.
    """

    sought = Signal(float)
    play_again = Signal()
    speed_chosen = Signal(float)
    loop_changed = Signal(bool)
    reanalysis_changed = Signal(bool)

    def __init__(self, freeze: QAction, steps: Sequence[QAction]) -> None:
        super().__init__()
        self.setObjectName("lower")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Playback")
        self._seconds = 0.0
        self._target_s, self._sought_at = 0.0, -math.inf  # of the latest seek, and when
        self._replay: Replay | None = None
        self._playback = Playback(0.0)
        self._is_paused = False
        self.pause = QPushButton("Pause")
        fix_width(
            self.pause, lambda button: button.fontMetrics().horizontalAdvance("Play again") + 32
        )
        self.pause.clicked.connect(
            lambda: self.play_again.emit() if self._playback.ended else freeze.toggle()
        )
        freeze.toggled.connect(self._show_paused)
        enable_keyboard(self.pause)
        self.time = QLabel()
        self.time.setFont(theme.sized(self.font(), 1.0))
        self.time.setAccessibleName("Time")
        self.line = Timeline()
        self.line.valueChanged.connect(self._seek)
        self.filmstrip = Filmstrip()
        self.filmstrip.chosen.connect(self._seek_picture)
        self.speed = self._speed_button(steps)
        self.notice = QLabel()
        self.notice.setProperty("wrong", True)
        self.recorded, self.analyse = Chip("Recorded", _STORED), Chip("Analyse again", _AGAIN)
        group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MARGIN, 6, theme.MARGIN, 6)
        column.setSpacing(6)
        column.addWidget(self.filmstrip)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        column.addLayout(row)
        for widget in (self.pause, self.time, self.line, self.speed, self.notice):
            row.addWidget(widget)
        for chip in (self.recorded, self.analyse):
            group.addButton(chip)
            row.addWidget(chip)
        self.recorded.setChecked(True)
        self.analyse.toggled.connect(self.reanalysis_changed)
        self._show_paused(False)
        self._show_replay(None)
        self.hide()

    def _speed_button(self, steps: Sequence[QAction]) -> QPushButton:
        """Its menu has the speeds, the loop, and the steps with their keys."""
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        group = QActionGroup(menu)
        self.speeds: dict[float, QAction] = {}
        for speed in SPEEDS:
            action = menu.addAction(_speed_text(speed))
            action.setCheckable(True)
            action.setToolTip("Playback only. Times in tables stay those of the file.")
            action.triggered.connect(lambda _=False, chosen=speed: self.speed_chosen.emit(chosen))
            group.addAction(action)
            self.speeds[speed] = action
        menu.addSeparator()
        self.loop = menu.addAction("Loop")
        self.loop.setCheckable(True)
        self.loop.setToolTip("Start again at the end. Otherwise the last frame stays.")
        self.loop.triggered.connect(self.loop_changed)
        menu.addSeparator()
        menu.addActions(list(steps))
        button = QPushButton(_speed_text(1.0))
        button.setAccessibleName("Speed and loop")
        button.setMenu(menu)
        button.setToolTip("Speed, loop, and steps by one frame (keys: comma and full stop).")
        enable_keyboard(button)
        return button

    def show_playback(self, playback: Playback | None, replay: Replay | None) -> None:
        """None: no file to seek in, no recording."""
        self.setVisible(playback is not None)
        if playback is not None and playback != self._playback:
            self._show_playback(playback)
        if playback is not None and playback.seconds != self._seconds:
            self._seconds = playback.seconds
            self.line.blockSignals(True)  # this is no seek
            self.line.setMaximum(round(1000 * playback.seconds))
            self.line.blockSignals(False)
        if replay != self._replay:
            self._replay = replay
            self._show_replay(replay)

    def _show_playback(self, playback: Playback) -> None:
        self._playback = playback
        self.filmstrip.show_pictures(playback.pictures)
        for speed, action in self.speeds.items():
            action.setChecked(speed == playback.speed)
        self.loop.setChecked(playback.loops)
        text = _speed_text(playback.speed) + ", loop" * playback.loops
        self.speed.setText(text)
        self.speed.setAccessibleName(f"Speed and loop: {text}")
        self._show_paused(self._is_paused)

    def _show_replay(self, replay: Replay | None) -> None:
        self.line.marks = replay.marks if replay is not None else ()
        self.line.setAccessibleDescription(
            "\n".join(wording.mark(mark) for mark in self.line.marks) or "No marks"
        )
        self.line.update()
        for widget in (self.notice, self.recorded, self.analyse):
            widget.setVisible(replay is not None)
        if replay is None:
            return
        model = f"\nModel: {replay.model}." if replay.model else ""
        self.recorded.setText("Recorded" if replay.is_recording else "From the table")
        self.recorded.setToolTip(f"{_STORED} {replay.table.file.name}.{model}")
        self.analyse.setEnabled(replay.can_reanalyse)
        again = _AGAIN if replay.is_recording else _TABLE_AGAIN
        blocked = _HAS_OVERLAYS if replay.has_overlays else _NO_PICTURES
        self.analyse.setToolTip(again if replay.can_reanalyse else blocked)
        remarks = ["overlays only"] * replay.has_overlays + ["cut short"] * (not replay.is_complete)
        remarks += ["no pictures"] * (replay.missing is not None)
        self.notice.setText(", ".join(remarks).capitalize())
        self.notice.setToolTip(
            (f"{_HAS_OVERLAYS}\n" * replay.has_overlays)
            + "It was interrupted. Everything stored up to then is available."
            * (not replay.is_complete)
            + (f"\n{_NO_PICTURES}" if replay.missing is not None else "")
        )
        self.notice.setVisible(bool(remarks))
        (self.analyse if replay.is_reanalysed else self.recorded).setChecked(True)

    def show_time(self, time_s: float) -> None:
        """Position of the frame on the screen.

        After a seek the handle waits for the frame there: an earlier one would throw it back, and
        the next key press would start from the wrong position.
        """
        arrived = abs(time_s - self._target_s) <= _NEAR_S
        if arrived or time.perf_counter() - self._sought_at > _SEEK_TIMEOUT_S:
            self._sought_at = -math.inf
        if self._sought_at == -math.inf and not self.line.isSliderDown():
            self.line.blockSignals(True)
            self.line.setValue(round(1000 * time_s))
            self.line.blockSignals(False)
            self.line.update()
        text = f"{wording.duration(time_s)} / {wording.duration(self._seconds)}"
        pictures = self._playback.pictures
        if pictures is not None:
            number = self._picture_at(time_s)
            self.filmstrip.show_current(number)
            text = f"{number + 1} of {len(pictures.names)}"
        if text != self.time.text():
            self.time.setText(text)

    def _picture_at(self, time_s: float) -> int:
        pictures = self._playback.pictures
        count = len(pictures.names) if pictures is not None else 0
        return min(round(time_s * count / max(self._seconds, 1e-6)), count - 1)

    def _seek_picture(self, number: int) -> None:
        pictures = self._playback.pictures
        if pictures is not None:
            self.sought.emit(number * self._seconds / len(pictures.names))

    def _seek(self, value: int) -> None:
        self._target_s, self._sought_at = value / 1000, time.perf_counter()
        self.sought.emit(self._target_s)

    def _show_paused(self, on: bool) -> None:
        self._is_paused = on
        ended = self._playback.ended
        text = "Play again" if ended else "Play" if on else "Pause"
        self.pause.setText(text)
        self.pause.setAccessibleName(text)
        what = "Start again" if ended else "Continue playback" if on else "Pause playback"
        self.pause.setToolTip(f"{what}. Key: Space")


def _speed_text(speed: float) -> str:
    return f"{speed:g} ×"
