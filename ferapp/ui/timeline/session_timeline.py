"""The session timeline: leading expression, curves and marks over time, to read and to measure."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.overlays.label_text import class_title, percent
from ferapp.ui.timeline.interval_statistics import ExpressionStatistics, interval_statistics
from ferapp.ui.timeline.session_history import LIVE_S, Event, SessionHistory, doubt_kinds
from ferapp.ui.timeline.strip.pointer_painter import paint_cursor, paint_interval
from ferapp.ui.timeline.strip.strip_layout import StripLayout, lay_out, least_height
from ferapp.ui.timeline.strip.strip_painter import paint_session
from ferapp.ui.timeline.strip.time_ticks import time_text
from ferapp.ui.timeline.thumbnails_over_time import TimedThumbnails
from ferapp.ui.widgets import theme
from ferapp.vision.types import QualityKind

EMPTY = "The expressions of each face over time appear here as soon as a face is analysed."
REACH = 6  # px from the cursor or a mark that still hit it
DRAG = 4  # px that make a press a drag
LEAST_SPAN_S = 0.5  # of the range displayed, and of a camera's whole session at first:
FIRST_SPAN_S = 30.0
NEAR_S = 0.25  # a frame so far from the pointer is still what is pointed at
ZOOM = 1.2  # of one step of the wheel
_HINT = (
    "Point: the values of that moment. Drag: measure an interval. Wheel: zoom; with Shift: move.\n"
    "Double click: show all. In a file a click goes there, and the cursor can be dragged.\n"
    "Coloured band: the leading expression, fainter where it leads by little; hatched: in doubt."
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a moment: the frame nearest to it. `smoothed` (K,) None: no face there."""

    time_s: float
    smoothed: NDArray[np.float32] | None = None
    doubts: tuple[QualityKind, ...] = ()
    event: Event | None = None
    thumbnail: bytes | None = None


