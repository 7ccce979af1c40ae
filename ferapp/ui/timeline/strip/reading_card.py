"""A card above the timeline with what was measured at the pointer: time, face, seven values."""

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ferapp.overlays.label_text import class_title, percent
from ferapp.ui.text import wording
from ferapp.ui.timeline.session_history import Event
from ferapp.ui.timeline.session_timeline import Reading, SessionTimeline
from ferapp.ui.timeline.strip.face_jpeg import SIDE
from ferapp.ui.widgets import theme

_PAD, _BAR = 10, 60  # px
_KINDS = {
    "mark": "Mark",
    "hidden": "Hidden from the model",
    "stimulus": "Stimulus",
    "source": "Source",
    "model": "Model",
}


def event_text(event: Event) -> str:
    """`Mark: a laugh`."""
    if event.kind == "hidden":
        return f"{_KINDS[event.kind]}: {event.text or 'nothing'}"
    return f"{_KINDS[event.kind]}: {event.text}" if event.text else _KINDS[event.kind]


class ReadingCard(QWidget):
    """Follows the pointer over `timeline`, just above it; the mouse passes through."""

    def __init__(self, parent: QWidget, timeline: SessionTimeline) -> None:
        super().__init__(parent)
        self._timeline, self._room = timeline, parent
        self._thumbnail: tuple[bytes | None, QImage | None] = (None, None)  # as JPEG, and decoded
        self.setFont(timeline.font())
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Values at the pointer")
        timeline.read.connect(self.follow)
        self.hide()

    def follow(self) -> None:
        """Show the timeline's reading, or nothing."""
        reading, timeline = self._timeline.reading, self._timeline
        self.setVisible(reading is not None)
        if reading is None:
            return
        self.setAccessibleDescription(", ".join(self.lines(reading)))
        self.resize(self._size(reading))
        x = timeline.layout_now().x_of(reading.time_s) - self.width() / 2
        above = timeline.mapTo(self._room, QPoint(round(x), 0))
        room = self._room.width() - self.width()
        top = above.y() - self.height() - 34
        self.move(min(max(above.x(), 4), max(room - 4, 4)), max(top, 4))
        self.raise_()
        self.update()

    def lines(self, reading: Reading) -> list[str]:
        """The card in words: the time, each value, what else is known."""
        texts = [self._title(reading)]
        if reading.smoothed is not None:
            classes = self._timeline.history.classes
            texts += [
                f"{class_title(name)} {percent(float(value))}"
                for name, value in zip(classes, reading.smoothed, strict=True)
            ]
        return texts + self._remarks(reading)

    def _title(self, reading: Reading) -> str:
        start, end = self._timeline.range
        decimals = 2 if end - start < 60 else 1
        return self._timeline.time_text(reading.time_s, decimals)

    def _remarks(self, reading: Reading) -> list[str]:
        remarks = [event_text(reading.event)] if reading.event else []
        if reading.smoothed is None:
            remarks.append("No face was analysed then")
        if reading.doubts:
            remarks.append(f"In doubt: {', '.join(map(wording.issue_name, reading.doubts))}")
        return remarks

    def _size(self, reading: Reading) -> QSize:
        metrics = self.fontMetrics()
        rows = 1 + len(self._remarks(reading))
        texts = [self._title(reading) + "  face 8", *self._remarks(reading)]
        width = max(map(metrics.horizontalAdvance, texts)) + 8
        if reading.smoothed is not None:
            rows += len(reading.smoothed)
            names = map(class_title, self._timeline.history.classes)
            table = max(map(metrics.horizontalAdvance, names)) + _BAR + 12
            table += metrics.horizontalAdvance(percent(1)) + 6
            picture = SIDE + _PAD if reading.thumbnail else 0
            width = max(width, table + picture)
        return QSize(width + 2 * _PAD, rows * (metrics.height() + 1) + 2 * _PAD)

    def paintEvent(self, event: QPaintEvent) -> None:
        reading = self._timeline.reading
        if reading is not None:
            with QPainter(self) as painter:
                self._paint(painter, reading)

    def _paint(self, painter: QPainter, reading: Reading) -> None:
        colours, line = theme.current(), self.fontMetrics().height() + 1
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.setBrush(QColor(colours.panel))
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(frame, theme.RADIUS, theme.RADIUS)
        history, y = self._timeline.history, float(_PAD)
        left = float(_PAD)
        title = QRectF(left, y, self.width() - 2 * _PAD, line)
        painter.setPen(QColor(colours.text))
        painter.setFont(theme.sized(self.font(), 1.0, QFont.Weight.DemiBold))
        painter.drawText(title, _MIDDLE, self._title(reading))
        painter.setFont(self.font())
        if len(history.faces) > 1:
            painter.setPen(QColor(colours.muted))
            face = f"face {history.selected}"
            painter.drawText(title, _MIDDLE | Qt.AlignmentFlag.AlignRight, face)
        y += line
        if reading.smoothed is not None:
            if (image := self._decoded(reading.thumbnail)) is not None:
                self._paint_thumbnail(painter, image, QRectF(left, y + 4, SIDE, SIDE))
                left += SIDE + _PAD
            self._paint_values(painter, reading, QRectF(left, y, self.width() - _PAD - left, line))
            y += line * len(reading.smoothed)
        painter.setPen(QColor(colours.muted))
        for remark in self._remarks(reading):
            painter.drawText(QRectF(_PAD, y, self.width() - 2 * _PAD, line), _MIDDLE, remark)
            y += line

    def _paint_values(self, painter: QPainter, reading: Reading, first: QRectF) -> None:
        values = reading.smoothed
        if values is None:
            return
        colours, classes = theme.current(), self._timeline.history.classes
        top = int(values.argmax())
        end = self.fontMetrics().horizontalAdvance(percent(1)) + 6
        for i, name in enumerate(classes):
            row = first.translated(0, i * first.height())
            painter.setPen(QColor(colours.text if i == top else colours.muted))
            painter.drawText(row, _MIDDLE, class_title(name))
            text = percent(float(values[i]))
            painter.drawText(row, _MIDDLE | Qt.AlignmentFlag.AlignRight, text)
            track = QRectF(row.right() - end - _BAR, row.center().y() - 2, _BAR, 4)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.line))
            painter.drawRoundedRect(track, 2, 2)
            track.setWidth(max(_BAR * float(values[i]), 1.0))
            painter.setBrush(QColor(colours.expression(name, i)))
            painter.drawRoundedRect(track, 2, 2)

    def _paint_thumbnail(self, painter: QPainter, image: QImage, room: QRectF) -> None:
        painter.save()
        shape = QPainterPath()
        shape.addRoundedRect(room, 6, 6)
        painter.setClipPath(shape)
        size = image.size().scaled(room.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
        painter.drawImage(QRectF(room.topLeft(), size.toSizeF()), image)
        painter.restore()

    def _decoded(self, jpeg: bytes | None) -> QImage | None:
        if jpeg != self._thumbnail[0]:
            self._thumbnail = jpeg, QImage.fromData(jpeg) if jpeg else None
        return self._thumbnail[1]


_MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
