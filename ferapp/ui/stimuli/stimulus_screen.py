"""A window that fills a screen with a stimulus, and knows when the screen had drawn it.

With OpenGL that is when the buffers were swapped and the graphics card had finished; without, when
the paint had been handed to the window system.
"""

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QOpenGLContext,
    QPainter,
    QPaintEvent,
    QPen,
    QRasterWindow,
    QScreen,
)
from PySide6.QtOpenGL import QOpenGLWindow

Paint = Callable[[QPainter, QRectF], None]  # what a screen shows, over its background

GROUND: Final = "#808080"  # mid-grey, as usual: eyes need not adapt from one stimulus to the next
SWAP = "the swap of the screen's buffers (OpenGL), when the graphics card had finished"
PAINT = "the end of the paint, handed to the window system (no OpenGL here)"
CROSS, CROSS_WIDTH = 28, 4  # px, from its middle to an end
TEXT_PX = 28


def paint_nothing(painter: QPainter, area: QRectF) -> None:
    """The background alone."""


def paint_cross(painter: QPainter, area: QRectF) -> None:
    middle = area.center()
    painter.setPen(QPen(QColor("#000000"), CROSS_WIDTH))
    for across, down in ((CROSS, 0), (0, CROSS)):
        away = QPointF(across, down)
        painter.drawLine(middle - away, middle + away)


def paint_image(image: QImage) -> Paint:
    """The picture in the middle, in its own pixels."""

    def paint(painter: QPainter, area: QRectF) -> None:
        size = image.deviceIndependentSize()
        place = area.center() - QPointF(size.width() / 2, size.height() / 2)
        painter.drawImage(QPointF(round(place.x()), round(place.y())), image)

    return paint


def paint_text(text: str) -> Paint:
    def paint(painter: QPainter, area: QRectF) -> None:
        font = painter.font()
        font.setPixelSize(TEXT_PX)
        painter.setFont(font)
        painter.setPen(QColor("#000000"))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(area.adjusted(60, 60, -60, -60), int(flags), text)

    return paint


class _SwapWindow(QOpenGLWindow):
    drawn = Signal(float)

    def __init__(self, paint: Paint) -> None:
        super().__init__()
        self._paint = paint
        self.frameSwapped.connect(self._stamp)

    def paintGL(self) -> None:
        with QPainter(self) as painter:
            self._paint(painter, QRectF(0, 0, self.width(), self.height()))

    def _stamp(self) -> None:
        context = self.context()
        if context is not None:
            self.makeCurrent()
            context.functions().glFinish()  # a swap may return before it is done
        self.drawn.emit(time.perf_counter())


class _PaintWindow(QRasterWindow):
    drawn = Signal(float)

    def __init__(self, paint: Paint) -> None:
        super().__init__()
        self._paint = paint
        self._has_painted = False

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint(painter, QRectF(0, 0, self.width(), self.height()))
        self._has_painted = True

    def event(self, event: QEvent) -> bool:
        """Qt flushes what was painted before it returns here."""
        result = super().event(event)
        if self._has_painted:
            self._has_painted = False
            self.drawn.emit(time.perf_counter())
        return result


class StimulusScreen(QObject):
    """`drawn` has the number of a content and the time.perf_counter() at which it was on screen.

    A content is drawn anew whenever the window system asks; whoever wants its onset takes the
    first. `key_pressed` has a Qt.Key; `closed`: somebody else closed the window, or unplugged its
    screen.
    """

    drawn = Signal(int, float)
    key_pressed = Signal(int)
    closed = Signal()

    def __init__(self, screen: QScreen) -> None:
        super().__init__()
        self.qscreen = screen
        self._content: Paint = paint_nothing
        self._number = self._painted = 0
        self._is_closing = False
        has_opengl = QOpenGLContext().create()
        self.onset_method = SWAP if has_opengl else PAINT
        self._window = _SwapWindow(self._paint) if has_opengl else _PaintWindow(self._paint)
        self._window.drawn.connect(lambda at: self.drawn.emit(self._painted, at))
        self._window.setTitle("ferapp: stimuli")
        self._window.setFlags(Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint)
        self._window.setScreen(screen)
        self._window.setGeometry(screen.geometry())
        self._window.setCursor(Qt.CursorShape.BlankCursor)
        self._window.installEventFilter(self)
        screen.destroyed.connect(self._lose_screen)
        self._window.showFullScreen()
        self._window.requestActivate()

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the screen in its own pixels."""
        ratio = self.ratio
        return round(self._window.width() * ratio), round(self._window.height() * ratio)

    @property
    def ratio(self) -> float:
        """Pixels of the screen for one of the window."""
        return self._window.devicePixelRatio()

    def show_content(self, content: Paint) -> int:
        """Draw this from now on; its number, by which `drawn` tells of it."""
        self._content = content
        self._number += 1
        self._window.update()
        return self._number

    def close(self) -> None:
        """May be called again."""
        if not self._is_closing:
            self._is_closing = True
            self._window.close()
            self._window.deleteLater()

    def _paint(self, painter: QPainter, area: QRectF) -> None:
        painter.fillRect(area, QColor(GROUND))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._content(painter, area)
        self._painted = self._number

    def _lose_screen(self) -> None:
        if not self._is_closing:
            self.closed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._is_closing:  # a window that is closed cannot draw what is still asked for
            return event.type() in (QEvent.Type.UpdateRequest, QEvent.Type.Paint)
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if not event.isAutoRepeat():
                self.key_pressed.emit(event.key())
            return True
        if event.type() == QEvent.Type.Close:
            self.closed.emit()
        return False
