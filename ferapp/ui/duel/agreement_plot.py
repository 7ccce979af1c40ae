"""Agreement of the last 20 seconds: the correlation of the maps, and where the answers differ."""

import math
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.overlays import palette
from ferapp.sources.base import Frame
from ferapp.ui.duel.face_comparison import FaceComparison
from ferapp.ui.widgets import theme

SECONDS = 20.0
GAP_S = 1.0  # without a comparison: the picture was frozen
_CAPACITY = 1500  # 20 s at 60 analyses a second and some

_TITLE, _SPAN = "Correlation of the maps", f"last {SECONDS:.0f} s"


@dataclass(frozen=True, slots=True)
class _Moment:
    """`differs`: whether the answers do. `is_gap`: nothing connects it with the one before."""

    time_s: float
    correlation: float
    differs: bool
    is_gap: bool


class AgreementPlot(QWidget):
    """The line is the correlation; a shaded stretch is a time of different answers."""

    def __init__(self) -> None:
        super().__init__()
        self._moments: deque[_Moment] = deque(maxlen=_CAPACITY)
        self._subject: Hashable = None  # of the newest moment; None after a gap
        self._is_drawn = True
        self.setFont(theme.sized(self.font(), 0.85))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Agreement of the last 20 seconds")
        self.setToolTip(
            "Line: how alike the two maps are, as their correlation (Pearson's r).\n"
            "1: the same locations speak for the answer and against it. 0: unrelated.\n"
            "−1: opposite. Shaded: A and B give different answers.\n"
            "Gaps: no face, another face, a pause, a seek or a restart."
        )

    def sizeHint(self) -> QSize:
        return QSize(220, 80)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)

    def clear(self) -> None:
        self._moments.clear()
        self._subject = None
        self.update()

    def add(self, frame: Frame, face_id: int | None, comparison: FaceComparison | None) -> None:
        """Append one comparison, None where there is none; `redraw` draws it."""
        self._is_drawn = False
        if comparison is None:
            self._subject = None
            return
        subject, before = (face_id, frame.segment, frame.source), self._moments
        late = bool(before) and frame.captured_at - before[-1].time_s > GAP_S
        moment = _Moment(
            frame.captured_at,
            comparison.correlation,
            not comparison.agree,
            is_gap=late or subject != self._subject,
        )
        self._subject = subject
        self._moments.append(moment)
        while moment.time_s - self._moments[0].time_s > SECONDS:
            self._moments.popleft()

    def redraw(self) -> None:
        """Draw what was added, if the plot is visible."""
        if not self._is_drawn and self.isVisible():
            self._is_drawn = True
            self.update()

    def area(self) -> QRectF:
        """Where the values lie, from −1 at the bottom to 1 at the top."""
        line = self.fontMetrics().height()
        left = self.fontMetrics().horizontalAdvance("−1") + 6
        return QRectF(left, line + 4, self.width() - left - 2, self.height() - line - 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, area = theme.current(), self.area()
        with QPainter(self) as painter:
            for stretch in self.differing():
                painter.fillRect(stretch, palette.to_qcolor(colours.warning, 0.45))
            painter.setPen(QColor(colours.line))
            for value in (-1, 0, 1):
                painter.drawLine(
                    QLineF(area.left(), _y(area, value), area.right(), _y(area, value))
                )
            painter.setPen(QColor(colours.muted))
            title = QRectF(0, 0, self.width(), self.fontMetrics().height())
            painter.drawText(title, Qt.AlignmentFlag.AlignLeft, _TITLE)
            both = self.fontMetrics().horizontalAdvance(f"{_TITLE}  {_SPAN}")
            if both <= self.width():
                painter.drawText(title, Qt.AlignmentFlag.AlignRight, _SPAN)
            for value, text in ((-1, "−1"), (0, "0"), (1, "1")):
                label = QRectF(0, _y(area, value) - 8, area.left() - 4, 16)
                middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
                painter.drawText(label, middle, text)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(colours.series[0]), 1.5))
            for line in self.lines():
                painter.drawPolyline(line)

    def lines(self) -> list[QPolygonF]:
        """The curve in pieces, without the gaps."""
        area, pieces = self.area(), list[list[QPointF]]()
        for moment in self._moments:
            if moment.is_gap or not pieces:
                pieces.append([])
            if math.isnan(moment.correlation):
                pieces.append([])
            else:
                x, y = self._x(area, moment.time_s), _y(area, moment.correlation)
                pieces[-1].append(QPointF(x, y))
        return [QPolygonF(piece) for piece in pieces if piece]

    def differing(self) -> list[QRectF]:
        """The stretches of different answers."""
        area, stretches, before = self.area(), list[QRectF](), None
        for moment in self._moments:
            x = self._x(area, moment.time_s)
            if moment.differs:
                continues = before is not None and before.differs and not moment.is_gap
                left = stretches.pop().left() if continues else x
                stretches.append(QRectF(left, area.top(), max(x - left, 1.0), area.height()))
            before = moment
        return stretches

    def _x(self, area: QRectF, time_s: float) -> float:
        age = self._moments[-1].time_s - time_s
        return area.right() - area.width() * age / SECONDS


def _y(area: QRectF, correlation: float) -> float:
    return area.bottom() - area.height() * (correlation + 1) / 2
