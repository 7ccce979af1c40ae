"""A drawn icon for each kind of fault, so that colour is never the only cue."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.sources.faults import FaultKind

GRID = 24.0  # the icons are drawn on a square of this many units


def _lines(*points: tuple[float, float]) -> QPainterPath:
    path = QPainterPath(QPointF(*points[0]))
    for point in points[1:]:
        path.lineTo(*point)
    return path


def _camera() -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(2.5, 7, 13, 10), 2, 2)
    path.addPath(_lines((15.5, 11), (21.5, 7.5), (21.5, 16.5), (15.5, 13)))
    return path


def _absent() -> QPainterPath:
    path = _camera()
    path.addPath(_lines((4, 21), (20, 3)))
    return path


def _busy() -> QPainterPath:
    path = QPainterPath()
    path.addPath(_lines((6, 3), (18, 3)))
    path.addPath(_lines((6, 21), (18, 21)))
    path.addPath(_lines((8, 3), (8, 7), (16, 17), (16, 21)))
    path.addPath(_lines((16, 3), (16, 7), (8, 17), (8, 21)))
    return path


def _denied() -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(4.5, 11, 15, 10), 2, 2)
    path.moveTo(8, 11)
    path.lineTo(8, 7.5)
    path.arcTo(QRectF(8, 3.5, 8, 8), 180, -180)
    path.lineTo(16, 11)
    path.addPath(_lines((12, 14.5), (12, 17.5)))
    return path


def _lost() -> QPainterPath:
    """A plug that is out of its socket."""
    path = _lines((1.5, 12), (4, 12))
    path.addRoundedRect(QRectF(4, 8, 5, 8), 1.5, 1.5)
    path.addPath(_lines((9, 10), (12, 10)))
    path.addPath(_lines((9, 14), (12, 14)))
    path.addRoundedRect(QRectF(15, 8, 5, 8), 1.5, 1.5)
    path.addPath(_lines((20, 12), (22.5, 12)))
    return path


def _stalled() -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(12, 12), 9, 9)
    path.addPath(_lines((12, 7), (12, 12.5), (15.5, 14.5)))
    return path


def _repeating() -> QPainterPath:
    path = QPainterPath()
    square = QRectF(4, 4, 16, 16)
    for start, tip in ((160.0, (19.2, 8.0)), (340.0, (4.8, 16.0))):
        path.arcMoveTo(square, start)
        path.arcTo(square, start, -130)
        x, y = tip
        side = 1 if x > 12 else -1
        path.addPath(_lines((x, y - 4.5 * side), (x, y), (x - 4.5 * side, y)))
    return path


def _resized() -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(3, 10, 11, 11), 2, 2)
    path.addPath(_lines((15, 3), (21, 3), (21, 9)))
    path.addPath(_lines((21, 3), (13, 11)))
    return path


def _page() -> QPainterPath:
    path = _lines((14, 2.5), (5, 2.5), (5, 21.5), (19, 21.5), (19, 7.5), (14, 2.5), (14, 7.5))
    path.lineTo(19, 7.5)
    return path


def _skipped() -> QPainterPath:
    path = _page()
    path.addPath(_lines((8.5, 14.5), (15.5, 14.5)))
    return path


def _unreadable() -> QPainterPath:
    path = _page()
    path.addPath(_lines((9, 11.5), (15, 17.5)))
    path.addPath(_lines((15, 11.5), (9, 17.5)))
    return path


def _missing() -> QPainterPath:
    """A picture's empty frame."""
    path = QPainterPath()
    path.addRoundedRect(QRectF(3, 4.5, 18, 15), 2, 2)
    path.addPath(_lines((8.5, 9), (15.5, 15)))
    path.addPath(_lines((15.5, 9), (8.5, 15)))
    return path


def _info() -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(12, 12), 9, 9)
    path.addPath(_lines((12, 11), (12, 16.5)))
    path.addPath(_lines((12, 7.4), (12, 7.6)))
    return path


_ICONS: dict[FaultKind | None, Callable[[], QPainterPath]] = {
    FaultKind.ABSENT: _absent,
    FaultKind.BUSY: _busy,
    FaultKind.DENIED: _denied,
    FaultKind.LOST: _lost,
    FaultKind.STALLED: _stalled,
    FaultKind.REPEATING: _repeating,
    FaultKind.RESIZED: _resized,
    FaultKind.SKIPPED: _skipped,
    FaultKind.MISSING: _missing,
    FaultKind.UNREADABLE: _unreadable,
    None: _info,
}


class FaultIcon(QWidget):
    """The icon of `kind`; None is a plain note."""

    def __init__(self) -> None:
        super().__init__()
        self._path = _info()
        self._colour = QColor()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_kind(self, kind: FaultKind | None, colour: str) -> None:
        self._path = _ICONS[kind]()
        self._colour = QColor(colour)
        self.update()

    def sizeHint(self) -> QSize:
        side = round(1.25 * self.fontMetrics().height())
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.scale(self.width() / GRID, self.height() / GRID)
            pen = QPen(self._colour, 1.9)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.drawPath(self._path)
