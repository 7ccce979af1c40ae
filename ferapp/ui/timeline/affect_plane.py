"""Valence and arousal of the selected face as a dot in their plane, with where it came from."""

from collections import deque
from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.ui.widgets import theme
from ferapp.vision.types import Analysis

SIDE = 116  # px of the plane
TAIL_S = 1.5
DOT = 4.5  # px, radius
_GAP = 14  # px between the plane and the numbers
_VALENCE, _AROUSAL = 0, 1


class AffectPlane(QWidget):
    """Shown only for models that have learned valence and arousal; of two models for the first."""

    def __init__(self) -> None:
        super().__init__()
        self._tail: deque[tuple[float, NDArray[np.float32]]] = deque()  # time (s), values (2,)
        self._subject: Hashable = None  # whose values the tail has
        self.setFont(theme.sized(self.font(), 0.85))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Valence and arousal")
        self.setToolTip(
            "How pleasant the face appears (valence, from left to right) and how excited\n"
            "(arousal, from bottom to top), each from −1 to 1, as people rated the pictures that\n"
            "the model learned from. Smoothed like the bars; the tail is the last 1.5 seconds.\n"
            "What a face shows is not what a person feels."
        )
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(300, SIDE + 2)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @property
    def values(self) -> NDArray[np.float32] | None:
        """Valence and arousal (2,) of the dot; None without a face."""
        return self._tail[-1][1] if self._tail else None

    def show_analysis(self, analysis: Analysis | None) -> None:
        """Move the dot to the selected face's values, which are smoothed."""
        model = analysis.model if analysis is not None else None
        self.setVisible(model is not None and model.valence_arousal)
        face = analysis.selected_face if analysis is not None else None
        prediction = face.prediction if face is not None else None
        if analysis is None or face is None or prediction is None or prediction.affect is None:
            self._tail.clear()
        else:
            frame = analysis.frame
            subject = frame.source, frame.segment, face.face_id, analysis.hidden
            self._append(subject, frame.captured_at, prediction.affect.smoothed)
        self.setAccessibleDescription(self.summary())
        self.update()

    def _append(self, subject: Hashable, time: float, values: NDArray[np.float32]) -> None:
        if subject != self._subject:
            self._tail.clear()
            self._subject = subject
        if self._tail and self._tail[-1][0] >= time:  # the same picture, analysed once more
            self._tail.pop()
        self._tail.append((time, values))
        while self._tail[-1][0] - self._tail[0][0] > TAIL_S:
            self._tail.popleft()

    def summary(self) -> str:
        """`Valence +0.42, arousal −0.10`."""
        if self.values is None:
            return "No face"
        return f"Valence {_signed(self.values[_VALENCE])}, arousal {_signed(self.values[_AROUSAL])}"

    def place(self, values: NDArray[np.float32]) -> QPointF:
        """Where in the widget values (2,) lie."""
        plane = self._plane()
        valence, arousal = (float(np.clip(value, -1, 1)) for value in values)
        centre = plane.center()
        return centre + QPointF(valence * plane.width() / 2, -arousal * plane.height() / 2)

    def _plane(self) -> QRectF:
        inset = DOT + 1  # so that a dot at the edge is whole
        return QRectF(inset, inset, SIDE - 2 * inset, SIDE - 2 * inset)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_plane(painter)
            self._paint_dot(painter)
            self._paint_numbers(painter)

    def _paint_plane(self, painter: QPainter) -> None:
        colours, plane = theme.current(), self._plane()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(QRectF(0, 0, SIDE, SIDE), 4, 4)
        painter.setPen(QPen(QColor(colours.muted), 0.5))
        centre = plane.center()
        painter.drawLine(QPointF(plane.left(), centre.y()), QPointF(plane.right(), centre.y()))
        painter.drawLine(QPointF(centre.x(), plane.top()), QPointF(centre.x(), plane.bottom()))

    def _paint_dot(self, painter: QPainter) -> None:
        if not self._tail:
            return
        colour, newest = QColor(theme.current().accent), self._tail[-1][0]
        points = [(time, self.place(values)) for time, values in self._tail]
        for (_, start), (time, end) in zip(points, list(points)[1:], strict=False):
            faint = QColor(colour)
            faint.setAlphaF(max(0.0, 0.7 * (1 - (newest - time) / TAIL_S)))
            painter.setPen(QPen(faint, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLine(start, end)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(points[-1][1], DOT, DOT)

    def _paint_numbers(self, painter: QPainter) -> None:
        colours, line = theme.current(), self.fontMetrics().height()
        left = SIDE + _GAP
        rows = (
            ("Valence", "unpleasant ← → pleasant", _VALENCE),
            ("Arousal", "calm ↓ ↑ excited", _AROUSAL),
        )
        for row, (name, ends, axis) in enumerate(rows):
            top = (SIDE - 5 * line) / 2 + 3 * row * line
            box = QRectF(left, top, self.width() - left, line)
            number = "–" if self.values is None else _signed(self.values[axis])
            painter.setPen(QColor(colours.text))
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft, name)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight, number)
            painter.setPen(QColor(colours.muted))
            painter.drawText(box.translated(0, line), Qt.AlignmentFlag.AlignLeft, ends)


def _signed(value: float) -> str:
    return f"{float(value):+.2f}".replace("-", "\N{MINUS SIGN}")