class SessionTimeline(QWidget):
    """Draws `history`. `sought` carries a place in a file, `face_chosen` the number of a face.

    `read` is emitted when the pointer is elsewhere, `measured` when the interval is another.
    """

    sought = Signal(float)
    face_chosen = Signal(int)
    read = Signal()
    measured = Signal()

    def __init__(self, history: SessionHistory) -> None:
        super().__init__()
        self.history = history
        self.thumbnails = TimedThumbnails()
        self.lanes: tuple[str, ...] = ()
        self.can_seek = False
        self.interval: tuple[float, float] | None = None
        self.reading: Reading | None = None
        self._range: tuple[float, float] | None = None  # None: everything
        self._cursor_before: float | None = None
        self._drag = ""  # what is dragged: "press", "cursor", "interval", "range"
        self._pressed = QPointF()
        self._pressed_s = 0.0
        self._session: QPixmap | None = None
        self._session_of: object = None  # what the picture of the session shows
        self._drawn: object = None  # at the last refresh
        self.setFont(theme.sized(self.font(), 0.85))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip(_HINT)
        self.setAccessibleName("Session timeline")
        self.setAccessibleDescription(EMPTY)
        self._fit_height()

    # --- what is displayed ----------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(600, self.minimumHeight() + 24)

    @property
    def range(self) -> tuple[float, float]:
        """The times at the left and right edge."""
        return self._range or self._whole()

    def _whole(self) -> tuple[float, float]:
        start, end = self.history.span
        if not self.history.has_positions:
            start = max(start, end - LIVE_S)
            end = max(end, start + FIRST_SPAN_S)
            pixel_s = 2.0 ** math.floor(math.log2((end - start) / max(self.width(), 1)))
            start, end = (math.ceil(time_s / pixel_s) * pixel_s for time_s in (start, end))
        return start, max(end, start + LEAST_SPAN_S)

    def layout_now(self) -> StripLayout:
        others = sorted(face for face in self.history.faces if face != self.history.selected)
        return lay_out(QSizeF(self.size()), *self.range, others, self.lanes)

    def show_all(self) -> None:
        self._range = None
        self.update()

    def show_range(self, start: float, end: float) -> None:
        """As far as there is something."""
        first, last = self._whole()
        span = min(max(end - start, LEAST_SPAN_S), last - first)
        start = min(max(start, first), last - span)
        self._range = None if span >= last - first else (start, start + span)
        self.update()

    def show_lanes(self, lanes: tuple[str, ...]) -> None:
        """Further curves, by the names of `vision.signals.GROUPS`."""
        self.lanes = lanes
        self._fit_height()
        self.update()

    def refresh(self) -> None:
        """Draw what the history has now, if that is a pixel more; a few times a second."""
        self._follow_cursor()
        self._fit_height()
        if self.interval is not None and self.history.is_empty:
            self.select_interval(None)
        drawn = self._subject()
        if drawn != self._drawn:
            self._drawn = drawn
            self.update()

    def _fit_height(self) -> None:
        others = max(len(self.history.faces) - 1, 0)
        height = least_height(others, len(self.lanes))
        if height != self.minimumHeight():
            self.setMinimumHeight(height)

    def _follow_cursor(self) -> None:
        """A part that showed the cursor goes on with it."""
        before, now = self._cursor_before, self.history.cursor_s
        self._cursor_before = now
        if self._range is None or before is None or now is None or self._drag:
            return
        start, end = self._range
        if start <= before <= end and not start <= now <= end:
            span = end - start
            move = now - end if 0 < now - end < span else now - start - 0.1 * span
            self.show_range(start + move, end + move)

    def summary(self) -> str:
        """In words: from when to when, and the face's leading expressions."""
        history = self.history
        series = history.series(history.selected)
        start, end = self.range
        found = interval_statistics(series, history.classes, start, end) if series else ()
        if not found:
            return EMPTY
        span = f"{self.time_text(start)} to {self.time_text(end)}"
        leading = sorted(found, key=lambda one: -one.mean)[:3]
        means = ", ".join(f"{class_title(o.expression)} {percent(o.mean)}" for o in leading)
        return f"{span}, face {history.selected}, on average: {means}"

    def time_text(self, time_s: float, decimals: int = 0) -> str:
        return time_text(time_s - self.history.origin_s, decimals)

    # --- reading and measuring ------------------------------------------------------------------

    def point_at(self, time_s: float | None) -> None:
        """Read the values of a moment; None: of none."""
        self.reading = None if time_s is None else self._read(time_s)
        self.read.emit()
        self.update()

    def _read(self, time_s: float) -> Reading:
        history, layout = self.history, self.layout_now()
        reach_s = REACH * (layout.end - layout.start) / layout.ribbon.width()
        near = [e for e in history.events if abs(e.time_s - time_s) <= reach_s]
        event = min(near, key=lambda e: abs(e.time_s - time_s), default=None)
        series = history.series(history.selected)
        row = series.nearest(time_s) if series is not None else None
        if row is None or history.selected is None:
            return Reading(time_s, event=event)
        row_s = float(row.times[0])
        if abs(row_s - time_s) > max(NEAR_S, reach_s) or not np.isfinite(row.smoothed).all():
            return Reading(time_s, event=event)
        thumbnail = self.thumbnails.nearest(history.selected, row_s)
        return Reading(row_s, row.smoothed[0], doubt_kinds(int(row.doubts[0])), event, thumbnail)

    def select_interval(self, interval: tuple[float, float] | None) -> None:
        self.interval = interval
        self.measured.emit()
        self.update()

    def statistics(self) -> tuple[ExpressionStatistics, ...]:
        """Of the selected face in the selected interval; () without either."""
        series = self.history.series(self.history.selected)
        if self.interval is None or series is None:
            return ()
        return interval_statistics(series, self.history.classes, *self.interval)

    # --- mouse and keys -------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        layout, at = self.layout_now(), event.position()
        if self.history.is_empty:
            return
        self._pressed, self._pressed_s = at, layout.time_at(at.x())
        cursor = self.history.cursor_s
        if event.button() == Qt.MouseButton.MiddleButton or at.y() >= layout.axis.top():
            self._drag = "range"
        elif event.button() == Qt.MouseButton.LeftButton:
            on_cursor = cursor is not None and abs(layout.x_of(cursor) - at.x()) <= REACH
            self._drag = "cursor" if self.can_seek and on_cursor else "press"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        layout, at = self.layout_now(), event.position()
        time_s = min(max(layout.time_at(at.x()), layout.start), layout.end)
        if self._drag == "press" and abs(at.x() - self._pressed.x()) >= DRAG:
            self._drag = "interval"
        if self._drag == "range":
            move = self._pressed_s - layout.time_at(at.x())
            self.show_range(layout.start + move, layout.end + move)
        elif self._drag == "cursor":
            self.sought.emit(time_s)
        elif self._drag == "interval":
            first = min(max(self._pressed_s, layout.start), layout.end)
            self.select_interval((min(first, time_s), max(first, time_s)))
        self._show_pointer(at, layout)
        inside = (
            not self.history.is_empty
            and at.x() >= layout.ribbon.left()
            and at.y() < layout.axis.top()
        )
        self.point_at(time_s if inside and self._drag != "range" else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._drag = self._drag, ""
        layout, at = self.layout_now(), event.position()
        if drag != "press":
            return
        face = layout.row_at(at.y()) if at.x() < layout.ribbon.left() else None
        if face is not None:
            self.face_chosen.emit(face)
        elif at.x() < layout.ribbon.left():
            return
        elif self.can_seek:
            self.sought.emit(min(max(layout.time_at(at.x()), layout.start), layout.end))
        else:
            self.select_interval(None)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.show_all()

    def _show_pointer(self, at: QPointF, layout: StripLayout) -> None:
        shape, cursor = Qt.CursorShape, self.history.cursor_s
        if self._drag == "range" or at.y() >= layout.axis.top():
            chosen = shape.OpenHandCursor
        elif at.x() < layout.ribbon.left():
            chosen = (
                shape.ArrowCursor if layout.row_at(at.y()) is None else shape.PointingHandCursor
            )
        elif self.can_seek and cursor is not None and abs(layout.x_of(cursor) - at.x()) <= REACH:
            chosen = shape.SplitHCursor
        else:
            chosen = shape.CrossCursor
        if self.cursor().shape() != chosen:
            self.setCursor(chosen)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer; Shift or a sideways wheel moves."""
        layout, turned = self.layout_now(), event.angleDelta()
        span = layout.end - layout.start
        sideways = turned.x() or (
            turned.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0
        )
        if sideways:
            move = -sideways / 120 * 0.1 * span
            self.show_range(layout.start + move, layout.end + move)
        elif turned.y():
            self.zoom(ZOOM ** (turned.y() / 120), layout.time_at(event.position().x()))
        event.accept()

    def zoom(self, factor: float, about_s: float) -> None:
        start, end = self.range
        about_s = min(max(about_s, start), end)
        self.show_range(about_s - (about_s - start) / factor, about_s + (end - about_s) / factor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        start, end = self.range
        step, key = 0.1 * (end - start), Qt.Key
        if event.key() in (key.Key_Left, key.Key_Right):
            move = step if event.key() == key.Key_Right else -step
            self.show_range(start + move, end + move)
        elif event.key() in (key.Key_Plus, key.Key_Equal):
            self.zoom(ZOOM, self._centre())
        elif event.key() == key.Key_Minus:
            self.zoom(1 / ZOOM, self._centre())
        elif event.key() == key.Key_Home:
            self.show_all()
        elif event.key() == key.Key_Escape and self.interval is not None:
            self.select_interval(None)
        else:
            super().keyPressEvent(event)

    def _centre(self) -> float:
        cursor, (start, end) = self.history.cursor_s, self.range
        return cursor if cursor is not None and start <= cursor <= end else (start + end) / 2

    def leaveEvent(self, event: QEvent) -> None:
        self.point_at(None)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and self.reading is not None:
            return True  # the card says more
        return super().event(event)

    # --- painting -------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._session = None

    def paintEvent(self, event: QPaintEvent) -> None:
        layout = self.layout_now()
        with QPainter(self) as painter:
            if self.history.is_empty:
                painter.setPen(QColor(theme.current().muted))
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, EMPTY)
                return
            painter.drawPixmap(QPoint(), self._session_picture(layout))
            self.paint_over(painter, layout)

    def _subject(self) -> tuple[object, ...]:
        """What is drawn: it is another one when the newest frame is a pixel further."""
        history, (start, end) = self.history, self.range
        cursor = history.cursor_s
        column = None if cursor is None else math.floor(cursor * self.width() / (end - start))
        faces = tuple((number, face.colour) for number, face in history.faces.items())
        look = self.lanes, theme.current().name, self.size()
        return history.changes, faces, history.is_empty, start, end, column, look

    def _session_picture(self, layout: StripLayout) -> QPixmap:
        """Of everything that the pointer does not change."""
        shown = self._subject()
        if self._session is None or self._session_of != shown:
            ratio = self.devicePixelRatioF()
            picture = QPixmap(self.size() * ratio)
            picture.setDevicePixelRatio(ratio)
            picture.fill(QColor(theme.current().panel))
            with QPainter(picture) as painter:
                paint_session(painter, self.history, layout, self.font())
            self._session, self._session_of = picture, shown
        return self._session

    def paint_over(self, painter: QPainter, layout: StripLayout) -> None:
        """Selection, cursor and pointer."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours, axis = theme.current(), layout.axis
        inside = QRectF(axis.left() - 8, 0, axis.width() + 16, self.height())
        painter.setClipRect(inside)
        if self.interval is not None:
            paint_interval(painter, layout, *self.interval)
        if self.reading is not None:
            pointer = round(layout.x_of(self.reading.time_s))
            painter.fillRect(QRectF(pointer, 2, 1, axis.top() - 2), QColor(colours.muted))
        cursor = self.history.cursor_s
        if cursor is not None and layout.start <= cursor <= layout.end:
            paint_cursor(painter, layout.x_of(cursor), axis.top())
        if self.hasFocus():
            painter.setClipping(False)
            painter.setPen(QColor(colours.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
