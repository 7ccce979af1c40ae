"""The lane of codes in the session timeline: intervals to draw, move and resize."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.overlays.label_text import class_title
from ferapp.overlays.palette import to_qcolor
from ferapp.studies.coding.coded_interval import CodedInterval
from ferapp.studies.coding.codes import EXPRESSION, track_of
from ferapp.ui.coding.code_colours import code_colour
from ferapp.ui.timeline.session_timeline import DRAG, REACH, SessionTimeline
from ferapp.ui.timeline.strip.pointer_painter import paint_cursor, paint_interval
from ferapp.ui.timeline.strip.strip_layout import AXIS, RIGHT, StripLayout, lay_out
from ferapp.ui.timeline.strip.time_ticks import ticks, time_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.text_size import scaled

OWN, OTHER = 24, 14  # px of a row of the coder, and of others
_TOP, _BETWEEN = 5, 3  # px
_TICK_PX = 76  # between two times on the axis, at least
_HINT = (
    "Drag: draw an interval with the chosen code. Drag an interval to move it, an edge to resize.\n"
    "Click: go there. Hold 1 to 9 while the clip plays: the interval grows. Wheel: zoom."
)

Grip = Literal["", "press", "draw", "body", "start", "end", "seek"]


@dataclass(frozen=True, slots=True)
class LaneRow:
    """Codes of a track by a coder; only the own ones can be changed."""

    title: str
    track: str
    intervals: tuple[CodedInterval, ...]
    is_own: bool = True


def lane_rows(
    intervals: Sequence[CodedInterval], coder: str, codes: Sequence[str] = ()
) -> list[LaneRow]:
    """A row for each track in use; `codes` are those that the coder can draw, () another's."""
    drawn = {track_of(code): None for code in codes}
    tracks = sorted(drawn | {one.track: None for one in intervals}, key=lambda t: t != EXPRESSION)
    titles = {t: coder if t == EXPRESSION else t if codes else f"{t} {coder}" for t in tracks}
    return [
        LaneRow(titles[t], t, tuple(one for one in intervals if one.track == t), bool(codes))
        for t in tracks
    ]


class CodingLane(QWidget):
    """Shows `rows` over the times of `strip`.

    `drawn` carries start, end and track of a new interval, `reshaped` an interval and its new start
    and end, `chosen` the interval that was clicked or None, `sought` a time. `grown` carries a new
    height.
    """

    drawn = Signal(float, float, str)
    reshaped = Signal(object, float, float)
    chosen = Signal(object)
    sought = Signal(float)
    grown = Signal(int)

    def __init__(self, strip: SessionTimeline) -> None:
        super().__init__()
        self._strip = strip
        self.rows: tuple[LaneRow, ...] = ()
        self.selected: CodedInterval | None = None
        self.preview: CodedInterval | None = None  # what is being drawn or changed
        self.moment: tuple[float, float] | None = None  # of a disagreement
        self._grip: Grip = ""
        self._pressed, self._pressed_s = QPointF(), 0.0
        self._held: CodedInterval | None = None  # what was pressed
        self._row: LaneRow | None = None
        self._shown: object = None
        self.setFont(theme.sized(self.font(), 0.85))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(_HINT)
        self.setAccessibleName("Coding")
        self.hide()

    # --- what is shown --------------------------------------------------------------------------

    def show_rows(self, rows: Sequence[LaneRow]) -> None:
        self.rows = tuple(rows)
        count = sum(len(row.intervals) for row in rows if row.is_own)
        plural = "interval" if count == 1 else "intervals"
        self.setAccessibleDescription(f"{count} {plural}. {self._selected_text()}")
        height = self.sizeHint().height()
        if height != self.minimumHeight():
            self.setMinimumHeight(height)
            self.grown.emit(height)
        self.update()

    def _selected_text(self) -> str:
        one = self.selected
        if one is None:
            return "None is selected."
        span = f"{time_text(one.start_s, 1)} to {time_text(one.end_s, 1)}"
        return f"Selected: {class_title(one.code)}, {span}."

    def select(self, interval: CodedInterval | None) -> None:
        self.selected = interval
        self.show_rows(self.rows)

    def show_preview(self, interval: CodedInterval | None) -> None:
        if interval != self.preview:
            self.preview = interval
            self.update()

    def show_moment(self, moment: tuple[float, float] | None) -> None:
        self.moment = moment
        if moment is not None and not self._strip.range[0] <= moment[0] <= self._strip.range[1]:
            span = self._strip.range[1] - self._strip.range[0]
            self._strip.show_range(moment[0] - span / 2, moment[0] + span / 2)
        self.update()

    def refresh(self) -> None:
        """Follow the timeline's range and cursor; a few times a second."""
        history = self._strip.history
        shown = self._strip.range, history.cursor_s, theme.current().name
        if shown != self._shown:
            self._shown = shown
            self.update()

    def sizeHint(self) -> QSize:
        height = sum((OWN if row.is_own else OTHER) + _BETWEEN for row in self.rows)
        return QSize(600, _TOP + height + scaled(AXIS))

    def layout_now(self) -> StripLayout:
        """Times lie where the timeline below has them."""
        size = self.size().toSizeF()
        if self._strip.isVisible():
            size.setWidth(self._strip.width())
        return lay_out(size, *self._strip.range, (), ())

    def row_rects(self) -> list[tuple[LaneRow, QRectF]]:
        layout, top, rects = self.layout_now(), float(_TOP), []
        for row in self.rows:
            height = OWN if row.is_own else OTHER
            rects.append((row, QRectF(layout.ribbon.left(), top, layout.ribbon.width(), height)))
            top += height + _BETWEEN
        return rects

    # --- mouse ----------------------------------------------------------------------------------

    def grip_at(self, at: QPointF) -> tuple[Grip, CodedInterval | None, LaneRow | None]:
        """What a press there would take hold of."""
        layout = self.layout_now()
        for row, rect in self.row_rects():
            if not (row.is_own and rect.top() <= at.y() < rect.bottom()):
                continue
            for one in row.intervals:
                left, right = layout.x_of(one.start_s), layout.x_of(one.end_s)
                reach = min(REACH, max((right - left) / 3, 1.0))
                for grip, x in (("start", left), ("end", right)):
                    if abs(at.x() - x) <= reach and not one.is_point:
                        return ("start" if grip == "start" else "end"), one, row
                if left - 2 <= at.x() <= right + 2:
                    return "body", one, row
            return "press", None, row
        return "seek", None, None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._pressed = event.position()
        self._pressed_s = self._time_at(event.position())
        self._grip, self._held, self._row = self.grip_at(event.position())
        self.chosen.emit(self._held)
        if self._grip == "seek":
            self.sought.emit(self._pressed_s)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at, time_s = event.position(), self._time_at(event.position())
        far = abs(at.x() - self._pressed.x()) >= DRAG
        if self._grip == "press" and far:
            self._grip = "draw"
        if self._grip == "seek":
            self.sought.emit(time_s)
        elif self._grip == "draw" and self._row is not None:
            first, last = sorted((self._pressed_s, time_s))
            self.show_preview(CodedInterval(first, last, self._row.track, ""))
        elif self._held is not None and (far or self.preview is not None):
            self.show_preview(self._reshaped(self._held, time_s))
        self._show_pointer(at)

    def _reshaped(self, held: CodedInterval, time_s: float) -> CodedInterval:
        """The held interval with its start, its end or all of it moved to the pointer."""
        if self._grip == "start":
            return replace(held, start_s=min(time_s, held.end_s))
        if self._grip == "end":
            return replace(held, end_s=max(time_s, held.start_s))
        move = max(time_s - self._pressed_s, -held.start_s)
        return replace(held, start_s=held.start_s + move, end_s=held.end_s + move)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        grip, preview, self._grip = self._grip, self.preview, ""
        if grip == "press":
            self.sought.emit(self._pressed_s)
        if preview is None or not grip:
            return
        self.show_preview(None)
        if grip == "draw":
            self.drawn.emit(preview.start_s, preview.end_s, preview.code)
        elif self._held is not None:
            self.reshaped.emit(self._held, preview.start_s, preview.end_s)

    def _time_at(self, at: QPointF) -> float:
        layout = self.layout_now()
        return min(max(layout.time_at(at.x()), layout.start), layout.end)

    def _show_pointer(self, at: QPointF) -> None:
        grip, shape = self._grip or self.grip_at(at)[0], Qt.CursorShape
        shapes: dict[Grip, Qt.CursorShape] = {
            "start": shape.SizeHorCursor,
            "end": shape.SizeHorCursor,
            "body": shape.OpenHandCursor,
            "seek": shape.ArrowCursor,
        }
        self.setCursor(shapes.get(grip, shape.CrossCursor))

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._strip.wheelEvent(event)
        self.update()

    # --- painting -------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        layout, colours = self.layout_now(), theme.current()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_axis(painter, layout)
            room = layout.ribbon
            for row, rect in self.row_rects():
                self._paint_row(painter, layout, row, rect)
            painter.setClipRect(QRectF(room.left() - 8, 0, room.width() + 16, self.height()))
            if self.moment is not None:
                paint_interval(painter, layout, *self.moment)
            cursor = self._strip.history.cursor_s
            if cursor is not None and layout.start <= cursor <= layout.end:
                paint_cursor(painter, layout.x_of(cursor), layout.axis.top())
            if self.hasFocus():
                painter.setClipping(False)
                painter.setPen(QColor(colours.accent))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_axis(self, painter: QPainter, layout: StripLayout) -> None:
        colours, origin = theme.current(), self._strip.history.origin_s
        most = int(layout.axis.width() // _TICK_PX)
        times, decimals = ticks(layout.start - origin, layout.end - origin, most)
        for time_s in times:
            x = round(layout.x_of(time_s + origin))
            painter.fillRect(QRectF(x, 2, 1, layout.axis.top()), QColor(colours.line))
            painter.setPen(QColor(colours.muted))
            top, height = layout.axis.top() + 3, layout.axis.height() - 3
            box = QRectF(x - _TICK_PX / 2, top, _TICK_PX, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, time_text(time_s, decimals))

    def _paint_row(
        self, painter: QPainter, layout: StripLayout, row: LaneRow, rect: QRectF
    ) -> None:
        colours = theme.current()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(to_qcolor(colours.line, 0.45 if row.is_own else 0.25))
        painter.drawRoundedRect(rect, 3, 3)
        painter.setPen(QColor(colours.text if row.is_own else colours.muted))
        title = QRectF(rect.right() + 8, rect.top(), scaled(RIGHT) - 10, rect.height())
        metrics = QFontMetricsF(painter.font())
        name = metrics.elidedText(row.title, Qt.TextElideMode.ElideRight, title.width())
        painter.drawText(title, Qt.AlignmentFlag.AlignVCenter, name)
        painter.save()
        painter.setClipRect(rect.adjusted(0, -1, 0, 1))
        for one in row.intervals:
            if not (self._grip in ("body", "start", "end") and self.preview and one == self._held):
                self._paint_one(painter, layout, rect, one)
        preview = self.preview
        if preview is not None and row.is_own and row.track == preview.track:
            self._paint_one(painter, layout, rect, preview, is_preview=True)
        painter.restore()

    def _paint_one(
        self,
        painter: QPainter,
        layout: StripLayout,
        rect: QRectF,
        one: CodedInterval,
        is_preview: bool = False,
    ) -> None:
        """A bar with the code's name; a point event is a diamond."""
        colours, is_blank = theme.current(), one.code == EXPRESSION
        colour = colours.accent if is_blank else code_colour(one.code)
        left, right = layout.x_of(one.start_s), layout.x_of(one.end_s)
        if right < rect.left() or left > rect.right():
            return
        pen = QPen(QColor(colours.text), 2) if one == self.selected else QPen(QColor(colour), 1)
        if is_preview:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(to_qcolor(colour, 0.42))
        if one.is_point:
            middle, half = rect.center().y(), rect.height() / 2 - 3
            sides = ((0, -half), (half, 0), (0, half), (-half, 0))
            painter.drawPolygon([QPointF(left + dx, middle + dy) for dx, dy in sides])
            return
        bar = QRectF(left, rect.top(), max(right - left, 2.0), rect.height())
        painter.drawRoundedRect(bar.adjusted(0.5, 1, -0.5, -1), 3, 3)
        inside = bar.intersected(rect).adjusted(5, 0, -3, 0)
        name, metrics = class_title(one.code), QFontMetricsF(painter.font())
        if not is_blank and inside.width() >= metrics.horizontalAdvance(name[:3]):
            painter.setPen(QColor(colours.text))
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, inside.width())
            painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter, text)
